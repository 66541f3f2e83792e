-- INSERT of rows that are computed in a temporary table of the merge session first.

INSERT INTO orders DEFAULT VALUES;
-- strategy: computed first
-- stage: CREATE TEMPORARY TABLE "parallel_partition rows" ("id" bigint, "customer" bigint, "state" text, "total" numeric(10,2), "placed" date, "tag" text COLLATE "C", "parallel_partition row" pg_catalog.int8 GENERATED ALWAYS AS IDENTITY)
-- fill: INSERT INTO pg_temp."parallel_partition rows" DEFAULT VALUES
-- elements: "id"
-- write: INSERT INTO orders ("id", "part") SELECT "s"."c1", "s"."c2" FROM ROWS FROM (pg_catalog.unnest($1::bigint[]), pg_catalog.unnest($2::pg_catalog.int4[])) AS "s"("c1", "c2")

INSERT INTO orders SELECT * FROM orders WHERE id = 5;
-- strategy: computed first
-- stage: CREATE TEMPORARY TABLE "parallel_partition rows" ("id" bigint, "customer" bigint, "state" text, "total" numeric(10,2), "placed" date, "tag" text COLLATE "C", "parallel_partition row" pg_catalog.int8 GENERATED ALWAYS AS IDENTITY)
-- fill: INSERT INTO pg_temp."parallel_partition rows" ("id", "customer", "state", "total", "placed", "tag") SELECT * FROM orders WHERE id = 5
-- gathered: public.orders (id, customer, state, total, placed, tag) of = '5' where (("id" = 5))
-- elements: "id", "customer", "state", "total", "placed", "tag"
-- write: INSERT INTO orders ("id", "customer", "state", "total", "placed", "tag", "part") SELECT "s"."c1", "s"."c2", "s"."c3", "s"."c4", "s"."c5", "s"."c6", "s"."c7" FROM ROWS FROM (pg_catalog.unnest($1::bigint[]), pg_catalog.unnest($2::bigint[]), pg_catalog.unnest($3::text[]), pg_catalog.unnest($4::numeric(10,2)[]), pg_catalog.unnest($5::date[]), pg_catalog.unnest($6::text[]), pg_catalog.unnest($7::pg_catalog.int4[])) AS "s"("c1", "c2", "c3", "c4", "c5", "c6", "c7")

INSERT INTO orders (id) VALUES (1 + 1);
-- strategy: computed first
-- stage: CREATE TEMPORARY TABLE "parallel_partition rows" ("id" bigint, "customer" bigint, "state" text, "total" numeric(10,2), "placed" date, "tag" text COLLATE "C", "parallel_partition row" pg_catalog.int8 GENERATED ALWAYS AS IDENTITY)
-- fill: INSERT INTO pg_temp."parallel_partition rows" (id) VALUES (1 + 1)
-- elements: "id"
-- write: INSERT INTO orders ("id", "part") SELECT "s"."c1", "s"."c2" FROM ROWS FROM (pg_catalog.unnest($1::bigint[]), pg_catalog.unnest($2::pg_catalog.int4[])) AS "s"("c1", "c2")

INSERT INTO orders (id) VALUES (5.5);
-- strategy: computed first
-- stage: CREATE TEMPORARY TABLE "parallel_partition rows" ("id" bigint, "customer" bigint, "state" text, "total" numeric(10,2), "placed" date, "tag" text COLLATE "C", "parallel_partition row" pg_catalog.int8 GENERATED ALWAYS AS IDENTITY)
-- fill: INSERT INTO pg_temp."parallel_partition rows" (id) VALUES (5.5)
-- elements: "id"
-- write: INSERT INTO orders ("id", "part") SELECT "s"."c1", "s"."c2" FROM ROWS FROM (pg_catalog.unnest($1::bigint[]), pg_catalog.unnest($2::pg_catalog.int4[])) AS "s"("c1", "c2")

