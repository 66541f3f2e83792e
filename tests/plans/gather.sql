-- What is neither whole on each server nor split is computed over gathered rows.
SELECT string_agg(state, ',' ORDER BY id) FROM orders;
-- strategy: gather
-- reason: not whole: an aggregate without GROUP BY: its rows are on several servers; not split: string_agg with ORDER BY: it needs all rows in one place
-- gathered: public.orders (id, state)

SELECT mode() WITHIN GROUP (ORDER BY state) FROM orders;
-- strategy: gather
-- reason: not whole: an aggregate without GROUP BY: its rows are on several servers; not split: mode WITHIN GROUP: it needs all rows in one place
-- gathered: public.orders (state)

SELECT sum(total ORDER BY id) FROM orders;
-- strategy: gather
-- reason: not whole: an aggregate without GROUP BY: its rows are on several servers; not split: sum with ORDER BY: it needs all rows in one place
-- gathered: public.orders (id, total)

SELECT state, total, count(*) FROM orders GROUP BY state;
-- strategy: gather
-- reason: not whole: GROUP BY: it does not include the key (orders.id); not split: column total: it is neither grouped nor in an aggregate
-- gathered: public.orders (state, total)

SELECT state, (SELECT max(price) FROM products), count(*) FROM orders GROUP BY state;
-- strategy: gather
-- reason: not whole: GROUP BY: it does not include the key (orders.id); not split: a subquery beside aggregates: the merge session has no tables to answer it from
-- gathered: public.orders (state)
-- gathered: public.products (price)

SELECT DISTINCT ON (state) state, id FROM orders;
-- strategy: gather
-- reason: not whole: DISTINCT ON: it does not include the key (orders.id); not split: DISTINCT ON: it keeps one row of several servers
-- gathered: public.orders (id, state)

SELECT rank() OVER (ORDER BY total) FROM orders;
-- strategy: gather
-- reason: not whole: a window function: PARTITION BY does not include the key (orders.id), so that a window has rows on several servers
-- gathered: public.orders (total)

SELECT sum(qty) OVER w FROM lines WINDOW w AS (PARTITION BY product);
-- strategy: gather
-- reason: not whole: a window function: PARTITION BY does not include the key (lines.order_id), so that a window has rows on several servers
-- gathered: public.lines (product, qty)

SELECT JSON_ARRAYAGG(id) FROM orders;
-- strategy: gather
-- reason: not whole: an aggregate without GROUP BY: its rows are on several servers; not split: a JSON aggregate: it is not split
-- gathered: public.orders (id)

SELECT 1 FROM orders o JOIN lines l ON l.product = o.id;
-- strategy: gather
-- reason: not whole: JOIN: public.orders and public.lines are not joined by their whole keys
-- gathered: public.orders (id)
-- gathered: public.lines (product)

SELECT 1 FROM orders, lines;
-- strategy: gather
-- reason: not whole: JOIN: public.orders and public.lines are not joined by their whole keys
-- gathered: public.orders ()
-- gathered: public.lines ()

SELECT 1 FROM events a JOIN events b ON a.tenant = b.tenant;
-- strategy: gather
-- reason: not whole: JOIN: public.events and public.events are not joined by their whole keys
-- gathered: public.events (tenant)

SELECT 1 FROM orders o JOIN trips t ON t.plane = o.state;
-- strategy: gather
-- reason: not whole: JOIN: the keys of public.orders and public.trips are of different types, so they are not colocated
-- gathered: public.orders (state)
-- gathered: public.trips (plane)

SELECT 1 FROM orders o JOIN lines l ON l.order_id::text = o.id::text;
-- strategy: gather
-- reason: not whole: JOIN: public.orders and public.lines are not joined by their whole keys
-- gathered: public.orders (id)
-- gathered: public.lines (order_id)

SELECT 1 FROM products p LEFT JOIN orders o ON o.customer = p.id;
-- strategy: gather
-- reason: not whole: LEFT JOIN: rows of public.products that have no match on one server may have one on another
-- gathered: public.products (id)
-- gathered: public.orders (customer)

