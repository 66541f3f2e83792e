SELECT count(*) FROM orders;
-- types: count=bigint / bigint
-- strategy: split
-- partial: SELECT "count"(*) AS "c1" FROM "orders"
-- merge: SELECT CAST(COALESCE("sum"("p"."c1"), 0) AS "pg_catalog"."int8") AS "count" FROM (SELECT "u"."c1" AS "c1" FROM unnest($1::bigint[]) AS "u"("c1")) AS "p"

SELECT state, count(*), sum(total) FROM orders GROUP BY state;
-- types: state=text, count=bigint, sum=numeric / text, bigint, numeric
-- strategy: split
-- partial: SELECT "state" AS "c1", "count"(*) AS "c2", "sum"("total") AS "c3" FROM "orders" GROUP BY 1
-- merge: SELECT "p"."c1" AS "state", CAST(COALESCE("sum"("p"."c2"), 0) AS "pg_catalog"."int8") AS "count", CAST("sum"("p"."c3") AS "pg_catalog"."numeric") AS "sum" FROM (SELECT "u"."c1" AS "c1", "u"."c2" AS "c2", "u"."c3" AS "c3" FROM unnest($1::text[], $2::bigint[], $3::numeric[]) AS "u"("c1", "c2", "c3")) AS "p" GROUP BY "p"."c1"

SELECT avg(total), avg(customer) FROM orders;
-- types: avg=numeric, avg=numeric / numeric, numeric, numeric, numeric
-- strategy: split
-- partial: SELECT "sum"("total") AS "c1", "count"("total") AS "c2", "sum"("customer") AS "c3", "count"("customer") AS "c4" FROM "orders"
-- merge: SELECT CAST("sum"("p"."c1") / (NULLIF("sum"("p"."c2"), 0)) AS "pg_catalog"."numeric") AS "avg", CAST("sum"("p"."c3") / (NULLIF("sum"("p"."c4"), 0)) AS "pg_catalog"."numeric") AS "avg" FROM (SELECT "u"."c1" AS "c1", "u"."c2" AS "c2", "u"."c3" AS "c3", "u"."c4" AS "c4" FROM unnest($1::numeric[], $2::bigint[], $3::numeric[], $4::bigint[]) AS "u"("c1", "c2", "c3", "c4")) AS "p"

SELECT sum(qty), sum(weight), avg(weight) FROM lines;
-- types: sum=bigint, sum=real, avg=double precision / bigint, real, double precision, real
-- strategy: split
-- partial: SELECT "sum"("qty") AS "c1", "sum"(CAST("weight" AS "pg_catalog"."float8")) AS "c2", "sum"(CAST("weight" AS "pg_catalog"."float8")) AS "c3", "count"("weight") AS "c4" FROM "lines"
-- merge: SELECT CAST("sum"("p"."c1") AS "pg_catalog"."int8") AS "sum", CAST("sum"("p"."c2") AS "pg_catalog"."float4") AS "sum", CAST("sum"("p"."c3") / CAST(NULLIF("sum"("p"."c4"), 0) AS "pg_catalog"."float8") AS "pg_catalog"."float8") AS "avg" FROM (SELECT "u"."c1" AS "c1", "u"."c2" AS "c2", "u"."c3" AS "c3", "u"."c4" AS "c4" FROM unnest($1::bigint[], $2::double precision[], $3::double precision[], $4::bigint[]) AS "u"("c1", "c2", "c3", "c4")) AS "p"

SELECT min(state), max(tag), bool_and(total > 5), every(true) FROM orders;
-- types: min=text, max=text, bool_and=boolean, every=boolean / text, text, boolean, boolean
-- strategy: split
-- partial: SELECT "min"("state") AS "c1", "max"("tag") AS "c2", "bool_and"("total" > 5) AS "c3", "every"(TRUE) AS "c4" FROM "orders"
-- merge: SELECT CAST("min"("p"."c1") AS "text") AS "min", CAST("max"("p"."c2") AS "text") AS "max", CAST("bool_and"("p"."c3") AS "pg_catalog"."bool") AS "bool_and", CAST("every"("p"."c4") AS "pg_catalog"."bool") AS "every" FROM (SELECT "u"."c1" AS "c1", "u"."c2" COLLATE "C" AS "c2", "u"."c3" AS "c3", "u"."c4" AS "c4" FROM unnest($1::text[], $2::text[], $3::boolean[], $4::boolean[]) AS "u"("c1", "c2", "c3", "c4")) AS "p"

SELECT state AS s, sum(total) / count(*) AS mean FROM orders WHERE placed > $1 GROUP BY s HAVING count(*) > $2 ORDER BY mean DESC, s LIMIT $3 OFFSET 1;
-- oids: date, bigint, bigint
-- types: s=text, mean=numeric / text, numeric, bigint
-- strategy: split
-- partial: SELECT "state" AS "c1", "sum"("total") AS "c2", "count"(*) AS "c3" FROM "orders" WHERE "placed" > $1 GROUP BY 1 -- $1
-- merge: SELECT "p"."c1" AS "s", CAST(CAST("sum"("p"."c2") AS "pg_catalog"."numeric") / CAST(COALESCE("sum"("p"."c3"), 0) AS "pg_catalog"."int8") AS numeric) AS "mean" FROM (SELECT "u"."c1" AS "c1", "u"."c2" AS "c2", "u"."c3" AS "c3" FROM unnest($1::text[], $2::numeric[], $3::bigint[]) AS "u"("c1", "c2", "c3")) AS "p" GROUP BY "p"."c1" HAVING CAST(COALESCE("sum"("p"."c3"), 0) AS "pg_catalog"."int8") > $4 ORDER BY 2 DESC, 1 LIMIT $5 OFFSET 1 -- $2, $3