INSERT INTO orders (id) VALUES (DEFAULT);
-- strategy: computed first
-- stage: CREATE TEMPORARY TABLE "parallel_partition rows" ("id" bigint, "customer" bigint, "state" text, "total" numeric(10,2), "placed" date, "tag" text COLLATE "C", "parallel_partition row" pg_catalog.int8 GENERATED ALWAYS AS IDENTITY)
-- fill: INSERT INTO pg_temp."parallel_partition rows" (id) VALUES (DEFAULT)
-- elements: "id"
-- write: INSERT INTO orders ("id", "part") SELECT "s"."c1", "s"."c2" FROM ROWS FROM (pg_catalog.unnest($1::bigint[]), pg_catalog.unnest($2::pg_catalog.int4[])) AS "s"("c1", "c2")

INSERT INTO trips (plane) VALUES ('N12345');
-- strategy: computed first
-- stage: CREATE TEMPORARY TABLE "parallel_partition rows" ("plane" character varying(5), "day" date, "minutes" integer, "mood" mood, "days" integer[], "parallel_partition row" pg_catalog.int8 GENERATED ALWAYS AS IDENTITY)
-- fill: INSERT INTO pg_temp."parallel_partition rows" (plane) VALUES ('N12345')
-- elements: "plane"
-- write: INSERT INTO trips ("plane", "part") SELECT "s"."c1", "s"."c2" FROM ROWS FROM (pg_catalog.unnest($1::character varying(5)[]), pg_catalog.unnest($2::pg_catalog.int4[])) AS "s"("c1", "c2")

INSERT INTO trips (plane) VALUES (upper('n1'));
-- strategy: computed first
-- stage: CREATE TEMPORARY TABLE "parallel_partition rows" ("plane" character varying(5), "day" date, "minutes" integer, "mood" mood, "days" integer[], "parallel_partition row" pg_catalog.int8 GENERATED ALWAYS AS IDENTITY)
-- fill: INSERT INTO pg_temp."parallel_partition rows" (plane) VALUES (upper('n1'))
-- elements: "plane"
-- write: INSERT INTO trips ("plane", "part") SELECT "s"."c1", "s"."c2" FROM ROWS FROM (pg_catalog.unnest($1::character varying(5)[]), pg_catalog.unnest($2::pg_catalog.int4[])) AS "s"("c1", "c2")

INSERT INTO orders (id, customer) VALUES (1, (SELECT max(customer) FROM orders));
-- strategy: computed first
-- stage: CREATE TEMPORARY TABLE "parallel_partition rows" ("id" bigint, "customer" bigint, "state" text, "total" numeric(10,2), "placed" date, "tag" text COLLATE "C", "parallel_partition row" pg_catalog.int8 GENERATED ALWAYS AS IDENTITY)
-- fill: INSERT INTO pg_temp."parallel_partition rows" (id, customer) VALUES (1, (SELECT "max" FROM pg_temp."answered_1"))
-- answered first: answered_1 (max): split, SELECT "max"("customer") AS "c1" FROM "orders"
-- elements: "id", "customer"
-- write: INSERT INTO orders ("id", "customer", "part") SELECT "s"."c1", "s"."c2", "s"."c3" FROM ROWS FROM (pg_catalog.unnest($1::bigint[]), pg_catalog.unnest($2::bigint[]), pg_catalog.unnest($3::pg_catalog.int4[])) AS "s"("c1", "c2", "c3")