SELECT 1 FROM orders o RIGHT JOIN products p ON o.customer = p.id;
-- strategy: gather
-- reason: not whole: RIGHT JOIN: rows of public.products that have no match on one server may have one on another
-- gathered: public.orders (customer)
-- gathered: public.products (id)

SELECT 1 FROM orders o FULL JOIN products p ON o.customer = p.id;
-- strategy: gather
-- reason: not whole: FULL JOIN: rows of public.orders that have no match on one server may have one on another
-- gathered: public.orders (customer)
-- gathered: public.products (id)

SELECT 1 FROM orders o LEFT JOIN lines l ON l.qty = 1 WHERE l.order_id = o.id;
-- strategy: gather
-- reason: not whole: JOIN: public.orders and public.lines are not joined by their whole keys
-- gathered: public.orders (id)
-- gathered: public.lines (order_id, qty) where (("qty" = 1))

SELECT id FROM orders WHERE id NOT IN (SELECT order_id FROM lines);
-- strategy: gather
-- reason: not whole: a subquery over public.lines (WHERE): its rows are not tied by the key to the row around it
-- gathered: public.orders (id)
-- gathered: public.lines (order_id)

SELECT id FROM orders WHERE customer IN (SELECT order_id FROM lines);
-- strategy: gather
-- reason: not whole: a subquery over public.lines (WHERE): its rows are not tied by the key to the row around it
-- gathered: public.orders (id, customer)
-- gathered: public.lines (order_id)

SELECT id FROM orders WHERE id IN (SELECT order_id FROM lines LIMIT 5);
-- strategy: gather
-- reason: not whole: LIMIT: in a subquery it would cut the rows of each server by itself
-- answered first: answered_1 (order_id): whole, SELECT order_id FROM lines LIMIT 5
-- gathered: public.orders (id)
-- merged: SELECT id FROM orders WHERE id IN (SELECT "order_id" FROM pg_temp."answered_1" LIMIT 5)

SELECT id FROM orders WHERE id IN (SELECT order_id FROM lines) OR state = 'new';
-- strategy: gather
-- reason: not whole: a subquery over public.lines (WHERE): its rows are not tied by the key to the row around it
-- gathered: public.orders (id, state)
-- gathered: public.lines (order_id)

SELECT id FROM orders WHERE total > (SELECT avg(total) FROM orders);
-- strategy: gather
-- reason: not whole: a subquery over public.orders (WHERE): its rows are not tied by the key to the row around it
-- gathered: public.orders (id, total)

SELECT id FROM products p WHERE EXISTS (SELECT 1 FROM orders o WHERE o.customer = p.id);
-- strategy: gather
-- reason: not whole: a subquery over a sharded table: the tables around it are on every server
-- gathered: public.products (id)
-- gathered: public.orders (customer)

SELECT id FROM orders WHERE customer IN (SELECT id FROM products LIMIT 1);
-- strategy: gather
-- reason: not whole: LIMIT: in a subquery over reference tables it may keep other rows on each server
-- gathered: public.orders (id, customer)
-- gathered: public.products (id)

SELECT id FROM orders WHERE state = (SELECT string_agg(name, ',') FROM products);
-- strategy: gather
-- reason: not whole: string_agg in a subquery over reference tables: the order of rows may differ
-- gathered: public.orders (id, state)
-- gathered: public.products (name)

SELECT id FROM orders o WHERE 3 = (SELECT max(o.total));
-- strategy: gather
-- reason: not whole: an aggregate in a subquery over columns of the query around it; not split: an aggregate in a subquery over columns of the query around it
-- gathered: public.orders (id, total)

SELECT count(*) FROM (SELECT id FROM orders ORDER BY total LIMIT 3) s;
-- strategy: gather
-- reason: not whole: LIMIT: in a subquery it would cut the rows of each server by itself; not split: LIMIT: in a subquery it would cut the rows of each server by itself
-- answered first: answered_1 (id, sort_1): whole, SELECT id, "total" AS "sort_1" FROM orders ORDER BY total LIMIT 3
-- merged: SELECT count(*) FROM (SELECT "id" FROM pg_temp."answered_1" ORDER BY "sort_1" ASC NULLS LAST LIMIT 3) s