SELECT upper(state) || '!' FROM orders GROUP BY upper(state) ORDER BY count(*), 1;
-- types: text / text, bigint
-- strategy: split
-- partial: SELECT "upper"("state") AS "c1", "count"(*) AS "c2" FROM "orders" GROUP BY 1
-- merge: SELECT CAST("p"."c1" || '!' AS text) AS "?column?" FROM (SELECT "u"."c1" AS "c1", "u"."c2" AS "c2" FROM unnest($1::text[], $2::bigint[]) AS "u"("c1", "c2")) AS "p" GROUP BY "p"."c1" ORDER BY (CAST(COALESCE("sum"("p"."c2"), 0) AS "pg_catalog"."int8")), 1

SELECT count(*) FILTER (WHERE state = 'new'), count(DISTINCT id), sum(DISTINCT id) FROM orders;
-- types: count=bigint, count=bigint, sum=numeric / bigint, bigint, numeric
-- strategy: split
-- partial: SELECT "count"(*) FILTER (WHERE "state" = 'new') AS "c1", "count"(DISTINCT "id") AS "c2", "sum"(DISTINCT "id") AS "c3" FROM "orders"
-- merge: SELECT CAST(COALESCE("sum"("p"."c1"), 0) AS "pg_catalog"."int8") AS "count", CAST(COALESCE("sum"("p"."c2"), 0) AS "pg_catalog"."int8") AS "count", CAST("sum"("p"."c3") AS "pg_catalog"."numeric") AS "sum" FROM (SELECT "u"."c1" AS "c1", "u"."c2" AS "c2", "u"."c3" AS "c3" FROM unnest($1::bigint[], $2::bigint[], $3::numeric[]) AS "u"("c1", "c2", "c3")) AS "p"

SELECT DISTINCT state, customer FROM orders ORDER BY 2 DESC LIMIT 3;
-- types: state=text, customer=bigint / text, bigint
-- strategy: split
-- partial: SELECT DISTINCT "state" AS "c1", "customer" AS "c2" FROM "orders"
-- merge: SELECT DISTINCT "p"."c1" AS "state", "p"."c2" AS "customer" FROM (SELECT "u"."c1" AS "c1", "u"."c2" AS "c2" FROM unnest($1::text[], $2::bigint[]) AS "u"("c1", "c2")) AS "p" ORDER BY 2 DESC LIMIT 3

SELECT DISTINCT count(*) FROM orders GROUP BY state;
-- types: count=bigint / text, bigint
-- strategy: split
-- partial: SELECT "state" AS "c1", "count"(*) AS "c2" FROM "orders" GROUP BY 1
-- merge: SELECT DISTINCT CAST(COALESCE("sum"("p"."c2"), 0) AS "pg_catalog"."int8") AS "count" FROM (SELECT "u"."c1" AS "c1", "u"."c2" AS "c2" FROM unnest($1::text[], $2::bigint[]) AS "u"("c1", "c2")) AS "p" GROUP BY "p"."c1"

SELECT tag, count(*) FROM orders GROUP BY 1 ORDER BY 1;
-- types: tag=text, count=bigint / text, bigint
-- strategy: split
-- partial: SELECT "tag" AS "c1", "count"(*) AS "c2" FROM "orders" GROUP BY 1
-- merge: SELECT "p"."c1" AS "tag", CAST(COALESCE("sum"("p"."c2"), 0) AS "pg_catalog"."int8") AS "count" FROM (SELECT "u"."c1" COLLATE "C" AS "c1", "u"."c2" AS "c2" FROM unnest($1::text[], $2::bigint[]) AS "u"("c1", "c2")) AS "p" GROUP BY "p"."c1" ORDER BY 1

SELECT mood, days, count(*) FROM trips GROUP BY mood, days;
-- types: mood=mood, days=integer[], count=bigint / mood, integer[], bigint
-- strategy: split
-- partial: SELECT CASE WHEN "u"."c1" IS NOT NULL THEN pg_catalog.format('%s', "u"."c1") END AS "c1", parallel_partition.exact_text("u"."c2") AS "c2", "u"."c3" AS "c3" FROM (SELECT "mood" AS "c1", "days" AS "c2", "count"(*) AS "c3" FROM "trips" GROUP BY 1, 2) AS "u"
-- merge: SELECT "p"."c1" AS "mood", "p"."c2" AS "days", CAST(COALESCE("sum"("p"."c3"), 0) AS "pg_catalog"."int8") AS "count" FROM (SELECT CAST("u"."c1" AS mood) AS "c1", CAST("u"."c2" AS integer[]) AS "c2", "u"."c3" AS "c3" FROM unnest($1::text[], $2::text[], $3::bigint[]) AS "u"("c1", "c2", "c3")) AS "p" GROUP BY "p"."c1", "p"."c2"
-- as text: yes

SELECT p.id, p.name, sum(l.qty) FROM lines l JOIN products p ON p.id = l.product GROUP BY p.id;
-- types: id=integer, name=text, sum=bigint / integer, text, bigint
-- strategy: split
-- partial: SELECT "p"."id" AS "c1", "p"."name" AS "c2", "sum"("l"."qty") AS "c3" FROM "lines" AS "l" JOIN "products" AS "p" ON "p"."id" = "l"."product" GROUP BY 1, 2
-- merge: SELECT "p"."c1" AS "id", "p"."c2" AS "name", CAST("sum"("p"."c3") AS "pg_catalog"."int8") AS "sum" FROM (SELECT "u"."c1" AS "c1", "u"."c2" AS "c2", "u"."c3" AS "c3" FROM unnest($1::integer[], $2::text[], $3::bigint[]) AS "u"("c1", "c2", "c3")) AS "p" GROUP BY "p"."c1", "p"."c2"

