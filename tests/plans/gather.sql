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
-- gathered: public.orders (id) reduced by id in public.lines (product)
-- gathered: public.lines (product) reduced by product in public.orders (id)

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
-- gathered: public.orders (state) reduced by state in public.trips (plane)
-- gathered: public.trips (plane) reduced by plane in public.orders (state)

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
-- gathered: public.orders (id) reduced by id in public.lines (order_id)
-- gathered: public.lines (order_id, qty) where (("qty" = 1)) reduced by order_id in public.orders (id)

SELECT id FROM orders WHERE id NOT IN (SELECT order_id FROM lines);
-- strategy: gather
-- reason: not whole: a subquery over public.lines (WHERE): its rows are not tied by the key to the row around it
-- gathered: public.orders (id)
-- gathered: public.lines (order_id)

SELECT id FROM orders WHERE customer IN (SELECT order_id FROM lines);
-- strategy: gather
-- reason: not whole: a subquery over public.lines (WHERE): its rows are not tied by the key to the row around it
-- gathered: public.orders (id, customer) reduced by customer in public.lines (order_id)
-- gathered: public.lines (order_id)

SELECT id FROM orders WHERE id IN (SELECT order_id FROM lines LIMIT 5);
-- strategy: gather
-- reason: not whole: LIMIT: in a subquery it would cut the rows of each server by itself
-- answered first: answered_1 (order_id): whole, SELECT order_id FROM lines LIMIT 5
-- gathered: public.orders (id) reduced by id in answered_1 (order_id)
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
-- gathered: public.products (id) reduced by id in public.orders (customer)
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
-- gathered: public.orders (id, state) of = '5' where (("id" = 5)) reduced by state in public.trips (plane)
-- gathered: public.trips (plane) of = 'N1' where (("plane" = 'N1')) reduced by plane in public.orders (state)

SELECT 1 FROM orders o JOIN trips t ON t.plane = o.state WHERE o.id = 5;
-- strategy: gather
-- reason: not whole: JOIN: the keys of public.orders and public.trips are of different types, so they are not colocated
-- gathered: public.orders (id, state) of = '5' where (("id" = 5)) reduced by state in public.trips (plane)
-- gathered: public.trips (plane) reduced by plane in public.orders (state)

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
-- gathered: public.lines (line, product, qty) reduced by product in public.orders (customer) and line in public.orders (id) indexed USING btree ("product", "line")

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
-- gathered: public.lines (line, product, qty) where (("line" = 2)) reduced by product in public.orders (customer) indexed USING btree ("product")

SELECT o.id FROM orders o WHERE EXISTS (SELECT FROM lines l WHERE l.product = o.customer AND l.weight::text = '1' AND (l.line IN (1, 2) OR l.qty IS NULL));
-- strategy: gather
-- gathered: public.orders (id, customer) reduced by customer in public.lines (product)
-- gathered: public.lines (line, product, qty, weight) where ((("line" IN (1, 2)) OR ("qty" IS NULL))) reduced by product in public.orders (customer)

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

-- Rows of a table matter only where rows of another, gathered first, have their values; those of reference tables
-- that are filtered are looked up on the servers.
SELECT l.qty FROM lines l JOIN products p ON p.id = l.product JOIN trips t ON t.minutes = l.line WHERE p.kind = 'x';
-- strategy: gather
-- gathered: public.lines (line, product, qty) where (("product" IN (SELECT "id" FROM "public"."products" WHERE ("kind" = 'x')))) reduced by line in public.trips (minutes)
-- gathered: public.products (id, kind) where (("kind" = 'x')) reduced by id in public.lines (product)
-- gathered: public.trips (minutes) reduced by minutes in public.lines (line)

SELECT l.qty, count(*) OVER () FROM lines l JOIN products p ON p.id = l.product WHERE p.kind = $1 AND p.price > $2;
-- strategy: gather
-- gathered: public.lines (product, qty) where (("product" IN (SELECT "id" FROM "public"."products" WHERE ("kind" = $1) AND ("price" > $2))))
-- gathered: public.products (id, price, kind) where (("kind" = $1) AND ("price" > $2)) reduced by id in public.lines (product)

SELECT l.qty, count(*) OVER () FROM lines l JOIN products p ON p.id = l.product;
-- strategy: gather
-- gathered: public.lines (product, qty)
-- gathered: public.products (id) reduced by id in public.lines (product)

