-- Stars become the table's own columns.
SELECT * FROM lines WHERE order_id = 5;
-- one: SELECT "lines"."order_id", "lines"."line", "lines"."product", "lines"."qty", "lines"."weight" FROM lines WHERE order_id = 5

SELECT l.*, 1 FROM lines l WHERE order_id = 5;
-- one: SELECT "l"."order_id", "l"."line", "l"."product", "l"."qty", "l"."weight", 1 FROM lines l WHERE order_id = 5

SELECT 1, ( (l.*)), (l.line)FROM lines l WHERE order_id = 5;
-- one: SELECT 1,    "l"."order_id", "l"."line", "l"."product", "l"."qty", "l"."weight"  , (l.line)FROM lines l WHERE order_id = 5

SELECT(l.*)FROM lines l WHERE order_id = 5;
-- one: SELECT "l"."order_id", "l"."line", "l"."product", "l"."qty", "l"."weight" FROM lines l WHERE order_id = 5

SELECT public.lines.* FROM public.lines WHERE order_id = 5;
-- one: SELECT "public"."lines"."order_id", "public"."lines"."line", "public"."lines"."product", "public"."lines"."qty", "public"."lines"."weight" FROM public.lines WHERE order_id = 5

SELECT * FROM lines AS "Li nes" WHERE order_id = 5;
-- one: SELECT "Li nes"."order_id", "Li nes"."line", "Li nes"."product", "Li nes"."qty", "Li nes"."weight" FROM lines AS "Li nes" WHERE order_id = 5

SELECT * FROM lines l JOIN products p ON p.id = l.product WHERE order_id = 5;
-- one: SELECT "l"."order_id", "l"."line", "l"."product", "l"."qty", "l"."weight", "p".* FROM lines l JOIN products p ON p.id = l.product WHERE order_id = 5

SELECT * FROM lines l, (SELECT 1 AS one) s WHERE order_id = 5;
-- one: SELECT "l"."order_id", "l"."line", "l"."product", "l"."qty", "l"."weight", "s".* FROM lines l, (SELECT 1 AS one) s WHERE order_id = 5

SELECT p.*, l.* FROM lines l JOIN products p ON p.id = l.product WHERE order_id = 5;
-- one: SELECT p.*, "l"."order_id", "l"."line", "l"."product", "l"."qty", "l"."weight" FROM lines l JOIN products p ON p.id = l.product WHERE order_id = 5

SELECT * FROM (SELECT * FROM lines WHERE order_id = 5) s;
-- one: SELECT * FROM (SELECT "lines"."order_id", "lines"."line", "lines"."product", "lines"."qty", "lines"."weight" FROM lines WHERE order_id = 5) s

SELECT 1 FROM lines l WHERE order_id = 5 AND EXISTS (SELECT * FROM lines x WHERE x.order_id = l.order_id);
-- one: SELECT 1 FROM lines l WHERE order_id = 5 AND EXISTS (SELECT "x"."order_id", "x"."line", "x"."product", "x"."qty", "x"."weight" FROM lines x WHERE x.order_id = l.order_id)

WITH s AS (SELECT * FROM lines WHERE order_id = 5) SELECT * FROM s;
-- one: WITH s AS (SELECT "lines"."order_id", "lines"."line", "lines"."product", "lines"."qty", "lines"."weight" FROM lines WHERE order_id = 5) SELECT * FROM s

SELECT * /* all */ FROM lines -- of
  WHERE order_id = 5;
-- one: SELECT "lines"."order_id", "lines"."line", "lines"."product", "lines"."qty", "lines"."weight" /* all */ FROM lines -- of\n  WHERE order_id = 5

TABLE lines;
-- one: SELECT "lines"."order_id", "lines"."line", "lines"."product", "lines"."qty", "lines"."weight" FROM lines

SELECT 'ü', * FROM lines WHERE order_id = 5;
-- one: SELECT 'ü', "lines"."order_id", "lines"."line", "lines"."product", "lines"."qty", "lines"."weight" FROM lines WHERE order_id = 5

SELECT count(*) FROM lines WHERE order_id = 5;
-- strategy: one server

SELECT part, * FROM lines WHERE order_id = 5;
-- one: SELECT part, "lines"."order_id", "lines"."line", "lines"."product", "lines"."qty", "lines"."weight" FROM lines WHERE order_id = 5

-- Whole rows, NATURAL JOIN and column aliases take a subselect.
SELECT count(l) FROM lines l WHERE order_id = 5;
-- one: SELECT count(l) FROM (SELECT "order_id", "line", "product", "qty", "weight" FROM lines) l WHERE order_id = 5

SELECT row_to_json(lines) FROM lines WHERE order_id = 5;
-- one: SELECT row_to_json(lines) FROM (SELECT "order_id", "line", "product", "qty", "weight" FROM lines) AS "lines" WHERE order_id = 5

SELECT to_jsonb(l.*) FROM lines l WHERE order_id = 5;
-- one: SELECT to_jsonb(l.*) FROM (SELECT "order_id", "line", "product", "qty", "weight" FROM lines) l WHERE order_id = 5

SELECT ROW(l.*) FROM lines l WHERE order_id = 5;
-- one: SELECT ROW(l.*) FROM (SELECT "order_id", "line", "product", "qty", "weight" FROM lines) l WHERE order_id = 5

SELECT (l).qty, (l).* FROM lines l WHERE order_id = 5;
-- one: SELECT (l).qty, (l).* FROM (SELECT "order_id", "line", "product", "qty", "weight" FROM lines) l WHERE order_id = 5