SELECT p.name, count(*) FROM lines l JOIN products p ON p.id = l.product WHERE p.price > 1 GROUP BY p.name ORDER BY count(*) DESC LIMIT 5;
-- types: name=text, count=bigint / text, bigint
-- strategy: split
-- partial: SELECT "p"."name" AS "c1", "count"(*) AS "c2" FROM "lines" AS "l" JOIN "products" AS "p" ON "p"."id" = "l"."product" WHERE "p"."price" > 1 GROUP BY 1
-- merge: SELECT "p"."c1" AS "name", CAST(COALESCE("sum"("p"."c2"), 0) AS "pg_catalog"."int8") AS "count" FROM (SELECT "u"."c1" AS "c1", "u"."c2" AS "c2" FROM unnest($1::text[], $2::bigint[]) AS "u"("c1", "c2")) AS "p" GROUP BY "p"."c1" ORDER BY 2 DESC LIMIT 5

WITH s AS (SELECT order_id, sum(qty) AS n FROM lines GROUP BY order_id) SELECT max(n), count(*) FROM s WHERE n > $2;
-- oids: text, bigint
-- types: max=bigint, count=bigint / bigint, bigint
-- strategy: split
-- partial: WITH "s" AS (SELECT "order_id", "sum"("qty") AS "n" FROM "lines" GROUP BY "order_id") SELECT "max"("n") AS "c1", "count"(*) AS "c2" FROM "s" WHERE "n" > $1 -- $2
-- merge: SELECT CAST("max"("p"."c1") AS "pg_catalog"."int8") AS "max", CAST(COALESCE("sum"("p"."c2"), 0) AS "pg_catalog"."int8") AS "count" FROM (SELECT "u"."c1" AS "c1", "u"."c2" AS "c2" FROM unnest($1::bigint[], $2::bigint[]) AS "u"("c1", "c2")) AS "p"

SELECT $1, count(*) FROM orders WHERE state = $2;
-- types: text, count=bigint / bigint
-- strategy: split
-- partial: SELECT "count"(*) AS "c1" FROM "orders" WHERE "state" = $1 -- $2
-- merge: SELECT CAST($2 AS text) AS "?column?", CAST(COALESCE("sum"("p"."c1"), 0) AS "pg_catalog"."int8") AS "count" FROM (SELECT "u"."c1" AS "c1" FROM unnest($1::bigint[]) AS "u"("c1")) AS "p" -- $1

SELECT sum(total) FROM orders GROUP BY state HAVING max(total) > $1 AND state = $1;
-- types: sum=numeric / text, numeric, numeric
-- strategy: split
-- partial: SELECT "state" AS "c1", "sum"("total") AS "c2", "max"("total") AS "c3" FROM "orders" GROUP BY 1
-- merge: SELECT CAST("sum"("p"."c2") AS "pg_catalog"."numeric") AS "sum" FROM (SELECT "u"."c1" AS "c1", "u"."c2" AS "c2", "u"."c3" AS "c3" FROM unnest($1::text[], $2::numeric[], $3::numeric[]) AS "u"("c1", "c2", "c3")) AS "p" GROUP BY "p"."c1" HAVING (CAST("max"("p"."c3") AS "pg_catalog"."numeric") > $4) AND ("p"."c1" = $4) -- $1

SELECT 1 FROM orders HAVING true;
-- types: integer / bigint
-- strategy: split
-- partial: SELECT "count"(*) AS "c1" FROM "orders"
-- merge: SELECT CAST(1 AS integer) AS "?column?" FROM (SELECT "u"."c1" AS "c1" FROM unnest($1::bigint[]) AS "u"("c1")) AS "p" HAVING TRUE

SELECT state, rank() OVER (ORDER BY sum(total) DESC) FROM orders GROUP BY state;
-- types: state=text, rank=bigint / text, numeric
-- strategy: split
-- partial: SELECT "state" AS "c1", "sum"("total") AS "c2" FROM "orders" GROUP BY 1
-- merge: SELECT "p"."c1" AS "state", CAST("rank"() OVER (ORDER BY CAST("sum"("p"."c2") AS "pg_catalog"."numeric") DESC) AS bigint) AS "rank" FROM (SELECT "u"."c1" AS "c1", "u"."c2" AS "c2" FROM unnest($1::text[], $2::numeric[]) AS "u"("c1", "c2")) AS "p" GROUP BY "p"."c1"

SELECT state, sum(sum(total)) OVER (PARTITION BY state = 'new') FROM orders GROUP BY state;
-- types: state=text, sum=numeric / text, numeric
-- strategy: split
-- partial: SELECT "state" AS "c1", "sum"("total") AS "c2" FROM "orders" GROUP BY 1
-- merge: SELECT "p"."c1" AS "state", CAST("sum"(CAST("sum"("p"."c2") AS "pg_catalog"."numeric")) OVER (PARTITION BY "p"."c1" = 'new') AS numeric) AS "sum" FROM (SELECT "u"."c1" AS "c1", "u"."c2" AS "c2" FROM unnest($1::text[], $2::numeric[]) AS "u"("c1", "c2")) AS "p" GROUP BY "p"."c1"

SELECT count(o) FROM orders o;
-- types: count=bigint / bigint
-- strategy: split
-- partial: SELECT "count"("o") AS "c1" FROM (SELECT "id", "customer", "state", "total", "placed", "tag" FROM "orders") AS "o"
-- merge: SELECT CAST(COALESCE("sum"("p"."c1"), 0) AS "pg_catalog"."int8") AS "count" FROM (SELECT "u"."c1" AS "c1" FROM unnest($1::bigint[]) AS "u"("c1")) AS "p"

SELECT sum(minutes * interval '1 minute') FROM trips;
-- types: sum=interval / interval
-- strategy: split
-- partial: SELECT "sum"("minutes" * CAST('1 minute' AS "pg_catalog"."interval")) AS "c1" FROM "trips"
-- merge: SELECT CAST("sum"("p"."c1") AS "pg_catalog"."interval") AS "sum" FROM (SELECT "u"."c1" AS "c1" FROM unnest($1::interval[]) AS "u"("c1")) AS "p"

SELECT count(DISTINCT (tenant, day)) FROM events;
-- types: count=bigint / bigint
-- strategy: split
-- partial: SELECT "count"(DISTINCT ("tenant", "day")) AS "c1" FROM "events"
-- merge: SELECT CAST(COALESCE("sum"("p"."c1"), 0) AS "pg_catalog"."int8") AS "count" FROM (SELECT "u"."c1" AS "c1" FROM unnest($1::bigint[]) AS "u"("c1")) AS "p"

