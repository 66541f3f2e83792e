-- Subqueries of gathered statements: which are answered first, so that only their rows are gathered.

-- in FROM
SELECT d.n, l.line FROM (SELECT customer, count(*) AS n FROM orders WHERE state = 'new' GROUP BY customer) d JOIN lines l ON l.product = d.customer;
-- strategy: gather
-- answered first: answered_1 (customer, n): split, SELECT "customer" AS "c1", "count"(*) AS "c2" FROM "orders" WHERE "state" = 'new' GROUP BY 1
-- gathered: public.lines (line, product) reduced by product in answered_1 (customer)
-- merged: SELECT d.n, l.line FROM (SELECT "customer", "n" FROM pg_temp."answered_1") d JOIN lines l ON l.product = d.customer

SELECT d.* FROM (SELECT id, total FROM orders ORDER BY total DESC, placed LIMIT 5 OFFSET 2) d JOIN lines l ON l.product = d.id;
-- strategy: gather
-- answered first: answered_1 (id, total, sort_1): whole, SELECT id, total, "placed" AS "sort_1" FROM orders ORDER BY total DESC, placed LIMIT 7
-- gathered: public.lines (product) reduced by product in answered_1 (id)
-- merged: SELECT d.* FROM (SELECT "id", "total" FROM pg_temp."answered_1" ORDER BY "total" DESC NULLS FIRST, "sort_1" ASC NULLS LAST LIMIT 5 OFFSET 2) d JOIN lines l ON l.product = d.id

SELECT * FROM (SELECT o.id, l.qty FROM orders o JOIN lines l ON l.order_id = o.id WHERE o.state = 'x') d, products p WHERE d.id IN (SELECT customer FROM orders);
-- strategy: gather
-- answered first: answered_1 (id, qty): whole, SELECT o.id, l.qty FROM orders o JOIN lines l ON l.order_id = o.id WHERE o.state = 'x'
-- gathered: public.products (id, name, price, stocked, kind)
-- gathered: public.orders (customer)
-- merged: SELECT * FROM (SELECT "id", "qty" FROM pg_temp."answered_1") d, products p WHERE d.id IN (SELECT customer FROM orders)

SELECT * FROM (SELECT DISTINCT customer FROM orders) AS d(c), LATERAL (SELECT max(l.qty) FROM lines l WHERE l.product = d.c) m;
-- strategy: gather
-- answered first: answered_1 (customer): split, SELECT DISTINCT "customer" AS "c1" FROM "orders"
-- gathered: public.lines (product, qty) reduced by product in answered_1 (customer) indexed USING btree ("product")
-- merged: SELECT * FROM (SELECT "customer" FROM pg_temp."answered_1") AS d(c), LATERAL (SELECT max(l.qty) FROM lines l WHERE l.product = d.c) m

SELECT * FROM orders o, LATERAL (SELECT count(*) AS n FROM lines) m WHERE o.total > m.n;
-- strategy: gather
-- answered first: answered_1 (n): split, SELECT "count"(*) AS "c1" FROM "lines"
-- gathered: public.orders (id, customer, state, total, placed, tag)
-- merged: SELECT * FROM orders o, LATERAL (SELECT "n" FROM pg_temp."answered_1") m WHERE o.total > m.n

-- in WITH, once and twice, and named by another one
WITH r AS (SELECT customer, sum(total) AS s FROM orders GROUP BY customer) SELECT customer FROM r WHERE s = (SELECT max(s) FROM r);
-- strategy: gather
-- answered first: answered_1 (customer, s): split, SELECT "customer" AS "c1", "sum"("total") AS "c2" FROM "orders" GROUP BY 1
-- merged: WITH r AS (SELECT "customer", "s" FROM pg_temp."answered_1") SELECT customer FROM r WHERE s = (SELECT max(s) FROM r)

WITH a AS (SELECT customer, count(*) AS n FROM orders GROUP BY customer), b AS (SELECT max(n) AS n FROM a) SELECT a.* FROM a JOIN b USING (n);
-- strategy: gather
-- answered first: answered_1 (customer, n): split, SELECT "customer" AS "c1", "count"(*) AS "c2" FROM "orders" GROUP BY 1
-- merged: WITH a AS (SELECT "customer", "n" FROM pg_temp."answered_1"), b AS (SELECT max(n) AS n FROM a) SELECT a.* FROM a JOIN b USING (n)

WITH RECURSIVE a AS (SELECT max(id) AS top FROM orders), r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r, a WHERE n < least(top, 3)) SELECT n FROM r;
-- strategy: gather
-- answered first: answered_1 (top): split, SELECT "max"("id") AS "c1" FROM "orders"
-- merged: WITH RECURSIVE a AS (SELECT "top" FROM pg_temp."answered_1"), r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r, a WHERE n < least(top, 3)) SELECT n FROM r