SELECT l IS NULL FROM lines l WHERE order_id = 5;
-- one: SELECT l IS NULL FROM (SELECT "order_id", "line", "product", "qty", "weight" FROM lines) l WHERE order_id = 5

SELECT a, c FROM lines AS x (a, b, c) WHERE a = 5;
-- one: SELECT a, c FROM (SELECT "order_id", "line", "product", "qty", "weight" FROM lines) AS x (a, b, c) WHERE a = 5

SELECT * FROM lines NATURAL JOIN products WHERE order_id = 5;
-- one: SELECT * FROM (SELECT "order_id", "line", "product", "qty", "weight" FROM lines) AS "lines" NATURAL JOIN products WHERE order_id = 5

SELECT * FROM orders o JOIN orders p USING (id) WHERE id = 5;
-- one: SELECT * FROM (SELECT "id", "customer", "state", "total", "placed", "tag" FROM orders) o JOIN (SELECT "id", "customer", "state", "total", "placed", "tag" FROM orders) p USING (id) WHERE id = 5

SELECT o.* FROM orders o JOIN orders p USING (id) WHERE id = 5;
-- one: SELECT "o"."id", "o"."customer", "o"."state", "o"."total", "o"."placed", "o"."tag" FROM orders o JOIN orders p USING (id) WHERE id = 5

SELECT j.* FROM (orders o JOIN lines l ON o.id = l.order_id) AS j WHERE j.order_id = 5;
-- one: SELECT j.* FROM ((SELECT "id", "customer", "state", "total", "placed", "tag" FROM orders) o JOIN (SELECT "order_id", "line", "product", "qty", "weight" FROM lines) l ON o.id = l.order_id) AS j WHERE j.order_id = 5

SELECT (SELECT count(o) FROM products p) FROM orders o WHERE id = 5;
-- one: SELECT (SELECT count(o) FROM products p) FROM (SELECT "id", "customer", "state", "total", "placed", "tag" FROM orders) o WHERE id = 5

-- A column may have the table's name, and an output too.
SELECT lines FROM (SELECT qty AS lines FROM lines WHERE order_id = 5) lines;
-- strategy: one server

SELECT qty AS lines FROM lines WHERE order_id = 5 ORDER BY lines;
-- strategy: one server

-- Columns that depend on a grouped primary key.
SELECT id, state FROM orders WHERE id = 5 GROUP BY id;
-- one: SELECT id, state FROM orders WHERE id = 5 GROUP BY "orders"."part", id

SELECT id, count(*) FROM orders WHERE id = 5 GROUP BY id;
-- strategy: one server

SELECT o.*, count(*) FROM orders o JOIN lines l ON l.order_id = o.id WHERE o.id = 5 GROUP BY o.id;
-- one: SELECT "o"."id", "o"."customer", "o"."state", "o"."total", "o"."placed", "o"."tag", count(*) FROM orders o JOIN lines l ON l.order_id = o.id WHERE o.id = 5 GROUP BY "o"."part", o.id

SELECT qty FROM lines WHERE order_id = 5 GROUP BY line, order_id;
-- one: SELECT qty FROM lines WHERE order_id = 5 GROUP BY "lines"."part", line, order_id

SELECT qty FROM lines WHERE order_id = 5 GROUP BY order_id;
-- strategy: one server

SELECT id AS n, state FROM orders WHERE id = 5 GROUP BY 1;
-- one: SELECT id AS n, state FROM orders WHERE id = 5 GROUP BY "orders"."part", 1

SELECT id, state, sum(total) FROM orders GROUP BY id ORDER BY placed;
-- one: SELECT id, state, sum(total) FROM orders GROUP BY "orders"."part", id ORDER BY placed

SELECT (o).id, (o).state FROM orders o WHERE id = 5 GROUP BY (o).id;
-- one: SELECT (o).id, (o).state FROM (SELECT "id", "customer", "state", "total", "placed", "tag" FROM orders) o WHERE id = 5 GROUP BY "o"."state", (o).id

SELECT (l).line AS n, l.order_id, (l).qty FROM lines l GROUP BY 2, n HAVING (l).weight > 1;
-- one: SELECT (l).line AS n, l.order_id, (l).qty FROM (SELECT "order_id", "line", "product", "qty", "weight" FROM lines) l GROUP BY "l"."qty", "l"."weight", 2, n HAVING (l).weight > 1

-- What a name after a table's means without such a column, PostgreSQL says of a row without part.
SELECT l.to_jsonb FROM lines l WHERE order_id = 5;
-- one: SELECT l.to_jsonb FROM (SELECT "order_id", "line", "product", "qty", "weight" FROM lines) l WHERE order_id = 5

SELECT l.nothing FROM lines l WHERE order_id = 5;
-- one: SELECT l.nothing FROM (SELECT "order_id", "line", "product", "qty", "weight" FROM lines) l WHERE order_id = 5

-- A subselect has no schema, the table beside it has.
SELECT (orders).state, * FROM public.orders JOIN lines ON order_id = (orders).id;
-- one: SELECT (orders).state, "orders".*, "lines"."order_id", "lines"."line", "lines"."product", "lines"."qty", "lines"."weight" FROM (SELECT "id", "customer", "state", "total", "placed", "tag" FROM public.orders) AS "orders" JOIN lines ON order_id = (orders).id

SELECT count(orders) FROM public.orders, sales.deals AS orders;
-- refused: a whole row: two tables are called orders; give one of them an alias