INSERT INTO numbered (kg) VALUES (1);
-- strategy: insert
-- head: INSERT INTO numbered (kg, "at", "id", "part") VALUES
-- row: (1, now()
-- keys: '1'
-- drawn: id from public.numbered_id_seq

INSERT INTO numbered (id, kg) VALUES (1, 2);
-- strategy: computed first
-- stage: CREATE TEMPORARY TABLE "parallel_partition rows" ("id" bigint GENERATED ALWAYS AS IDENTITY, "kg" numeric(6,2) DEFAULT 1.5, "at" timestamp with time zone DEFAULT now(), "parallel_partition row" pg_catalog.int8 GENERATED ALWAYS AS IDENTITY)
-- fill: INSERT INTO pg_temp."parallel_partition rows" (id, kg) VALUES (1, 2)
-- elements: "id", "kg", "at"
-- write: INSERT INTO numbered ("id", "kg", "at", "part") SELECT "s"."c1", "s"."c2", "s"."c3", "s"."c4" FROM ROWS FROM (pg_catalog.unnest($1::bigint[]), pg_catalog.unnest($2::numeric(6,2)[]), pg_catalog.unnest($3::timestamp with time zone[]), pg_catalog.unnest($4::pg_catalog.int4[])) AS "s"("c1", "c2", "c3", "c4")
-- clock: now()

INSERT INTO numbered (id, kg) OVERRIDING SYSTEM VALUE VALUES (1, 2.125);
-- strategy: computed first
-- stage: CREATE TEMPORARY TABLE "parallel_partition rows" ("id" bigint GENERATED ALWAYS AS IDENTITY, "kg" numeric(6,2) DEFAULT 1.5, "at" timestamp with time zone DEFAULT now(), "parallel_partition row" pg_catalog.int8 GENERATED ALWAYS AS IDENTITY)
-- fill: INSERT INTO pg_temp."parallel_partition rows" (id, kg) OVERRIDING SYSTEM VALUE VALUES (1, 2.125)
-- elements: "id", "kg", "at"
-- write: INSERT INTO numbered ("id", "kg", "at", "part") SELECT "s"."c1", "s"."c2", "s"."c3", "s"."c4" FROM ROWS FROM (pg_catalog.unnest($1::bigint[]), pg_catalog.unnest($2::numeric(6,2)[]), pg_catalog.unnest($3::timestamp with time zone[]), pg_catalog.unnest($4::pg_catalog.int4[])) AS "s"("c1", "c2", "c3", "c4")
-- clock: now()

INSERT INTO numbered (id) OVERRIDING SYSTEM VALUE VALUES (1);
-- strategy: computed first
-- stage: CREATE TEMPORARY TABLE "parallel_partition rows" ("id" bigint GENERATED ALWAYS AS IDENTITY, "kg" numeric(6,2) DEFAULT 1.5, "at" timestamp with time zone DEFAULT now(), "parallel_partition row" pg_catalog.int8 GENERATED ALWAYS AS IDENTITY)
-- fill: INSERT INTO pg_temp."parallel_partition rows" (id) OVERRIDING SYSTEM VALUE VALUES (1)
-- elements: "id", "kg", "at"
-- write: INSERT INTO numbered ("id", "kg", "at", "part") SELECT "s"."c1", "s"."c2", "s"."c3", "s"."c4" FROM ROWS FROM (pg_catalog.unnest($1::bigint[]), pg_catalog.unnest($2::numeric(6,2)[]), pg_catalog.unnest($3::timestamp with time zone[]), pg_catalog.unnest($4::pg_catalog.int4[])) AS "s"("c1", "c2", "c3", "c4")
-- clock: now()

INSERT INTO orders (id, state) SELECT id + 1, state FROM orders o WHERE customer = 5 ON CONFLICT (id) DO UPDATE SET state = excluded.state RETURNING *;
-- strategy: computed first
-- stage: CREATE TEMPORARY TABLE "parallel_partition rows" ("id" bigint, "customer" bigint, "state" text, "total" numeric(10,2), "placed" date, "tag" text COLLATE "C", "parallel_partition row" pg_catalog.int8 GENERATED ALWAYS AS IDENTITY)
-- fill: INSERT INTO pg_temp."parallel_partition rows" (id, state) SELECT id + 1, state FROM orders o WHERE customer = 5
-- gathered: public.orders (id, customer, state) where (("customer" = 5))
-- elements: "id", "state"
-- write: INSERT INTO orders ("id", "state", "part") SELECT "s"."c1", "s"."c2", "s"."c3" FROM ROWS FROM (pg_catalog.unnest($1::bigint[]), pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::pg_catalog.int4[])) AS "s"("c1", "c2", "c3") ON CONFLICT (id, "part") DO UPDATE SET state = excluded.state RETURNING "orders"."id", "orders"."customer", "orders"."state", "orders"."total", "orders"."placed", "orders"."tag"