SELECT date_trunc('day', placed) AS d, count(*) FROM orders GROUP BY d;
-- strategy: split
-- probe: SELECT "date_trunc"('day', "placed") AS "c1", "count"(*) AS "c2" FROM "orders" GROUP BY 1

SELECT CASE WHEN total > 5 THEN 'high' END, count(*) FROM orders GROUP BY CASE WHEN total > 5 THEN 'high' END;
-- strategy: split
-- probe: SELECT CASE WHEN "total" > 5 THEN 'high' END AS "c1", "count"(*) AS "c2" FROM "orders" GROUP BY 1

SELECT o.state, sum((SELECT sum(qty) FROM lines l WHERE l.order_id = o.id)) FROM orders o GROUP BY o.state;
-- strategy: split
-- probe: SELECT "o"."state" AS "c1", "sum"((SELECT "sum"("qty") FROM "lines" AS "l" WHERE "l"."order_id" = "o"."id")) AS "c2" FROM "orders" AS "o" GROUP BY 1

-- A parameter without a type would take another one from the partial query.
SELECT state || $1, count(*) FROM orders WHERE state > $1 GROUP BY state;
-- oids: text
-- types: text, count=bigint / text, bigint
-- strategy: split
-- partial: SELECT "state" AS "c1", "count"(*) AS "c2" FROM "orders" WHERE "state" > $1 GROUP BY 1 -- $1
-- merge: SELECT CAST("p"."c1" || $3 AS text) AS "?column?", CAST(COALESCE("sum"("p"."c2"), 0) AS "pg_catalog"."int8") AS "count" FROM (SELECT "u"."c1" AS "c1", "u"."c2" AS "c2" FROM unnest($1::text[], $2::bigint[]) AS "u"("c1", "c2")) AS "p" GROUP BY "p"."c1" -- $1

-- Aggregates with a form of their own.
SELECT stddev(total) FROM orders;
-- types: stddev=numeric / numeric, numeric
-- strategy: split
-- partial: SELECT "count"("total") AS "c1", "sum"(CAST("total" AS "pg_catalog"."numeric")) AS "c2", "sum"(CAST("total" AS "pg_catalog"."numeric") * CAST("total" AS "pg_catalog"."numeric")) AS "c3" FROM "orders"
-- merge: SELECT (SELECT CASE WHEN ("v"."q" = 'NaN') OR ("v"."q" = 0) THEN "v"."q" WHEN ("r"."root" > 0) AND ((("r"."root" - "h"."half") * ("r"."root" - "h"."half")) > "v"."q") THEN "round"("r"."root" - (2 * "h"."half"), "scale"("v"."q")) ELSE "r"."root" END FROM (SELECT CASE WHEN "scale"("sum"("p"."c2")) > 8191 THEN "power"(CAST(10 AS "pg_catalog"."numeric"), 16 * "scale"("sum"("p"."c2"))) WHEN "sum"("p"."c1") > 1 THEN CASE WHEN (("sum"("p"."c1") * "sum"("p"."c3")) - ("sum"("p"."c2") * "sum"("p"."c2"))) <= 0 THEN CAST(0 AS "pg_catalog"."numeric") ELSE (("sum"("p"."c1") * "sum"("p"."c3")) - ("sum"("p"."c2") * "sum"("p"."c2"))) / ("sum"("p"."c1") * ("sum"("p"."c1") - 1)) END END) AS "v" ("q"), LATERAL (SELECT "round"("sqrt"("v"."q"), "scale"("v"."q"))) AS "r" ("root"), LATERAL (SELECT CAST('5e-' || CAST("scale"("v"."q") + 1 AS "text") AS "pg_catalog"."numeric")) AS "h" ("half")) AS "stddev" FROM (SELECT "u"."c1" AS "c1", "u"."c2" AS "c2", "u"."c3" AS "c3" FROM unnest($1::bigint[], $2::numeric[], $3::numeric[]) AS "u"("c1", "c2", "c3")) AS "p"

SELECT state, var_pop(customer) FILTER (WHERE total > 5) FROM orders GROUP BY state;
-- types: state=text, var_pop=numeric / text, numeric, integer
-- strategy: split
-- partial: SELECT "state" AS "c1", "count"("customer") FILTER (WHERE "total" > 5) AS "c2", "sum"(CAST("customer" AS "pg_catalog"."int8")) FILTER (WHERE "total" > 5) AS "c3", "sum"(CAST("customer" AS "pg_catalog"."int8") * CAST("customer" AS "pg_catalog"."int8")) FILTER (WHERE "total" > 5) AS "c4" FROM "orders" GROUP BY 1
-- merge: SELECT "p"."c1" AS "state", CAST(CASE WHEN "scale"("sum"("p"."c3")) > 8191 THEN "power"(CAST(10 AS "pg_catalog"."numeric"), 16 * "scale"("sum"("p"."c3"))) WHEN "sum"("p"."c2") > 0 THEN CASE WHEN (("sum"("p"."c2") * "sum"("p"."c4")) - ("sum"("p"."c3") * "sum"("p"."c3"))) <= 0 THEN CAST(0 AS "pg_catalog"."numeric") ELSE (("sum"("p"."c2") * "sum"("p"."c4")) - ("sum"("p"."c3") * "sum"("p"."c3"))) / ("sum"("p"."c2") * "sum"("p"."c2")) END END AS "pg_catalog"."numeric") AS "var_pop" FROM (SELECT "u"."c1" AS "c1", "u"."c2" AS "c2", "u"."c3" AS "c3", "u"."c4" AS "c4" FROM unnest($1::text[], $2::bigint[], $3::numeric[], $4::numeric[]) AS "u"("c1", "c2", "c3", "c4")) AS "p" GROUP BY "p"."c1"