SELECT l.qty, count(*) OVER () FROM lines l, products p, shops s WHERE p.id = l.product AND p.name = s.code AND s.opened > '2026-01-01';
-- strategy: gather
-- gathered: public.lines (product, qty) where (("product" IN (SELECT "id" FROM "public"."products" WHERE ("name" IN (SELECT "code" FROM "public"."shops" WHERE ("opened" > '2026-01-01'))))))
-- gathered: public.products (id, name) where (("name" IN (SELECT "code" FROM "public"."shops" WHERE ("opened" > '2026-01-01')))) reduced by id in public.lines (product)
-- gathered: public.shops (code, opened) where (("opened" > '2026-01-01'))

SELECT count(*) OVER () FROM orders o JOIN lines l ON l.product = o.id JOIN products p ON p.id = o.customer WHERE p.kind = 'x';
-- strategy: gather
-- gathered: public.orders (id, customer) where (("customer" IN (SELECT "id" FROM "public"."products" WHERE ("kind" = 'x')))) reduced by id in public.lines (product)
-- gathered: public.lines (product) reduced by product in public.orders (id)
-- gathered: public.products (id, kind) where (("kind" = 'x')) reduced by id in public.orders (customer)

-- The nullable side of an outer join is reduced by the other, never the other way round.
SELECT 1 FROM orders o LEFT JOIN lines l ON l.product = o.customer;
-- strategy: gather
-- gathered: public.orders (customer)
-- gathered: public.lines (product) reduced by product in public.orders (customer)

SELECT 1 FROM orders o RIGHT JOIN lines l ON l.product = o.customer;
-- strategy: gather
-- gathered: public.orders (customer) reduced by customer in public.lines (product)
-- gathered: public.lines (product)

SELECT 1 FROM orders o FULL JOIN lines l ON l.product = o.customer;
-- strategy: gather
-- gathered: public.orders (customer)
-- gathered: public.lines (product)

SELECT count(*) OVER () FROM orders o LEFT JOIN products p ON p.id = o.customer AND p.kind = 'x';
-- strategy: gather
-- gathered: public.orders (customer)
-- gathered: public.products (id, kind) where (("kind" = 'x')) reduced by id in public.orders (customer)

SELECT count(*) OVER () FROM products p LEFT JOIN orders o ON p.id = o.customer WHERE p.kind = 'x';
-- strategy: gather
-- gathered: public.products (id, kind) where (("kind" = 'x'))
-- gathered: public.orders (customer) where (("customer" IN (SELECT "id" FROM "public"."products" WHERE ("kind" = 'x'))))

-- A condition from further out that is not true for NULL makes it an inner join.
SELECT 1 FROM orders o LEFT JOIN lines l ON l.line = 3 WHERE l.product = o.customer;
-- strategy: gather
-- gathered: public.orders (customer) reduced by customer in public.lines (product)
-- gathered: public.lines (line, product) where (("line" = 3)) reduced by product in public.orders (customer)

SELECT 1 FROM (orders o FULL JOIN lines l ON l.line = 3) JOIN trips t ON t.minutes = l.product;
-- strategy: gather
-- gathered: public.orders ()
-- gathered: public.lines (line, product) reduced by product in public.trips (minutes)
-- gathered: public.trips (minutes) reduced by minutes in public.lines (product)

SELECT count(*) OVER () FROM orders o LEFT JOIN lines l ON l.line = o.customer WHERE l.product IN (SELECT p.id FROM products p WHERE p.kind = 'x');
-- strategy: gather
-- gathered: public.orders (customer)
-- gathered: public.lines (line, product) where (("product" IN (SELECT "id" FROM "public"."products" WHERE ("kind" = 'x')))) reduced by line in public.orders (customer)
-- gathered: public.products (id, kind) where (("kind" = 'x'))

-- IN and EXISTS where they must be true; never NOT IN, NOT EXISTS, OR, and what is true of no rows.
SELECT o.id FROM orders o WHERE o.customer IN (SELECT l.product FROM lines l WHERE l.qty > 5);
-- strategy: gather
-- gathered: public.orders (id, customer) reduced by customer in public.lines (product)
-- gathered: public.lines (product, qty) where (("qty" > 5))

SELECT o.id FROM orders o WHERE (o.customer, o.placed) IN (SELECT l.product, t.day FROM lines l, trips t WHERE t.minutes = 5);
-- strategy: gather
-- gathered: public.orders (id, customer, placed) reduced by customer in public.lines (product) and placed in public.trips (day)
-- gathered: public.lines (product)
-- gathered: public.trips (day, minutes) where (("minutes" = 5))