-- in expressions
SELECT id FROM orders WHERE total > (SELECT 0.2 * avg(total) FROM orders WHERE total > 0.00);
-- strategy: gather
-- answered first: answered_1 (?column?): split, SELECT "avg"("total") AS "c1", "sum"("total") AS "c2" FROM "orders" WHERE "total" > 0.00
-- gathered: public.orders (id, total)
-- merged: SELECT id FROM orders WHERE total > (SELECT "?column?" FROM pg_temp."answered_1")

SELECT id, (SELECT count(*) FROM lines) AS lines FROM orders WHERE customer IN (SELECT product FROM lines GROUP BY product HAVING sum(qty) > 3);
-- strategy: gather
-- answered first: answered_1 (count): split, SELECT "count"(*) AS "c1" FROM "lines"
-- answered first: answered_2 (product): split, SELECT "product" AS "c1", "sum"("qty") AS "c2" FROM "lines" GROUP BY 1
-- gathered: public.orders (id, customer) reduced by customer in answered_2 (product)
-- merged: SELECT id, (SELECT "count" FROM pg_temp."answered_1") AS lines FROM orders WHERE customer IN (SELECT "product" FROM pg_temp."answered_2")

SELECT id FROM orders WHERE EXISTS (SELECT count(*) FROM lines HAVING count(*) > 3) AND customer NOT IN (SELECT DISTINCT product FROM lines WHERE product IS NOT NULL);
-- strategy: gather
-- answered first: answered_1 (count): split, SELECT "count"(*) AS "c1" FROM "lines"
-- answered first: answered_2 (product): split, SELECT DISTINCT "product" AS "c1" FROM "lines" WHERE "product" IS NOT NULL
-- gathered: public.orders (id, customer)
-- merged: SELECT id FROM orders WHERE EXISTS (SELECT "count" FROM pg_temp."answered_1") AND customer NOT IN (SELECT "product" FROM pg_temp."answered_2")

SELECT ARRAY(SELECT DISTINCT state FROM orders) AS states, count(*) FROM lines;
-- strategy: gather
-- answered first: answered_1 (state): split, SELECT DISTINCT "state" AS "c1" FROM "orders"
-- gathered: public.lines ()
-- merged: SELECT ARRAY(SELECT "state" FROM pg_temp."answered_1") AS states, count(*) FROM lines

-- arms of set operations, with and without parentheses
SELECT count(*) FROM orders UNION ALL SELECT count(*) FROM lines UNION ALL SELECT sum(qty) FROM lines ORDER BY 1 LIMIT 2;
-- strategy: gather
-- answered first: answered_1 (sum): split, SELECT "sum"("qty") AS "c1" FROM "lines"
-- answered first: answered_2 (count): split, SELECT "count"(*) AS "c1" FROM "orders"
-- answered first: answered_3 (count): split, SELECT "count"(*) AS "c1" FROM "lines"
-- merged: SELECT "count" FROM pg_temp."answered_2" UNION ALL SELECT "count" FROM pg_temp."answered_3" UNION ALL SELECT "sum" FROM pg_temp."answered_1" ORDER BY 1 LIMIT 2

(SELECT state, count(*) FROM orders GROUP BY state ORDER BY 2 DESC, 1 LIMIT 2) UNION (SELECT kind, count(*) FROM events GROUP BY kind);
-- strategy: gather
-- answered first: answered_1 (state, count): split, SELECT "state" AS "c1", "count"(*) AS "c2" FROM "orders" GROUP BY 1
-- answered first: answered_2 (kind, count): split, SELECT "kind" AS "c1", "count"(*) AS "c2" FROM "events" GROUP BY 1
-- merged: (SELECT "state", "count" FROM pg_temp."answered_1") UNION (SELECT "kind", "count" FROM pg_temp."answered_2")

SELECT * FROM (SELECT customer FROM orders GROUP BY customer EXCEPT SELECT product FROM lines GROUP BY product) d;
-- strategy: gather
-- answered first: answered_1 (customer): split, SELECT "customer" AS "c1" FROM "orders" GROUP BY 1
-- answered first: answered_2 (product): split, SELECT "product" AS "c1" FROM "lines" GROUP BY 1
-- merged: SELECT * FROM (SELECT "customer" FROM pg_temp."answered_1" EXCEPT SELECT "product" FROM pg_temp."answered_2") d

WITH x AS (SELECT 1) SELECT max(id) FROM orders UNION SELECT max(product) FROM lines;
-- strategy: gather
-- answered first: answered_1 (max): split, SELECT "max"("id") AS "c1" FROM "orders"
-- answered first: answered_2 (max): split, SELECT "max"("product") AS "c1" FROM "lines"
-- merged: WITH x AS (SELECT 1) SELECT "max" FROM pg_temp."answered_1" UNION SELECT "max" FROM pg_temp."answered_2"