SELECT count(*) FROM (SELECT DISTINCT state FROM orders) s;
-- strategy: gather
-- reason: not whole: DISTINCT: it does not include the key (orders.id); not split: DISTINCT: it does not include the key (orders.id)
-- answered first: answered_1 (state): split, SELECT DISTINCT "state" AS "c1" FROM "orders"
-- merged: SELECT count(*) FROM (SELECT "state" FROM pg_temp."answered_1") s

SELECT max(n) FROM (SELECT state, count(*) AS n FROM orders GROUP BY state) s;
-- strategy: gather
-- reason: not whole: GROUP BY: it does not include the key (orders.id); not split: GROUP BY: it does not include the key (orders.id)
-- answered first: answered_1 (state, n): split, SELECT "state" AS "c1", "count"(*) AS "c2" FROM "orders" GROUP BY 1
-- merged: SELECT max(n) FROM (SELECT "state", "n" FROM pg_temp."answered_1") s

WITH RECURSIVE r AS (SELECT id FROM orders UNION SELECT r.id FROM r JOIN orders o ON o.id = r.id) SELECT * FROM r;
-- strategy: gather
-- reason: not whole: WITH RECURSIVE r: a recursion over several servers
-- gathered: public.orders (id)

SELECT a.id FROM orders a JOIN (WITH o AS (SELECT id FROM orders) SELECT x.id FROM o x, o y) s ON s.id = a.id;
-- strategy: gather
-- reason: not whole: JOIN: x and y are not joined by their whole keys
-- gathered: public.orders (id)

SELECT id, now() FROM orders;
-- strategy: gather
-- reason: not whole: now(): each server has a clock of its own; pass the value as a parameter; not split: now(): each server has a clock of its own; pass the value as a parameter
-- gathered: public.orders (id)

SELECT id FROM orders WHERE placed < CURRENT_DATE;
-- strategy: gather
-- reason: not whole: CURRENT_DATE: each server has a clock of its own; pass the value as a parameter; not split: CURRENT_DATE: each server has a clock of its own; pass the value as a parameter
-- gathered: public.orders (id, placed)

SELECT id FROM orders WHERE placed < 'yesterday';
-- strategy: gather
-- reason: not whole: 'yesterday': each server has a clock of its own; pass the value as a parameter; not split: 'yesterday': each server has a clock of its own; pass the value as a parameter
-- gathered: public.orders (id, placed)

SELECT id FROM orders WHERE age(placed) > '1 day';
-- strategy: gather
-- reason: not whole: age(): each server has a clock of its own; pass the value as a parameter; not split: age(): each server has a clock of its own; pass the value as a parameter
-- gathered: public.orders (id, placed)

SELECT id, current_user FROM orders;
-- strategy: gather
-- reason: not whole: CURRENT_USER: its value may differ between servers; not split: CURRENT_USER: its value may differ between servers
-- gathered: public.orders (id)

SELECT id FROM orders ORDER BY random();
-- strategy: gather
-- reason: not whole: function random: it is volatile, so that each server would give a value of its own; not split: function random: it is volatile, so that each server would give a value of its own
-- gathered: public.orders (id)

SELECT id FROM orders ORDER BY id LIMIT 1 + 1;
-- strategy: gather
-- reason: not whole: LIMIT: it is an expression; over several servers it must be a number or a parameter
-- gathered: public.orders (id)

SELECT id FROM orders ORDER BY total FETCH FIRST 3 ROWS WITH TIES;
-- strategy: gather
-- reason: not whole: FETCH ... WITH TIES: ties may be on other servers
-- gathered: public.orders (id, total)

SELECT id FROM orders ORDER BY id USING >;
-- strategy: gather
-- reason: not whole: ORDER BY ... USING: an order by an operator is not reproduced over several servers
-- gathered: public.orders (id)

(SELECT id FROM orders) ORDER BY id OFFSET 3;
-- strategy: gather
-- reason: not whole: a SELECT in parentheses: its clauses are not found; leave the parentheses out
-- gathered: public.orders (id)

SELECT state || $1, count(*) FROM orders WHERE state > $1 GROUP BY state;
-- strategy: gather
-- reason: not whole: GROUP BY: it does not include the key (orders.id); not split: $1: it has no type and stands in several clauses; cast it to its type
-- gathered: public.orders (state)