SELECT variance(weight) FROM lines;
-- types: variance=double precision / double precision, real
-- strategy: split
-- partial: SELECT "count"("weight") AS "c1", "sum"(CAST("weight" AS "pg_catalog"."float8")) AS "c2", "regr_sxx"(CAST("weight" AS "pg_catalog"."float8"), CAST("weight" AS "pg_catalog"."float8")) AS "c3", "min"(CAST("weight" AS "pg_catalog"."float8")) AS "c4", "max"(CAST("weight" AS "pg_catalog"."float8")) AS "c5" FROM "lines"
-- merge: SELECT CASE WHEN "min"("p"."c4") = "max"("p"."c5") THEN (SELECT "variance"("v"."value") FROM (SELECT "min"("p"."c4"), "sum"("p"."c1")) AS "v" ("value", "count"), "generate_series"(1, "v"."count")) WHEN "sum"("p"."c1") > 1 THEN ((SELECT "sum"("s"."squares" + (("s"."count" * (("s"."total" / "s"."count") - ("sum"("p"."c2") / CAST("sum"("p"."c1") AS "pg_catalog"."float8")))) * (("s"."total" / "s"."count") - ("sum"("p"."c2") / CAST("sum"("p"."c1") AS "pg_catalog"."float8"))))) FROM "unnest"("array_agg"("p"."c1"), "array_agg"("p"."c2"), "array_agg"("p"."c3")) AS "s" ("count", "total", "squares") WHERE "s"."count" > 0)) / CAST("sum"("p"."c1") - 1 AS "pg_catalog"."float8") END AS "variance" FROM (SELECT "u"."c1" AS "c1", "u"."c2" AS "c2", "u"."c3" AS "c3", "u"."c4" AS "c4", "u"."c5" AS "c5" FROM unnest($1::bigint[], $2::double precision[], $3::double precision[], $4::double precision[], $5::double precision[]) AS "u"("c1", "c2", "c3", "c4", "c5")) AS "p"

SELECT bit_xor(qty), regr_count(qty, weight), any_value(product) FROM lines;
-- types: bit_xor=integer, regr_count=bigint, any_value=integer / integer, bigint, integer
-- strategy: split
-- partial: SELECT "bit_xor"("qty") AS "c1", "regr_count"("qty", "weight") AS "c2", "any_value"("product") AS "c3" FROM "lines"
-- merge: SELECT CAST("bit_xor"("p"."c1") AS "pg_catalog"."int4") AS "bit_xor", CAST(COALESCE("sum"("p"."c2"), 0) AS "pg_catalog"."int8") AS "regr_count", CAST("any_value"("p"."c3") AS "pg_catalog"."int4") AS "any_value" FROM (SELECT "u"."c1" AS "c1", "u"."c2" AS "c2", "u"."c3" AS "c3" FROM unnest($1::integer[], $2::bigint[], $3::integer[]) AS "u"("c1", "c2", "c3")) AS "p"

SELECT count(DISTINCT state) FROM orders;
-- types: count=bigint / text
-- strategy: split
-- partial: SELECT "state" AS "c1" FROM "orders" GROUP BY 1
-- merge: SELECT CAST("count"(DISTINCT "p"."c1") AS bigint) AS "count" FROM (SELECT "u"."c1" AS "c1" FROM unnest($1::text[]) AS "u"("c1")) AS "p"

SELECT customer, count(DISTINCT state), sum(total) FROM orders GROUP BY customer;
-- types: customer=bigint, count=bigint, sum=numeric / bigint, text, numeric
-- strategy: split
-- partial: SELECT "customer" AS "c1", "state" AS "c2", "sum"("total") AS "c3" FROM "orders" GROUP BY 1, 2
-- merge: SELECT "p"."c1" AS "customer", CAST("count"(DISTINCT "p"."c2") AS bigint) AS "count", CAST("sum"("p"."c3") AS "pg_catalog"."numeric") AS "sum" FROM (SELECT "u"."c1" AS "c1", "u"."c2" AS "c2", "u"."c3" AS "c3" FROM unnest($1::bigint[], $2::text[], $3::numeric[]) AS "u"("c1", "c2", "c3")) AS "p" GROUP BY "p"."c1"

SELECT string_agg(DISTINCT tag, ', ' ORDER BY tag DESC) FILTER (WHERE total > 5) FROM orders;
-- types: string_agg=text / text, boolean
-- strategy: split
-- partial: SELECT "tag" AS "c1", ("total" > 5) IS TRUE AS "c2" FROM "orders" GROUP BY 1, 2
-- merge: SELECT CAST("string_agg"(DISTINCT "p"."c1", ', ' ORDER BY "p"."c1" DESC) FILTER (WHERE "p"."c2") AS text) AS "string_agg" FROM (SELECT "u"."c1" COLLATE "C" AS "c1", "u"."c2" AS "c2" FROM unnest($1::text[], $2::boolean[]) AS "u"("c1", "c2")) AS "p"

SELECT customer, count(DISTINCT state), count(DISTINCT tag), sum(total) FROM orders GROUP BY customer;
-- types: customer=bigint, count=bigint, count=bigint, sum=numeric / bigint, text, text, numeric
-- strategy: split
-- partial: ((SELECT "customer" AS "c1", CAST(NULL AS "text") AS "c2", CAST(NULL AS "text") AS "c3", 0 AS "c4", "sum"("total") AS "c5" FROM "orders" GROUP BY 1) UNION ALL (SELECT "customer" AS "c1", "state" AS "c2", CAST(NULL AS "text") AS "c3", 1 AS "c4", CAST(NULL AS "pg_catalog"."numeric") AS "c5" FROM "orders" GROUP BY 1, 2)) UNION ALL (SELECT "customer" AS "c1", CAST(NULL AS "text") AS "c2", "tag" AS "c3", 2 AS "c4", CAST(NULL AS "pg_catalog"."numeric") AS "c5" FROM "orders" GROUP BY 1, 3)
-- merge: SELECT "p"."c1" AS "customer", CAST("count"(DISTINCT "p"."c2") FILTER (WHERE "p"."c4" = 1) AS bigint) AS "count", CAST("count"(DISTINCT "p"."c3") FILTER (WHERE "p"."c4" = 2) AS bigint) AS "count", CAST("sum"("p"."c5") AS "pg_catalog"."numeric") AS "sum" FROM (SELECT "u"."c1" AS "c1", "u"."c2" AS "c2", "u"."c3" COLLATE "C" AS "c3", "u"."c4" AS "c4", "u"."c5" AS "c5" FROM unnest($1::bigint[], $2::text[], $3::text[], $4::integer[], $5::numeric[]) AS "u"("c1", "c2", "c3", "c4", "c5")) AS "p" GROUP BY "p"."c1"

