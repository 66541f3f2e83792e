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
-- partial: SELECT "mood" AS "c1", "days" AS "c2", "count"(*) AS "c3" FROM "trips" GROUP BY 1, 2
-- merge: SELECT "p"."c1" AS "mood", "p"."c2" AS "days", CAST(COALESCE("sum"("p"."c3"), 0) AS "pg_catalog"."int8") AS "count" FROM (SELECT CAST("u"."c1" AS mood) AS "c1", CAST("u"."c2" AS integer[]) AS "c2", CAST("u"."c3" AS bigint) AS "c3" FROM unnest($1::text[], $2::text[], $3::text[]) AS "u"("c1", "c2", "c3")) AS "p" GROUP BY "p"."c1", "p"."c2"
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