WITH x AS (SELECT id FROM orders) INSERT INTO public.orders AS o (id) SELECT id FROM x RETURNING o.id;
-- strategy: computed first
-- stage: CREATE TEMPORARY TABLE "parallel_partition rows" ("id" bigint, "customer" bigint, "state" text, "total" numeric(10,2), "placed" date, "tag" text COLLATE "C", "parallel_partition row" pg_catalog.int8 GENERATED ALWAYS AS IDENTITY)
-- fill: INSERT INTO pg_temp."parallel_partition rows" (id) WITH x AS (SELECT id FROM orders) SELECT id FROM x
-- gathered: public.orders (id)
-- elements: "id"
-- write: INSERT INTO public.orders AS o ("id", "part") SELECT "s"."c1", "s"."c2" FROM ROWS FROM (pg_catalog.unnest($1::bigint[]), pg_catalog.unnest($2::pg_catalog.int4[])) AS "s"("c1", "c2") RETURNING o.id

INSERT INTO orders (id, customer) SELECT 1 + max(id), $1 FROM orders;
-- strategy: computed first
-- stage: CREATE TEMPORARY TABLE "parallel_partition rows" ("id" bigint, "customer" bigint, "state" text, "total" numeric(10,2), "placed" date, "tag" text COLLATE "C", "parallel_partition row" pg_catalog.int8 GENERATED ALWAYS AS IDENTITY)
-- fill: INSERT INTO pg_temp."parallel_partition rows" (id, customer) SELECT 1 + max(id), $1 FROM orders
-- gathered: public.orders (id)
-- elements: "id", "customer"
-- write: INSERT INTO orders ("id", "customer", "part") SELECT "s"."c1", "s"."c2", "s"."c3" FROM ROWS FROM (pg_catalog.unnest($1::bigint[]), pg_catalog.unnest($2::bigint[]), pg_catalog.unnest($3::pg_catalog.int4[])) AS "s"("c1", "c2", "c3")

INSERT INTO orders (id, customer) VALUES ($1 + 1, $3) ON CONFLICT (id) DO UPDATE SET customer = $2;
-- strategy: computed first
-- stage: CREATE TEMPORARY TABLE "parallel_partition rows" ("id" bigint, "customer" bigint, "state" text, "total" numeric(10,2), "placed" date, "tag" text COLLATE "C", "parallel_partition row" pg_catalog.int8 GENERATED ALWAYS AS IDENTITY)
-- fill: INSERT INTO pg_temp."parallel_partition rows" (id, customer) VALUES ($1 + 1, $3)
-- elements: "id", "customer"
-- write: INSERT INTO orders ("id", "customer", "part") SELECT "s"."c1", "s"."c2", "s"."c3" FROM ROWS FROM (pg_catalog.unnest($2::bigint[]), pg_catalog.unnest($3::bigint[]), pg_catalog.unnest($4::pg_catalog.int4[])) AS "s"("c1", "c2", "c3") ON CONFLICT (id, "part") DO UPDATE SET customer = $1 -- $2

INSERT INTO numbered (kg) SELECT id FROM orders;
-- strategy: computed first
-- stage: CREATE TEMPORARY TABLE "parallel_partition rows" ("id" bigint GENERATED ALWAYS AS IDENTITY, "kg" numeric(6,2) DEFAULT 1.5, "at" timestamp with time zone DEFAULT now(), "parallel_partition row" pg_catalog.int8 GENERATED ALWAYS AS IDENTITY)
-- fill: INSERT INTO pg_temp."parallel_partition rows" (kg) SELECT id FROM orders
-- gathered: public.orders (id)
-- drawn: id from public.numbered_id_seq
-- elements: "id", "kg", "at"
-- write: INSERT INTO numbered ("id", "kg", "at", "part") SELECT "s"."c1", "s"."c2", "s"."c3", "s"."c4" FROM ROWS FROM (pg_catalog.unnest($1::bigint[]), pg_catalog.unnest($2::numeric(6,2)[]), pg_catalog.unnest($3::timestamp with time zone[]), pg_catalog.unnest($4::pg_catalog.int4[])) AS "s"("c1", "c2", "c3", "c4")
-- clock: now()