SELECT count(DISTINCT id), count(DISTINCT state) FROM orders;
-- types: count=bigint, count=bigint / text, bigint
-- strategy: split
-- partial: (SELECT CAST(NULL AS "text") AS "c1", 0 AS "c2", "count"(DISTINCT "id") AS "c3" FROM "orders") UNION ALL (SELECT "state" AS "c1", 1 AS "c2", CAST(NULL AS "pg_catalog"."int8") AS "c3" FROM "orders" GROUP BY 1)
-- merge: SELECT CAST(COALESCE("sum"("p"."c3"), 0) AS "pg_catalog"."int8") AS "count", CAST("count"(DISTINCT "p"."c1") FILTER (WHERE "p"."c2" = 1) AS bigint) AS "count" FROM (SELECT "u"."c1" AS "c1", "u"."c2" AS "c2", "u"."c3" AS "c3" FROM unnest($1::text[], $2::integer[], $3::bigint[]) AS "u"("c1", "c2", "c3")) AS "p"

SELECT count(DISTINCT (state, customer)) FROM orders;
-- types: count=bigint / text, bigint
-- strategy: split
-- partial: SELECT "state" AS "c1", "customer" AS "c2" FROM "orders" GROUP BY 1, 2
-- merge: SELECT CAST("count"(DISTINCT ("p"."c1", "p"."c2")) AS bigint) AS "count" FROM (SELECT "u"."c1" AS "c1", "u"."c2" AS "c2" FROM unnest($1::text[], $2::bigint[]) AS "u"("c1", "c2")) AS "p"

SELECT array_agg(id) FROM orders;
-- types: array_agg=bigint[] / bigint[], bigint
-- strategy: split
-- partial: SELECT CAST("array_agg"("id") AS "pg_catalog"."text") AS "c1" FROM "orders"
-- merge: SELECT (SELECT "array_agg"("e"."value") FROM "unnest"("array_agg"("p"."c1")) AS "s" ("array"), "unnest"(CAST("s"."array" AS "pg_catalog"."int8"[])) AS "e" ("value")) AS "array_agg" FROM (SELECT "u"."c1" AS "c1" FROM unnest($1::text[]) AS "u"("c1")) AS "p"

SELECT string_agg(tag, ',') FROM orders;
-- types: string_agg=text / text
-- strategy: split
-- partial: SELECT "string_agg"("tag", ',') AS "c1" FROM "orders"
-- merge: SELECT "string_agg"("p"."c1", CAST(',' AS "text")) AS "string_agg" FROM (SELECT "u"."c1" COLLATE "C" AS "c1" FROM unnest($1::text[]) AS "u"("c1")) AS "p"

SELECT string_agg(state, $1) FROM orders;
-- oids: text
-- types: string_agg=text / text
-- strategy: split
-- partial: SELECT "string_agg"("state", $1) AS "c1" FROM "orders" -- $1
-- merge: SELECT "string_agg"("p"."c1", CAST($2 AS "text")) AS "string_agg" FROM (SELECT "u"."c1" AS "c1" FROM unnest($1::text[]) AS "u"("c1")) AS "p" -- $1

SELECT json_agg(id), jsonb_agg(state), json_object_agg(id, state), jsonb_object_agg(id, state) FROM orders;
-- types: json_agg=json, jsonb_agg=jsonb, json_object_agg=json, jsonb_object_agg=jsonb / json, bigint, jsonb, text, json, jsonb
-- strategy: split
-- partial: SELECT CAST("json_agg"("id") AS "pg_catalog"."text") AS "c1", CAST("jsonb_agg"("state") AS "pg_catalog"."text") AS "c2", CAST("json_object_agg"("id", "state") AS "pg_catalog"."text") AS "c3", CAST("jsonb_object_agg"("id", "state") AS "pg_catalog"."text") AS "c4" FROM "orders"
-- merge: SELECT CAST(('[' || "string_agg"("substr"("p"."c1", 2, "length"("p"."c1") - 2), ', ')) || ']' AS "pg_catalog"."json") AS "json_agg", CAST(('[' || "string_agg"("substr"("p"."c2", 2, "length"("p"."c2") - 2), ', ')) || ']' AS "jsonb") AS "jsonb_agg", CAST(('{ ' || "string_agg"("substr"("p"."c3", 3, "length"("p"."c3") - 4), ', ')) || ' }' AS "pg_catalog"."json") AS "json_object_agg", CAST(('{' || "string_agg"("substr"("p"."c4", 2, "length"("p"."c4") - 2), ', ')) || '}' AS "jsonb") AS "jsonb_object_agg" FROM (SELECT "u"."c1" AS "c1", "u"."c2" AS "c2", "u"."c3" AS "c3", "u"."c4" AS "c4" FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS "u"("c1", "c2", "c3", "c4")) AS "p"

