-- EXPLAIN as a statement, over tables of the cluster and over others; and why the cheaper strategies are not used.

EXPLAIN SELECT * FROM orders;
-- strategy: explain
-- format: text
-- query: SELECT * FROM orders

EXPLAIN (SELECT 1 FROM orders);
-- strategy: explain
-- query: (SELECT 1 FROM orders)

explain analyze select count(*) from orders;
-- strategy: explain and run
-- format: text
-- query: select count(*) from orders

EXPLAIN (ANALYZE off, FORMAT 'json', COSTS false) SELECT * FROM orders WHERE id = 1;
-- strategy: explain
-- format: json
-- query: SELECT * FROM orders WHERE id = 1

EXPLAIN (ANALYZE, FORMAT JSON) (SELECT id FROM orders) LIMIT 3;
-- strategy: explain and run
-- format: json
-- query: (SELECT id FROM orders) LIMIT 3

EXPLAIN (ANALYZE 1, VERBOSE 0) /* all of it */ DELETE FROM orders;
-- strategy: explain and run
-- query: DELETE FROM orders
-- options: VERBOSE 0

EXPLAIN (ANALYZE, BUFFERS, timing off, COSTS, Serialize text) SELECT id FROM orders;
-- strategy: explain and run
-- options: BUFFERS true, TIMING off, SERIALIZE text

explain analyze verbose select * from orders;
-- strategy: explain and run
-- query: select * from orders
-- options: VERBOSE true

EXPLAIN ANALYZE INSERT INTO orders (id) VALUES (1);
-- strategy: explain and run
-- query: INSERT INTO orders (id) VALUES (1)

-- Where the name is that of a CTE, the executor finds out and leaves it to PostgreSQL.
EXPLAIN WITH orders AS (SELECT 1) SELECT * FROM orders;
-- strategy: explain
-- query: WITH orders AS (SELECT 1) SELECT * FROM orders

EXPLAIN SELECT * FROM of_mine;
-- strategy: local
-- relations: of_mine

EXPLAIN (ANALYZE, BUFFERS, FORMAT XML) SELECT 1;
-- strategy: local

-- --- why cheaper strategies are not used

SELECT id FROM orders WHERE id IN (1, 2);
-- strategy: whole
-- passed one server: its rows may be on several servers (key orders.id: IN ('1', '2'))

SELECT count(*) FROM orders;
-- strategy: split
-- passed one server: its rows may be on several servers (key orders.id: not restricted)
-- passed whole: an aggregate without GROUP BY: its rows are on several servers