INSERT INTO numbered VALUES (DEFAULT, 1), (DEFAULT, 2);
-- strategy: computed first
-- stage: CREATE TEMPORARY TABLE "parallel_partition rows" ("id" bigint GENERATED ALWAYS AS IDENTITY, "kg" numeric(6,2) DEFAULT 1.5, "at" timestamp with time zone DEFAULT now(), "parallel_partition row" pg_catalog.int8 GENERATED ALWAYS AS IDENTITY)
-- fill: INSERT INTO pg_temp."parallel_partition rows" ("id", "kg") VALUES (DEFAULT, 1), (DEFAULT, 2)
-- drawn: id from public.numbered_id_seq (rows 1, 2)
-- elements: "id", "kg", "at"
-- write: INSERT INTO numbered ("id", "kg", "at", "part") SELECT "s"."c1", "s"."c2", "s"."c3", "s"."c4" FROM ROWS FROM (pg_catalog.unnest($1::bigint[]), pg_catalog.unnest($2::numeric(6,2)[]), pg_catalog.unnest($3::timestamp with time zone[]), pg_catalog.unnest($4::pg_catalog.int4[])) AS "s"("c1", "c2", "c3", "c4")
-- clock: now()

INSERT INTO orders (id) SELECT code FROM products;
-- strategy: computed first
-- stage: CREATE TEMPORARY TABLE "parallel_partition rows" ("id" bigint, "customer" bigint, "state" text, "total" numeric(10,2), "placed" date, "tag" text COLLATE "C", "parallel_partition row" pg_catalog.int8 GENERATED ALWAYS AS IDENTITY)
-- fill: INSERT INTO pg_temp."parallel_partition rows" (id) SELECT code FROM products
-- gathered: public.products ()
-- elements: "id"
-- write: INSERT INTO orders ("id", "part") SELECT "s"."c1", "s"."c2" FROM ROWS FROM (pg_catalog.unnest($1::bigint[]), pg_catalog.unnest($2::pg_catalog.int4[])) AS "s"("c1", "c2")

INSERT INTO products (id, name) VALUES (1, now()::text);
-- strategy: every server
-- text: INSERT INTO products (id, name) VALUES (1, now()::text)

INSERT INTO products (id, price) VALUES (1, random());
-- strategy: computed first
-- stage: CREATE TEMPORARY TABLE "parallel_partition rows" ("id" integer, "name" text, "price" numeric, "stocked" boolean DEFAULT true, "kind" text DEFAULT 'plain'::text, "parallel_partition row" pg_catalog.int8 GENERATED ALWAYS AS IDENTITY)
-- fill: INSERT INTO pg_temp."parallel_partition rows" (id, price) VALUES (1, random())
-- elements: "id", "price", "stocked", "kind"
-- write: INSERT INTO products ("id", "price", "stocked", "kind") SELECT "s"."c1", "s"."c2", "s"."c3", "s"."c4" FROM ROWS FROM (pg_catalog.unnest($1::integer[]), pg_catalog.unnest($2::numeric[]), pg_catalog.unnest($3::boolean[]), pg_catalog.unnest($4::text[])) AS "s"("c1", "c2", "c3", "c4")

INSERT INTO products SELECT * FROM products;
-- strategy: computed first
-- stage: CREATE TEMPORARY TABLE "parallel_partition rows" ("id" integer, "name" text, "price" numeric, "stocked" boolean DEFAULT true, "kind" text DEFAULT 'plain'::text, "parallel_partition row" pg_catalog.int8 GENERATED ALWAYS AS IDENTITY)
-- fill: INSERT INTO pg_temp."parallel_partition rows" ("id", "name", "price", "stocked", "kind") SELECT * FROM products
-- gathered: public.products (id, name, price, stocked, kind)
-- elements: "id", "name", "price", "stocked", "kind"
-- write: INSERT INTO products ("id", "name", "price", "stocked", "kind") SELECT "s"."c1", "s"."c2", "s"."c3", "s"."c4", "s"."c5" FROM ROWS FROM (pg_catalog.unnest($1::integer[]), pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::numeric[]), pg_catalog.unnest($4::boolean[]), pg_catalog.unnest($5::text[])) AS "s"("c1", "c2", "c3", "c4", "c5")