SELECT json_agg(o) FROM orders o;
-- types: json_agg=json / json, record
-- strategy: split
-- partial: SELECT CAST("json_agg"("o") AS "pg_catalog"."text") AS "c1" FROM (SELECT "id", "customer", "state", "total", "placed", "tag" FROM "orders") AS "o"
-- merge: SELECT CAST(('[' || "string_agg"("substr"("p"."c1", 2, "length"("p"."c1") - 2), CASE WHEN "substr"("p"."c1", 2, "length"("p"."c1") - 2) LIKE 'null%' THEN ', ' ELSE (', ' || "chr"(10)) || ' ' END)) || ']' AS "pg_catalog"."json") AS "json_agg" FROM (SELECT "u"."c1" AS "c1" FROM unnest($1::text[]) AS "u"("c1")) AS "p"

SELECT state, customer, count(*), grouping(state, customer) FROM orders GROUP BY ROLLUP (state, customer);
-- types: state=text, customer=bigint, count=bigint, grouping=integer / text, bigint, bigint
-- strategy: split
-- partial: SELECT "state" AS "c1", "customer" AS "c2", "count"(*) AS "c3" FROM "orders" GROUP BY 1, 2
-- merge: SELECT "p"."c1" AS "state", "p"."c2" AS "customer", CAST(COALESCE("sum"("p"."c3"), 0) AS "pg_catalog"."int8") AS "count", CAST(GROUPING("p"."c1", "p"."c2") AS integer) AS "grouping" FROM (SELECT "u"."c1" AS "c1", "u"."c2" AS "c2", "u"."c3" AS "c3" FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS "u"("c1", "c2", "c3")) AS "p" GROUP BY ROLLUP ("p"."c1", "p"."c2")

SELECT state AS s, count(*) FROM orders GROUP BY GROUPING SETS ((s, customer), (s), ()) ORDER BY grouping(customer);
-- types: s=text, count=bigint / text, bigint, bigint
-- strategy: split
-- partial: SELECT "state" AS "c1", "customer" AS "c2", "count"(*) AS "c3" FROM "orders" GROUP BY 1, 2
-- merge: SELECT "p"."c1" AS "s", CAST(COALESCE("sum"("p"."c3"), 0) AS "pg_catalog"."int8") AS "count" FROM (SELECT "u"."c1" AS "c1", "u"."c2" AS "c2", "u"."c3" AS "c3" FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS "u"("c1", "c2", "c3")) AS "p" GROUP BY GROUPING SETS (("p"."c1", "p"."c2"), "p"."c1", ()) ORDER BY (GROUPING("p"."c2"))

SELECT state, count(*), grouping(state) FROM orders GROUP BY state;
-- types: state=text, count=bigint, grouping=integer / text, bigint
-- strategy: split
-- partial: SELECT "state" AS "c1", "count"(*) AS "c2" FROM "orders" GROUP BY 1
-- merge: SELECT "p"."c1" AS "state", CAST(COALESCE("sum"("p"."c2"), 0) AS "pg_catalog"."int8") AS "count", CAST(GROUPING("p"."c1") AS integer) AS "grouping" FROM (SELECT "u"."c1" AS "c1", "u"."c2" AS "c2" FROM unnest($1::text[], $2::bigint[]) AS "u"("c1", "c2")) AS "p" GROUP BY "p"."c1"

SELECT state, sum(count(*)) OVER w, rank() OVER (v ORDER BY state) FROM orders GROUP BY state WINDOW v AS (PARTITION BY state), w AS (v ORDER BY state ROWS 1 PRECEDING);
-- types: state=text, sum=numeric, rank=bigint / text, bigint
-- strategy: split
-- partial: SELECT "state" AS "c1", "count"(*) AS "c2" FROM "orders" GROUP BY 1
-- merge: SELECT "p"."c1" AS "state", CAST("sum"(CAST(COALESCE("sum"("p"."c2"), 0) AS "pg_catalog"."int8")) OVER (PARTITION BY "p"."c1" ORDER BY "p"."c1" ROWS 1 PRECEDING) AS numeric) AS "sum", CAST("rank"() OVER (PARTITION BY "p"."c1" ORDER BY "p"."c1") AS bigint) AS "rank" FROM (SELECT "u"."c1" AS "c1", "u"."c2" AS "c2" FROM unnest($1::text[], $2::bigint[]) AS "u"("c1", "c2")) AS "p" GROUP BY "p"."c1"

SELECT state, count(*) FROM orders GROUP BY state ORDER BY 2 DESC OFFSET 1 FETCH FIRST 2 ROWS WITH TIES;
-- types: state=text, count=bigint / text, bigint
-- strategy: split
-- partial: SELECT "state" AS "c1", "count"(*) AS "c2" FROM "orders" GROUP BY 1
-- merge: SELECT "p"."c1" AS "state", CAST(COALESCE("sum"("p"."c2"), 0) AS "pg_catalog"."int8") AS "count" FROM (SELECT "u"."c1" AS "c1", "u"."c2" AS "c2" FROM unnest($1::text[], $2::bigint[]) AS "u"("c1", "c2")) AS "p" GROUP BY "p"."c1" ORDER BY 2 DESC FETCH FIRST (2) ROWS WITH TIES OFFSET 1

SELECT state, count(*) FROM orders GROUP BY state LIMIT $1 + 1;
-- oids: bigint
-- types: state=text, count=bigint / text, bigint
-- strategy: split
-- partial: SELECT "state" AS "c1", "count"(*) AS "c2" FROM "orders" GROUP BY 1
-- merge: SELECT "p"."c1" AS "state", CAST(COALESCE("sum"("p"."c2"), 0) AS "pg_catalog"."int8") AS "count" FROM (SELECT "u"."c1" AS "c1", "u"."c2" AS "c2" FROM unnest($1::text[], $2::bigint[]) AS "u"("c1", "c2")) AS "p" GROUP BY "p"."c1" LIMIT $3 + 1 -- $1

SELECT count(DISTINCT state || $1) FROM orders;
-- oids: text
-- types: count=bigint / text
-- strategy: split
-- partial: SELECT "state" || $1 AS "c1" FROM "orders" GROUP BY 1 -- $1
-- merge: SELECT CAST("count"(DISTINCT "p"."c1") AS bigint) AS "count" FROM (SELECT "u"."c1" AS "c1" FROM unnest($1::text[]) AS "u"("c1")) AS "p"