SELECT kind FROM events WHERE tenant = 'a' AND day = 'yesterday';
-- strategy: gather
-- reason: not whole: 'yesterday': each server has a clock of its own; pass the value as a parameter; not split: 'yesterday': each server has a clock of its own; pass the value as a parameter
-- gathered: public.events (tenant, day, kind) where (("tenant" = 'a'))

SELECT 1 FROM products p LEFT JOIN orders o ON o.id = p.id WHERE o.id IS NULL;
-- strategy: gather
-- reason: not whole: LEFT JOIN: rows of public.products that have no match on one server may have one on another
-- gathered: public.products (id)
-- gathered: public.orders (id)

SELECT 1 FROM orders o JOIN trips t ON t.plane = o.state WHERE o.id = 5 AND t.plane = 'N1';
-- strategy: gather
-- reason: not whole: JOIN: the keys of public.orders and public.trips are of different types, so they are not colocated
-- gathered: public.orders (id, state) of = '5' where (("id" = 5))
-- gathered: public.trips (plane) of = 'N1' where (("plane" = 'N1'))

SELECT 1 FROM orders o JOIN trips t ON t.plane = o.state WHERE o.id = 5;
-- strategy: gather
-- reason: not whole: JOIN: the keys of public.orders and public.trips are of different types, so they are not colocated
-- gathered: public.orders (id, state) of = '5' where (("id" = 5))
-- gathered: public.trips (plane)

SELECT 1 FROM orders WHERE id = 5 AND total > (SELECT avg(total) FROM orders);
-- strategy: gather
-- reason: not whole: a subquery over public.orders (WHERE): its rows are not tied by the key to the row around it
-- answered first: answered_1 (avg): split, SELECT "avg"("total") AS "c1", "sum"("total") AS "c2" FROM "orders"
-- gathered: public.orders (id, total) of = '5' where (("id" = 5))
-- merged: SELECT 1 FROM orders WHERE id = 5 AND total > (SELECT "avg" FROM pg_temp."answered_1")

SELECT s.id FROM (SELECT id FROM orders LIMIT 3) s WHERE s.id = 5;
-- strategy: gather
-- reason: not whole: LIMIT: in a subquery it would cut the rows of each server by itself
-- answered first: answered_1 (id): whole, SELECT id FROM orders LIMIT 3
-- merged: SELECT s.id FROM (SELECT "id" FROM pg_temp."answered_1" LIMIT 3) s WHERE s.id = 5

SELECT s.id FROM (SELECT id, rank() OVER (ORDER BY total) FROM orders) s WHERE s.id = 5;
-- strategy: gather
-- reason: not whole: a window function: PARTITION BY does not include the key (orders.id), so that a window has rows on several servers
-- gathered: public.orders (id, total)

WITH RECURSIVE r AS (SELECT id FROM orders WHERE id = 5 UNION SELECT r.id + 1 FROM r JOIN orders o ON o.id = r.id) SELECT * FROM r;
-- strategy: gather
-- reason: not whole: WITH RECURSIVE r: a recursion over several servers
-- gathered: public.orders (id)

-- A star of EXISTS looks at no column, others at all of their tables'.
SELECT name FROM products p WHERE NOT EXISTS (SELECT * FROM orders WHERE customer = p.id);
-- gathered: public.products (id, name)
-- gathered: public.orders (customer)

SELECT (SELECT count(*) FROM (SELECT o.* FROM orders o) s) FROM lines l;
-- gathered: public.lines ()

SELECT 1 FROM products p WHERE p.id IN (SELECT count(s) FROM (SELECT * FROM lines) s);
-- gathered: public.products (id)
-- gathered: public.lines (order_id, line, product, qty, weight)

-- Rows that a subquery looks up for each row around it get an index.
SELECT id FROM orders o WHERE total > (SELECT avg(l.qty) FROM lines l WHERE l.product = o.customer AND o.state = 'x' AND o.id = l.line);
-- gathered: public.orders (id, customer, state, total)
-- gathered: public.lines (line, product, qty) indexed USING btree ("product", "line")

SELECT (SELECT max(o.total) FROM orders o WHERE o.state = p.name) FROM products p;
-- gathered: public.products (name)
-- gathered: public.orders (state, total) indexed USING hash ("state")