-- parameters: those of a subquery are its own
SELECT id FROM orders WHERE total > (SELECT avg(total) FROM orders WHERE state = $2) AND customer = $1;
-- oids: bigint, text
-- strategy: gather
-- answered first: answered_1 (avg) of $2: split, SELECT "avg"("total") AS "c1", "sum"("total") AS "c2" FROM "orders" WHERE "state" = $1
-- gathered: public.orders (id, customer, total) where (("customer" = $1))
-- merged: SELECT id FROM orders WHERE total > (SELECT "avg" FROM pg_temp."answered_1") AND customer = $1

-- one that has no type and stands inside and outside has the type of the whole statement
SELECT id FROM orders WHERE total > (SELECT avg(total) FROM orders WHERE state = $1) AND tag = $1;
-- strategy: gather
-- gathered: public.orders (id, state, total, tag)

-- one server answers it
SELECT l.order_id FROM lines l WHERE l.qty > (SELECT max(total) FROM orders WHERE id = 7);
-- strategy: gather
-- answered first: answered_1 (max) of = '7': one server, SELECT max(total) FROM orders WHERE id = 7
-- gathered: public.lines (order_id, qty)
-- merged: SELECT l.order_id FROM lines l WHERE l.qty > (SELECT "max" FROM pg_temp."answered_1")

SELECT l.order_id FROM lines l WHERE l.qty > (SELECT max(total) FROM orders WHERE id = $1);
-- oids: bigint
-- strategy: gather
-- answered first: answered_1 (max) of $1 of = $1: split, SELECT "max"("total") AS "c1" FROM "orders" WHERE "id" = $1
-- gathered: public.lines (order_id, qty)
-- merged: SELECT l.order_id FROM lines l WHERE l.qty > (SELECT "max" FROM pg_temp."answered_1")

-- part is hidden where it is read, and may be named where all of its rows are answered first
SELECT d.* FROM (SELECT * FROM orders ORDER BY total, id LIMIT 2) d JOIN lines l ON l.qty = d.id;
-- strategy: gather
-- answered first: answered_1 (id, customer, state, total, placed, tag): whole, SELECT "orders"."id", "orders"."customer", "orders"."state", "orders"."total", "orders"."placed", "orders"."tag" FROM orders ORDER BY total, id LIMIT 2
-- gathered: public.lines (qty) reduced by qty in answered_1 (id)
-- merged: SELECT d.* FROM (SELECT "id", "customer", "state", "total", "placed", "tag" FROM pg_temp."answered_1" ORDER BY "total" ASC NULLS LAST, "id" ASC NULLS LAST LIMIT 2) d JOIN lines l ON l.qty = d.id

SELECT p, n FROM (SELECT o.part AS p, count(*) AS n FROM orders o GROUP BY o.part) d WHERE n > (SELECT count(*) / 4.0 FROM lines);
-- strategy: gather
-- answered first: answered_1 (p, n): whole, SELECT o.part AS p, count(*) AS n FROM orders o GROUP BY o.part
-- answered first: answered_2 (?column?): split, SELECT "count"(*) AS "c1" FROM "lines"
-- merged: SELECT p, n FROM (SELECT "p", "n" FROM pg_temp."answered_1") d WHERE n > (SELECT "?column?" FROM pg_temp."answered_2")

-- a name that a text may not have twice
SELECT answered_1.n FROM (SELECT customer, count(*) AS n FROM orders GROUP BY customer) answered_1, lines;
-- strategy: gather
-- answered first: _answered_1 (customer, n): split, SELECT "customer" AS "c1", "count"(*) AS "c2" FROM "orders" GROUP BY 1
-- gathered: public.lines ()
-- merged: SELECT answered_1.n FROM (SELECT "customer", "n" FROM pg_temp."_answered_1") answered_1, lines

-- Not answered first: a row that PostgreSQL might not compute could end the statement.
SELECT d.n FROM (SELECT id, 10 / customer AS n, count(*) FROM orders GROUP BY 1, 2) d, lines WHERE d.id <> 0;
-- strategy: gather
-- gathered: public.lines ()
-- gathered: public.orders (id, customer) with its key

SELECT CASE WHEN l.qty > 0 THEN (SELECT max(tag::int) FROM orders) END FROM lines l;
-- strategy: gather
-- gathered: public.lines (qty)
-- gathered: public.orders (tag)

SELECT l.qty FROM lines l WHERE l.qty = (SELECT customer FROM orders GROUP BY customer) OR l.qty > (SELECT max(qty + line) FROM lines);
-- strategy: gather
-- answered first: answered_1 (customer): split, SELECT "customer" AS "c1" FROM "orders" GROUP BY 1
-- gathered: public.lines (line, qty)
-- merged: SELECT l.qty FROM lines l WHERE l.qty = (SELECT "customer" FROM pg_temp."answered_1") OR l.qty > (SELECT max(qty + line) FROM lines)