SELECT o.id FROM orders o WHERE o.customer NOT IN (SELECT l.product FROM lines l WHERE l.qty > 5);
-- strategy: gather
-- gathered: public.orders (id, customer)
-- gathered: public.lines (product, qty) where (("qty" > 5))

SELECT o.id FROM orders o WHERE o.customer IN (SELECT l.product FROM lines l WHERE l.qty > 5) OR o.id = 7;
-- strategy: gather
-- gathered: public.orders (id, customer)
-- gathered: public.lines (product, qty) where (("qty" > 5))

SELECT o.id FROM orders o WHERE (o.customer IN (SELECT l.product FROM lines l)) IS NOT TRUE;
-- strategy: gather
-- gathered: public.orders (id, customer)
-- gathered: public.lines (product)

SELECT o.id FROM orders o WHERE o.customer <> ANY (SELECT l.product FROM lines l);
-- strategy: gather
-- gathered: public.orders (id, customer)
-- gathered: public.lines (product)

SELECT o.id FROM orders o WHERE o.customer = ALL (SELECT l.product FROM lines l);
-- strategy: gather
-- gathered: public.orders (id, customer)
-- gathered: public.lines (product)

SELECT o.id FROM orders o WHERE o.customer IN (SELECT l.product + 1 FROM lines l);
-- strategy: gather
-- gathered: public.orders (id, customer)
-- gathered: public.lines (product)

SELECT o.id FROM orders o WHERE o.customer IN (SELECT l.product FROM lines l UNION SELECT l.line FROM lines l);
-- strategy: gather
-- gathered: public.orders (id, customer)
-- gathered: public.lines (line, product)

SELECT o.id FROM orders o WHERE EXISTS (SELECT FROM lines l WHERE l.product = o.customer AND l.qty > 5);
-- strategy: gather
-- gathered: public.orders (id, customer) reduced by customer in public.lines (product)
-- gathered: public.lines (product, qty) where (("qty" > 5)) reduced by product in public.orders (customer)

SELECT o.id FROM orders o WHERE NOT EXISTS (SELECT FROM lines l WHERE l.product = o.customer AND l.qty > 5);
-- strategy: gather
-- gathered: public.orders (id, customer)
-- gathered: public.lines (product, qty) where (("qty" > 5)) reduced by product in public.orders (customer)

SELECT o.id FROM orders o WHERE EXISTS (SELECT count(*) FROM lines l WHERE l.product = o.customer);
-- strategy: gather
-- gathered: public.orders (id, customer)
-- gathered: public.lines (product) reduced by product in public.orders (customer)

SELECT o.id FROM orders o WHERE EXISTS (SELECT 1 FROM lines l WHERE l.product = o.customer HAVING true);
-- strategy: gather
-- gathered: public.orders (id, customer)
-- gathered: public.lines (product) reduced by product in public.orders (customer)

SELECT o.id FROM orders o WHERE EXISTS (SELECT 1 FROM lines l WHERE l.product = o.customer GROUP BY GROUPING SETS ((), (l.line)));
-- strategy: gather
-- gathered: public.orders (id, customer) with its key
-- gathered: public.lines (line, product) reduced by product in public.orders (customer)

SELECT o.id FROM orders o WHERE EXISTS (SELECT 1 FROM trips t LEFT JOIN lines l ON l.product = o.customer);
-- strategy: gather
-- gathered: public.orders (id, customer)
-- gathered: public.trips ()
-- gathered: public.lines (product) reduced by product in public.orders (customer)

SELECT o.id FROM orders o WHERE EXISTS (SELECT FROM lines l JOIN products p ON p.id = l.product AND p.id = o.customer WHERE p.kind = 'x' AND l.qty = 2);
-- strategy: gather
-- gathered: public.orders (id, customer) where (("customer" IN (SELECT "id" FROM "public"."products" WHERE ("kind" = 'x')))) reduced by customer in public.lines (product)
-- gathered: public.lines (product, qty) where (("qty" = 2) AND ("product" IN (SELECT "id" FROM "public"."products" WHERE ("kind" = 'x')))) reduced by product in public.orders (customer)
-- gathered: public.products (id, kind) where (("kind" = 'x')) reduced by id in public.lines (product) and id in public.orders (customer)