INSERT INTO products (id) SELECT id FROM orders;
-- strategy: computed first
-- stage: CREATE TEMPORARY TABLE "parallel_partition rows" ("id" integer, "name" text, "price" numeric, "stocked" boolean DEFAULT true, "kind" text DEFAULT 'plain'::text, "parallel_partition row" pg_catalog.int8 GENERATED ALWAYS AS IDENTITY)
-- fill: INSERT INTO pg_temp."parallel_partition rows" (id) SELECT id FROM orders
-- gathered: public.orders (id)
-- elements: "id", "stocked", "kind"
-- write: INSERT INTO products ("id", "stocked", "kind") SELECT "s"."c1", "s"."c2", "s"."c3" FROM ROWS FROM (pg_catalog.unnest($1::integer[]), pg_catalog.unnest($2::boolean[]), pg_catalog.unnest($3::text[])) AS "s"("c1", "c2", "c3")

INSERT INTO shops (code) VALUES ('x');
-- strategy: computed first
-- stage: CREATE TEMPORARY TABLE "parallel_partition rows" ("code" text, "opened" date DEFAULT CURRENT_DATE, "parallel_partition row" pg_catalog.int8 GENERATED ALWAYS AS IDENTITY)
-- fill: INSERT INTO pg_temp."parallel_partition rows" (code) VALUES ('x')
-- elements: "code", "opened"
-- write: INSERT INTO shops ("code", "opened") SELECT "s"."c1", "s"."c2" FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::date[])) AS "s"("c1", "c2")
-- clock: CURRENT_DATE

INSERT INTO orders (id, customer) SELECT customer, count(*) FROM orders WHERE state = $1 GROUP BY customer;
-- strategy: computed first
-- stage: CREATE TEMPORARY TABLE "parallel_partition rows" ("id" bigint, "customer" bigint, "state" text, "total" numeric(10,2), "placed" date, "tag" text COLLATE "C", "parallel_partition row" pg_catalog.int8 GENERATED ALWAYS AS IDENTITY)
-- fill: INSERT INTO pg_temp."parallel_partition rows" (id, customer) SELECT * FROM (SELECT "customer", "count" FROM pg_temp."answered_1") AS "parallel_partition source"
-- answered first: answered_1 (customer, count) of $1: split, SELECT "customer" AS "c1", "count"(*) AS "c2" FROM "orders" WHERE "state" = $1 GROUP BY 1
-- elements: "id", "customer"
-- write: INSERT INTO orders ("id", "customer", "part") SELECT "s"."c1", "s"."c2", "s"."c3" FROM ROWS FROM (pg_catalog.unnest($1::bigint[]), pg_catalog.unnest($2::bigint[]), pg_catalog.unnest($3::pg_catalog.int4[])) AS "s"("c1", "c2", "c3")

INSERT INTO orders (id, customer) SELECT DISTINCT order_id, line FROM lines;
-- strategy: computed first
-- stage: CREATE TEMPORARY TABLE "parallel_partition rows" ("id" bigint, "customer" bigint, "state" text, "total" numeric(10,2), "placed" date, "tag" text COLLATE "C", "parallel_partition row" pg_catalog.int8 GENERATED ALWAYS AS IDENTITY)
-- fill: INSERT INTO pg_temp."parallel_partition rows" (id, customer) SELECT * FROM (SELECT "order_id", "line" FROM pg_temp."answered_1") AS "parallel_partition source"
-- answered first: answered_1 (order_id, line): whole, SELECT DISTINCT order_id, line FROM lines\n
-- elements: "id", "customer"
-- write: INSERT INTO orders ("id", "customer", "part") SELECT "s"."c1", "s"."c2", "s"."c3" FROM ROWS FROM (pg_catalog.unnest($1::bigint[]), pg_catalog.unnest($2::bigint[]), pg_catalog.unnest($3::pg_catalog.int4[])) AS "s"("c1", "c2", "c3")