SELECT p.id, x.n FROM products p, LATERAL (SELECT count(*) AS n FROM orders o WHERE o.customer = p.id) x;
-- gathered: public.products (id)
-- gathered: public.orders (customer) indexed USING btree ("customer")

-- Aggregates that are not split.
SELECT count(DISTINCT $1) FROM orders;
-- strategy: gather
-- reason: not whole: an aggregate without GROUP BY: its rows are on several servers; not split: DISTINCT in an aggregate over a parameter that has no type; cast it to its type
-- gathered: public.orders ()

SELECT string_agg(state, $1) FROM orders;
-- strategy: gather
-- reason: not whole: an aggregate without GROUP BY: its rows are on several servers; not split: string_agg: its delimiter is no constant
-- gathered: public.orders (state)

SELECT string_agg(state, tag) FROM orders;
-- strategy: gather
-- reason: not whole: an aggregate without GROUP BY: its rows are on several servers; not split: string_agg: its delimiter is no constant
-- gathered: public.orders (state, tag)

SELECT json_agg(id ORDER BY id) FROM orders;
-- strategy: gather
-- reason: not whole: an aggregate without GROUP BY: its rows are on several servers; not split: json_agg with ORDER BY: it needs all rows in one place
-- gathered: public.orders (id)

SELECT string_agg(DISTINCT state, ',' ORDER BY upper(state)) FROM orders;
-- strategy: gather
-- reason: not whole: an aggregate without GROUP BY: its rows are on several servers; not split: DISTINCT with ORDER BY in an aggregate: it does not sort by the arguments
-- gathered: public.orders (state)

SELECT array_agg(tag) FROM orders;
-- strategy: gather
-- reason: not whole: an aggregate without GROUP BY: its rows are on several servers; not split: array_agg of texts with the collation "C": it would not be kept
-- gathered: public.orders (tag)

SELECT xmlagg(state::xml) FROM orders;
-- strategy: gather
-- reason: not whole: an aggregate without GROUP BY: its rows are on several servers; not split: xmlagg: it is not known how it is put together from the parts of several servers
-- gathered: public.orders (state)

SELECT id, total, count(*) FROM orders GROUP BY ROLLUP (id);
-- strategy: gather
-- reason: not whole: GROUPING SETS, ROLLUP or CUBE: some groups have rows on several servers; not split: column total: it is neither grouped nor in an aggregate
-- gathered: public.orders (id, total) with its key

-- Conditions of a subquery are taken along where they fail for no row: it may never run.
SELECT o.id FROM orders o WHERE o.total > (SELECT avg(l.qty) FROM lines l WHERE l.product = o.customer AND 10 / l.qty > 1 AND l.line = 2);
-- strategy: gather
-- gathered: public.orders (id, customer, total)
-- gathered: public.lines (line, product, qty) where (("line" = 2)) indexed USING btree ("product")

SELECT o.id FROM orders o WHERE EXISTS (SELECT FROM lines l WHERE l.product = o.customer AND l.weight::text = '1' AND (l.line IN (1, 2) OR l.qty IS NULL));
-- strategy: gather
-- gathered: public.orders (id, customer)
-- gathered: public.lines (line, product, qty, weight) where ((("line" IN (1, 2)) OR ("qty" IS NULL)))

-- A value of NULLIF has a collation, although its operator is the one of a comparison.
SELECT nullif(state, tag) FROM orders ORDER BY 1;
-- strategy: gather
-- reason: not whole: ORDER BY: the collation of an expression over tag is not known; add COLLATE

SELECT sum(total * $1), count(DISTINCT customer + $1) FROM orders;
-- strategy: gather
-- reason: not whole: an aggregate without GROUP BY: its rows are on several servers; not split: $1: it has no type and stands in several expressions; cast it to its type
-- gathered: public.orders (customer, total)

-- PostgreSQL 15 to 17 show a constant also in the sets that are not grouped by it; they are left to do so.
SELECT coalesce(state, 'none'), count(*) FROM orders GROUP BY ROLLUP (coalesce(state, 'none'));
-- strategy: gather
-- gathered: public.orders (state)