SELECT o.id FROM orders o WHERE o.customer = (SELECT l.product FROM lines l ORDER BY l.line LIMIT 1);
-- strategy: gather
-- answered first: answered_1 (product, sort_1): whole, SELECT l.product, "l"."line" AS "sort_1" FROM lines l ORDER BY l.line LIMIT 1
-- gathered: public.orders (id, customer) reduced by customer in answered_1 (product)
-- merged: SELECT o.id FROM orders o WHERE o.customer = (SELECT "product" FROM pg_temp."answered_1" ORDER BY "sort_1" ASC NULLS LAST LIMIT 1)

-- A subquery's rows by those around it, whatever it computes.
SELECT o.id, (SELECT count(*) FROM lines l WHERE l.product = o.customer) FROM orders o WHERE o.state = 'new';
-- strategy: gather
-- gathered: public.orders (id, customer, state) where (("state" = 'new'))
-- gathered: public.lines (product) reduced by product in public.orders (customer) indexed USING btree ("product")

SELECT sum(l.qty) OVER () FROM lines l, products p WHERE p.id = l.product AND p.kind = 'x' AND l.qty < (SELECT avg(i.qty) FROM lines i WHERE i.product = p.id);
-- strategy: gather
-- gathered: public.lines (product, qty) where (("product" IN (SELECT "id" FROM "public"."products" WHERE ("kind" = 'x')))) indexed USING btree ("product")
-- gathered: public.products (id, kind) where (("kind" = 'x')) reduced by id in public.lines (product)

SELECT o.id, x.n FROM orders o, LATERAL (SELECT count(*) AS n FROM lines l WHERE l.product = o.customer) x WHERE o.state = 'new';
-- strategy: gather
-- gathered: public.orders (id, customer, state) where (("state" = 'new'))
-- gathered: public.lines (product) reduced by product in public.orders (customer) indexed USING btree ("product")

-- Through subqueries and CTEs that pass a column on; not through what they compute.
SELECT 1 FROM orders o JOIN (SELECT DISTINCT l.product AS p FROM lines l WHERE l.qty > 5) x ON x.p = o.customer;
-- strategy: gather
-- answered first: answered_1 (p): split, SELECT DISTINCT "l"."product" AS "c1" FROM "lines" AS "l" WHERE "l"."qty" > 5
-- gathered: public.orders (customer) reduced by customer in answered_1 (p)
-- merged: SELECT 1 FROM orders o JOIN (SELECT "p" FROM pg_temp."answered_1") x ON x.p = o.customer

WITH x (p) AS (SELECT l.product FROM lines l GROUP BY GROUPING SETS (l.product, ())) SELECT 1 FROM orders o JOIN x ON x.p = o.customer;
-- strategy: gather
-- answered first: answered_1 (product): split, SELECT "l"."product" AS "c1" FROM "lines" AS "l" GROUP BY 1
-- gathered: public.orders (customer) reduced by customer in answered_1 (product)
-- merged: WITH x (p) AS (SELECT "product" FROM pg_temp."answered_1") SELECT 1 FROM orders o JOIN x ON x.p = o.customer

SELECT 1 FROM orders o JOIN (SELECT l.product AS p FROM lines l WHERE l.qty > 5) x ON x.p = o.customer;
-- strategy: gather
-- gathered: public.orders (customer) reduced by customer in public.lines (product)
-- gathered: public.lines (product, qty) where (("qty" > 5))

WITH x (a, b) AS (SELECT l.line, l.product FROM lines l) SELECT 1 FROM orders o JOIN x ON x.b = o.customer LEFT JOIN x y ON y.a = o.id;
-- strategy: gather
-- gathered: public.orders (id, customer) reduced by customer in public.lines (product)
-- gathered: public.lines (line, product)

SELECT 1 FROM orders o JOIN (SELECT max(l.product) AS p FROM lines l) x ON x.p = o.customer;
-- strategy: gather
-- answered first: answered_1 (p): split, SELECT "max"("l"."product") AS "c1" FROM "lines" AS "l"
-- gathered: public.orders (customer)
-- merged: SELECT 1 FROM orders o JOIN (SELECT "p" FROM pg_temp."answered_1") x ON x.p = o.customer

SELECT 1 FROM orders o JOIN (SELECT l.product AS p FROM lines l UNION ALL SELECT 1) x ON x.p = o.customer;
-- strategy: gather
-- gathered: public.orders (customer)
-- gathered: public.lines (product)

