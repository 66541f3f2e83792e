-- UPDATE and DELETE over gathered rows.

UPDATE orders SET id = 6 WHERE id = 5;
-- strategy: modify over gathered rows
-- merged: UPDATE orders SET id = 6 WHERE id = 5
-- gathered: public.orders (id, customer, state, total, placed, tag, parallel_partition part, parallel_partition place) of = '5' where (("id" = 5)) FOR UPDATE
-- update: UPDATE "public"."orders" AS "t" SET "id" = "s"."c3", "part" = "s"."c4" FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.int4[]), pg_catalog.unnest($2::pg_catalog.tid[]), pg_catalog.unnest($3::bigint[]), pg_catalog.unnest($4::pg_catalog.int4[])) AS "s"("c1", "c2", "c3", "c4") WHERE "t"."part" operator(pg_catalog.=) "s"."c1" AND "t".ctid operator(pg_catalog.=) "s"."c2"
-- update of: "parallel_partition part", "parallel_partition place", "id", "parallel_partition new part"
-- delete: DELETE FROM "public"."orders" AS "t" USING ROWS FROM (pg_catalog.unnest($1::pg_catalog.int4[]), pg_catalog.unnest($2::pg_catalog.tid[])) AS "s"("c1", "c2") WHERE "t"."part" operator(pg_catalog.=) "s"."c1" AND "t".ctid operator(pg_catalog.=) "s"."c2"
-- delete of: "parallel_partition part", "parallel_partition place"
-- insert: INSERT INTO "public"."orders" AS "t" ("id", "customer", "state", "total", "placed", "tag", "part") SELECT "s"."c1", "s"."c2", "s"."c3", "s"."c4", "s"."c5", "s"."c6", "s"."c7" FROM ROWS FROM (pg_catalog.unnest($1::bigint[]), pg_catalog.unnest($2::bigint[]), pg_catalog.unnest($3::text[]), pg_catalog.unnest($4::numeric(10,2)[]), pg_catalog.unnest($5::date[]), pg_catalog.unnest($6::text[]), pg_catalog.unnest($7::pg_catalog.int4[])) AS "s"("c1", "c2", "c3", "c4", "c5", "c6", "c7")
-- insert of: "id", "customer", "state", "total", "placed", "tag", "parallel_partition new part"
UPDATE orders SET total = total + 1 WHERE total > (SELECT avg(total) FROM orders) RETURNING *;
-- strategy: modify
-- where: not restricted
-- text: UPDATE orders SET total = total + 1 WHERE total > (SELECT avg(total) FROM orders) RETURNING "orders"."id", "orders"."customer", "orders"."state", "orders"."total", "orders"."placed", "orders"."tag"
-- one server only: a subquery over public.orders (WHERE): its rows are not tied by the key to the row around it; over several servers this is not done: restrict the key (id) to one server
-- merged: UPDATE orders SET total = total + 1 WHERE total > (SELECT "avg" FROM pg_temp."answered_1") RETURNING "orders"."id", "orders"."customer", "orders"."state", "orders"."total", "orders"."placed", "orders"."tag"
-- answered first: answered_1 (avg): split, SELECT "avg"("total") AS "c1", "sum"("total") AS "c2" FROM "orders"
-- gathered: public.orders (id, customer, state, total, placed, tag, parallel_partition part, parallel_partition place) FOR NO KEY UPDATE
-- update: UPDATE "public"."orders" AS "t" SET "total" = "s"."c3" FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.int4[]), pg_catalog.unnest($2::pg_catalog.tid[]), pg_catalog.unnest($3::numeric(10,2)[])) AS "s"("c1", "c2", "c3") WHERE "t"."part" operator(pg_catalog.=) "s"."c1" AND "t".ctid operator(pg_catalog.=) "s"."c2"
-- update of: "parallel_partition part", "parallel_partition place", "total"

UPDATE public.orders AS o SET state = l.line::text FROM lines l WHERE l.line = o.customer RETURNING o.id, l.line;
-- strategy: modify
-- where: not restricted
-- text: UPDATE public.orders AS o SET state = l.line::text FROM lines l WHERE l.line = o.customer RETURNING o.id, l.line
-- one server only: JOIN: public.orders and public.lines are not joined by their whole keys; over several servers this is not done: restrict the key (id) to one server
-- merged: UPDATE pg_temp."orders" AS o SET state = l.line::text FROM lines l WHERE l.line = o.customer RETURNING o.id, l.line
-- gathered: public.orders (id, customer, parallel_partition part, parallel_partition place) reduced by customer in public.lines (line) FOR NO KEY UPDATE
-- gathered: public.lines (line) reduced by line in public.orders (customer)
-- update: UPDATE "public"."orders" AS "t" SET "state" = "s"."c3" FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.int4[]), pg_catalog.unnest($2::pg_catalog.tid[]), pg_catalog.unnest($3::text[])) AS "s"("c1", "c2", "c3") WHERE "t"."part" operator(pg_catalog.=) "s"."c1" AND "t".ctid operator(pg_catalog.=) "s"."c2"
-- update of: "parallel_partition part", "parallel_partition place", "state"

DELETE FROM orders WHERE customer IN (SELECT line FROM lines WHERE order_id <> 5);
-- strategy: modify
-- where: not restricted
-- text: DELETE FROM orders WHERE customer IN (SELECT line FROM lines WHERE order_id <> 5)
-- one server only: a subquery over public.lines (WHERE): its rows are not tied by the key to the row around it; over several servers this is not done: restrict the key (id) to one server
-- merged: DELETE FROM orders WHERE customer IN (SELECT line FROM lines WHERE order_id <> 5)
-- gathered: public.orders (customer, parallel_partition part, parallel_partition place) reduced by customer in public.lines (line) FOR UPDATE
-- gathered: public.lines (order_id, line) where (("order_id" <> 5))
-- delete: DELETE FROM "public"."orders" AS "t" USING ROWS FROM (pg_catalog.unnest($1::pg_catalog.int4[]), pg_catalog.unnest($2::pg_catalog.tid[])) AS "s"("c1", "c2") WHERE "t"."part" operator(pg_catalog.=) "s"."c1" AND "t".ctid operator(pg_catalog.=) "s"."c2"
-- delete of: "parallel_partition part", "parallel_partition place"

UPDATE numbered SET id = DEFAULT, kg = 5;
-- refused: SET id = DEFAULT: its value comes from a sequence; give the value

UPDATE orders SET part = 5;
-- refused: SET part: it is the library's own column and follows from the key