SELECT count(DISTINCT 1) FROM orders;
-- types: count=bigint / boolean
-- strategy: split
-- partial: SELECT TRUE IS TRUE AS "c1" FROM "orders" GROUP BY 1
-- merge: SELECT CAST("count"(DISTINCT 1) FILTER (WHERE "p"."c1") AS bigint) AS "count" FROM (SELECT "u"."c1" AS "c1" FROM unnest($1::boolean[]) AS "u"("c1")) AS "p"

SELECT state, count(DISTINCT state), count(DISTINCT tag) FROM orders GROUP BY state;
-- types: state=text, count=bigint, count=bigint / text, text, text
-- strategy: split
-- partial: (SELECT "state" AS "c1", "state" AS "c2", CAST(NULL AS "text") AS "c3", 1 AS "c4" FROM "orders" GROUP BY 1, 2) UNION ALL (SELECT "state" AS "c1", CAST(NULL AS "text") AS "c2", "tag" AS "c3", 2 AS "c4" FROM "orders" GROUP BY 1, 3)
-- merge: SELECT "p"."c1" AS "state", CAST("count"(DISTINCT "p"."c2") FILTER (WHERE "p"."c4" = 1) AS bigint) AS "count", CAST("count"(DISTINCT "p"."c3") FILTER (WHERE "p"."c4" = 2) AS bigint) AS "count" FROM (SELECT "u"."c1" AS "c1", "u"."c2" AS "c2", "u"."c3" COLLATE "C" AS "c3", "u"."c4" AS "c4" FROM unnest($1::text[], $2::text[], $3::text[], $4::integer[]) AS "u"("c1", "c2", "c3", "c4")) AS "p" GROUP BY "p"."c1"

SELECT id, name, stddev(n) FROM (SELECT p.id, p.name, l.qty AS n FROM lines l JOIN products p ON p.id = l.product) s GROUP BY id, name;
-- types: id=integer, name=text, stddev=numeric / integer, text, numeric, integer
-- strategy: split
-- partial: SELECT "id" AS "c1", "name" AS "c2", "count"("n") AS "c3", "sum"(CAST("n" AS "pg_catalog"."int8")) AS "c4", "sum"(CAST("n" AS "pg_catalog"."int8") * CAST("n" AS "pg_catalog"."int8")) AS "c5" FROM (SELECT "p"."id", "p"."name", "l"."qty" AS "n" FROM "lines" AS "l" JOIN "products" AS "p" ON "p"."id" = "l"."product") AS "s" GROUP BY 1, 2
-- merge: SELECT "p"."c1" AS "id", "p"."c2" AS "name", (SELECT CASE WHEN ("v"."q" = 'NaN') OR ("v"."q" = 0) THEN "v"."q" WHEN ("r"."root" > 0) AND ((("r"."root" - "h"."half") * ("r"."root" - "h"."half")) > "v"."q") THEN "round"("r"."root" - (2 * "h"."half"), "scale"("v"."q")) ELSE "r"."root" END FROM (SELECT CASE WHEN "scale"("sum"("p"."c4")) > 8191 THEN "power"(CAST(10 AS "pg_catalog"."numeric"), 16 * "scale"("sum"("p"."c4"))) WHEN "sum"("p"."c3") > 1 THEN CASE WHEN (("sum"("p"."c3") * "sum"("p"."c5")) - ("sum"("p"."c4") * "sum"("p"."c4"))) <= 0 THEN CAST(0 AS "pg_catalog"."numeric") ELSE (("sum"("p"."c3") * "sum"("p"."c5")) - ("sum"("p"."c4") * "sum"("p"."c4"))) / ("sum"("p"."c3") * ("sum"("p"."c3") - 1)) END END) AS "v" ("q"), LATERAL (SELECT "round"("sqrt"("v"."q"), "scale"("v"."q"))) AS "r" ("root"), LATERAL (SELECT CAST('5e-' || CAST("scale"("v"."q") + 1 AS "text") AS "pg_catalog"."numeric")) AS "h" ("half")) AS "stddev" FROM (SELECT "u"."c1" AS "c1", "u"."c2" AS "c2", "u"."c3" AS "c3", "u"."c4" AS "c4", "u"."c5" AS "c5" FROM unnest($1::integer[], $2::text[], $3::bigint[], $4::numeric[], $5::numeric[]) AS "u"("c1", "c2", "c3", "c4", "c5")) AS "p" GROUP BY "p"."c1", "p"."c2"

SELECT sum(total * $1), avg(total * $1), count(DISTINCT customer) FROM orders;
-- types: sum=numeric, avg=numeric, count=bigint / bigint, numeric, numeric, numeric
-- partial: SELECT "customer" AS "c1", "sum"("total" * $1) AS "c2", "sum"("total" * $1) AS "c3", "count"("total" * $1) AS "c4" FROM "orders" GROUP BY 1 -- $1

SELECT state, count(DISTINCT id) FROM orders GROUP BY ROLLUP (state);
-- types: state=text, count=bigint / text, bigint
-- partial: SELECT "state" AS "c1", "id" AS "c2" FROM "orders" GROUP BY 1, 2

-- Where types turn out to be none that can be split, rows are gathered.
SELECT array_agg(days) FROM trips;
-- types: array_agg=integer[] / integer[], integer[]
-- strategy: split
-- not split: array_agg of type integer[]: the arrays of several servers are not joined
-- gathered: public.trips (days)

SELECT array_agg(weight), json_agg(weight) FROM lines;
-- types: array_agg=real[], json_agg=json / real[], real, json, real
-- strategy: split
-- not split: array_agg of type real: the arrays of several servers are not joined
-- gathered: public.lines (weight)

SELECT json_agg(mood) FROM trips;
-- types: json_agg=json / json, mood
-- strategy: split
-- not split: json_agg of type mood: the arrays of several servers are not joined
-- gathered: public.trips (mood)