-- Not: it looks at what is around it, or a name may.
SELECT id FROM orders o WHERE total > (SELECT avg(l.qty) FROM lines l WHERE l.product = o.customer);
-- strategy: gather
-- gathered: public.orders (id, customer, total)
-- gathered: public.lines (product, qty) reduced by product in public.orders (customer) indexed USING btree ("product")

SELECT id FROM orders WHERE total > (SELECT count(*) FROM lines WHERE product = customer);
-- strategy: gather
-- gathered: public.orders (id, customer, total)
-- gathered: public.lines (product) reduced by product in public.orders (customer) indexed USING btree ("product")

WITH c AS (SELECT 5 AS n) SELECT (SELECT count(*) FROM lines, c WHERE qty = n) FROM orders;
-- strategy: gather
-- gathered: public.orders ()
-- gathered: public.lines (qty)

SELECT (SELECT count(o) FROM lines) FROM orders o;
-- strategy: gather
-- gathered: public.orders (id, customer, state, total, placed, tag)
-- gathered: public.lines ()

-- Not: there would be no fewer rows, or no servers to ask.
SELECT d.id FROM (SELECT id, total FROM orders WHERE total > 5) d JOIN lines l ON l.product = d.id;
-- strategy: gather
-- gathered: public.lines (product) reduced by product in public.orders (id)
-- gathered: public.orders (id, total) where (("total" > 5))

SELECT (SELECT max(price) FROM products), count(*) OVER () FROM orders;
-- strategy: gather
-- gathered: public.orders ()
-- gathered: public.products (price)

-- Not: an output of no type or of no name of its own, a number of rows that is not stated.
SELECT 1 AS a, NULL AS b FROM lines UNION SELECT count(*), 'x' FROM orders;
-- strategy: gather
-- gathered: public.orders ()
-- gathered: public.lines ()

SELECT l.qty FROM lines l, (SELECT customer, count(*), count(*) FROM orders GROUP BY 1) d WHERE l.qty = d.customer;
-- strategy: gather
-- gathered: public.lines (qty) reduced by qty in public.orders (customer)
-- gathered: public.orders (customer)

SELECT l.qty FROM lines l, (SELECT id FROM orders ORDER BY id LIMIT $1) d WHERE l.qty = d.id;
-- oids: bigint
-- strategy: gather
-- gathered: public.lines (qty) reduced by qty in public.orders (id)
-- gathered: public.orders (id)

-- Not: neither whole nor split by itself.
SELECT l.qty FROM lines l WHERE l.qty > (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY total) FROM orders);
-- strategy: gather
-- gathered: public.lines (qty)
-- gathered: public.orders (total)

SELECT l.qty FROM lines l, (SELECT customer, random() AS r FROM orders GROUP BY customer) d;
-- strategy: gather
-- gathered: public.lines (qty)
-- gathered: public.orders (customer)

-- the same subquery is the same table: PostgreSQL compares what is grouped with what is selected
SELECT total > (SELECT avg(total) FROM orders) AS more, rank() OVER (ORDER BY count(*)) FROM orders GROUP BY total > (SELECT avg(total) FROM orders);
-- strategy: gather
-- answered first: answered_1 (avg): split, SELECT "avg"("total") AS "c1", "sum"("total") AS "c2" FROM "orders"
-- gathered: public.orders (total)
-- merged: SELECT total > (SELECT "avg" FROM pg_temp."answered_1") AS more, rank() OVER (ORDER BY count(*)) FROM orders GROUP BY total > (SELECT "avg" FROM pg_temp."answered_1")

-- a name in another case is taken, too
SELECT a.customer, ANSWERED_1.n FROM orders a JOIN (SELECT product, count(*) AS n FROM lines GROUP BY product) answered_1 ON answered_1.product = a.customer;
-- strategy: gather
-- answered first: _answered_1 (product, n): split, SELECT "product" AS "c1", "count"(*) AS "c2" FROM "lines" GROUP BY 1
-- gathered: public.orders (customer) reduced by customer in _answered_1 (product)
-- merged: SELECT a.customer, ANSWERED_1.n FROM orders a JOIN (SELECT "product", "n" FROM pg_temp."_answered_1") answered_1 ON answered_1.product = a.customer

-- Not: the number of rows would be refused.
SELECT CASE WHEN max(l.qty) OVER () > 0 THEN 1 ELSE (SELECT count(*) FROM orders LIMIT -1) END FROM lines l;
-- strategy: gather
-- gathered: public.lines (qty)
-- gathered: public.orders ()