WITH RECURSIVE x (p) AS (SELECT l.product FROM lines l UNION SELECT t.minutes FROM trips t, x WHERE t.minutes = x.p) SELECT 1 FROM orders o JOIN x ON x.p = o.customer;
-- strategy: gather
-- gathered: public.orders (customer)
-- gathered: public.trips (minutes)
-- gathered: public.lines (product)

-- One table in several places: a row matters where one of them needs it.
SELECT 1 FROM orders o JOIN lines l ON l.product = o.customer WHERE o.total > (SELECT avg(i.qty) FROM lines i WHERE i.qty < o.total);
-- strategy: gather
-- gathered: public.orders (customer, total) reduced by customer in public.lines (product)
-- gathered: public.lines (product, qty)

SELECT 1 FROM orders o JOIN lines l ON l.product = o.customer WHERE o.total > (SELECT avg(i.qty) FROM lines i WHERE i.line = 2 AND i.qty < o.total);
-- strategy: gather
-- gathered: public.orders (customer, total) reduced by customer in public.lines (product)
-- gathered: public.lines (line, product, qty) reduced by product in public.orders (customer)

SELECT l.qty FROM lines l JOIN products p ON p.id = l.product WHERE p.kind = 'x' UNION SELECT l.line FROM lines l JOIN products p ON p.id = l.line WHERE p.kind = 'y';
-- strategy: gather
-- gathered: public.lines (line, product, qty) where (("line" IN (SELECT "id" FROM "public"."products" WHERE ("kind" = 'y')))) OR (("product" IN (SELECT "id" FROM "public"."products" WHERE ("kind" = 'x'))))
-- gathered: public.products (id, kind) where (("kind" = 'y')) OR (("kind" = 'x')) reduced by id in public.lines (line) or id in public.lines (product)

SELECT 1 FROM lines a JOIN lines b ON a.product = b.line;
-- strategy: gather
-- gathered: public.lines (line, product)

-- USING and NATURAL, and the merged column of a FULL JOIN.
SELECT 1 FROM trips t JOIN events e USING (day);
-- strategy: gather
-- gathered: public.trips (day) reduced by day in public.events (day)
-- gathered: public.events (day) reduced by day in public.trips (day)

SELECT 1 FROM trips t LEFT JOIN events e USING (day) JOIN shops s ON s.opened = day AND s.code = 'x';
-- strategy: gather
-- gathered: public.trips (day) where (("day" IN (SELECT "opened" FROM "public"."shops" WHERE ("code" = 'x'))))
-- gathered: public.events (day) where (("day" IN (SELECT "opened" FROM "public"."shops" WHERE ("code" = 'x')))) reduced by day in public.trips (day)
-- gathered: public.shops (code, opened) where (("code" = 'x')) reduced by opened in public.trips (day)

SELECT 1 FROM trips t FULL JOIN events e USING (day) JOIN orders o ON o.placed = day;
-- strategy: gather
-- gathered: public.trips (day)
-- gathered: public.events (day)
-- gathered: public.orders (placed)

-- Only types and collations of which equality is known, and operators that are not true for NULL.
SELECT 1 FROM orders o JOIN lines l ON l.weight = o.total;
-- strategy: gather
-- gathered: public.orders (total)
-- gathered: public.lines (weight)

SELECT 1 FROM orders o JOIN events e ON e.tenant = o.tag;
-- strategy: gather
-- gathered: public.orders (tag)
-- gathered: public.events (tenant)

SELECT 1 FROM orders o JOIN numbered n ON n.kg = o.total;
-- strategy: gather
-- gathered: public.orders (total) reduced by total in public.numbered (kg)
-- gathered: public.numbered (kg) reduced by kg in public.orders (total)

SELECT 1 FROM orders o JOIN lines l ON l.product IS NOT DISTINCT FROM o.customer;
-- strategy: gather
-- gathered: public.orders (customer)
-- gathered: public.lines (product)

SELECT 1 FROM orders o JOIN lines l ON l.product = o.customer + 1;
-- strategy: gather
-- gathered: public.orders (customer)
-- gathered: public.lines (product)

SELECT 1 FROM orders o JOIN lines l ON l.product > o.customer;
-- strategy: gather
-- gathered: public.orders (customer)
-- gathered: public.lines (product)

SELECT 1 FROM orders o JOIN events e ON e.kind = o.state COLLATE "C";
-- strategy: gather
-- gathered: public.orders (state)
-- gathered: public.events (kind)
