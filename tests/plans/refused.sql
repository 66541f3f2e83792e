-- Whatever the partitions.
SELECT 1; SELECT 2;
-- refused: 2 statements in one text: only one is run at a time; send them one by one

UPDATE recent_orders SET total = 1;
-- refused: view recent_orders: it reads the sharded table orders; name the table instead of the view

SELECT id FROM kept_orders;
-- refused: view kept_orders: it has rows that one server had of the sharded table orders; name the table instead of the view

SELECT public.recent_orders.id FROM public.recent_orders;
-- refused: public.recent_orders: columns of a view are named with its schema; leave the schema out

SELECT * FROM orders_part_3 WHERE id = 5;
-- refused: orders_part_3: it is a child table of orders, on one server only; name orders

SELECT * FROM ONLY orders WHERE id = 5;
-- refused: ONLY orders: the rows of a sharded table are in its child tables; leave ONLY out

SELECT ctid FROM orders WHERE id = 5;
-- refused: ctid: rows of different child tables of a sharded table share it; use the key

SELECT orders.tableoid::regclass FROM orders WHERE id = 5;
-- refused: tableoid: rows of different child tables of a sharded table share it; use the key

SELECT * INTO copied FROM orders WHERE id = 5;
-- refused: SELECT INTO: it reads public.orders; create the table first, and insert into it

SELECT * FROM orders, notes WHERE orders.id = 5;
-- refused: FROM notes: it is on the catalog's server only, and public.orders is on all; make it a reference table

SELECT * FROM orders, pg_class WHERE orders.id = 5;
-- refused: FROM pg_class: it is on the catalog's server only, and public.orders is on all; make it a reference table

SELECT my_function(id) FROM orders WHERE id = 5;
-- refused: function my_function: it is not PostgreSQL's own, and may read tables of which a server has only a part (the statement reads public.orders)

SELECT query_to_xml('select * from orders', true, false, '');
-- refused: function query_to_xml: it reads tables that the statement does not name, of one server only

SELECT set_config('search_path', 'x', false);
-- refused: set_config: it would set one server's session only; use SET

SELECT pg_total_relation_size('orders');
-- refused: function pg_total_relation_size: it would tell of one server's part of orders only

SELECT o FROM orders o WHERE id = 5;
-- refused: the whole row o: its type has the library's column part; name the columns, or ROW(t.*)

SELECT array_agg(o) FROM orders o WHERE id = 5;
-- refused: the whole row o: its type has the library's column part; name the columns, or ROW(t.*)

SELECT coalesce(o.*) FROM orders o WHERE id = 5;
-- refused: the whole row o.*: its type has the library's column part; name the columns, or ROW(t.*)

SELECT NULL::orders FROM orders WHERE id = 5;
-- refused: the type orders: the row type of a sharded table has the library's column part; name the columns

SELECT * FROM json_populate_recordset(NULL::orders, '[]');
-- refused: the type orders: the row type of a sharded table has the library's column part; name the columns

SELECT * FROM orders NATURAL JOIN lines TABLESAMPLE SYSTEM (5) WHERE id = 5;
-- refused: NATURAL JOIN: public.lines is sampled by TABLESAMPLE; name the columns

SELECT p.id FROM orders o JOIN products p ON p.id = o.id WHERE o.id = 5 FOR UPDATE;
-- refused: FOR UPDATE: it would lock rows of the reference table public.products on one server only; add OF and the sharded tables

WITH gone AS (DELETE FROM orders WHERE id = 5 RETURNING id) SELECT * FROM gone;
-- refused: WITH (INSERT, UPDATE or DELETE): a CTE that changes data, in a statement over tables of the cluster

SELECT * FROM somewhere.public.orders;
-- refused: somewhere.public.orders: a table is named with its database; leave it out

-- Over several servers.
SELECT id, txid_current() FROM orders;
-- refused: function txid_current: its value may differ between sessions; over several servers this is not answered: restrict the key (orders.id) so that one server answers

SELECT id, 'orders'::regclass FROM orders;
-- refused: a value of type regclass: it would mean a temporary table; over several servers this is not answered: restrict the key (orders.id) so that one server answers

SELECT id FROM orders TABLESAMPLE BERNOULLI (5);
-- refused: TABLESAMPLE: it means other rows on each server; over several servers this is not answered: restrict the key (orders.id) so that one server answers

SELECT xmin FROM orders;
-- refused: xmin: each server numbers its rows and transactions by itself; over several servers this is not answered: restrict the key (orders.id) so that one server answers

SELECT id FROM orders LIMIT 5 FOR UPDATE;
-- refused: FOR UPDATE: the rows that are locked must be those of the result; over several servers this is not answered: restrict the key (orders.id) so that one server answers

-- Writes.
INSERT INTO orders (id, part) VALUES (1, 2);
-- refused: column part: it is the library's own and follows from the key, in INSERT INTO public.orders; leave it out

INSERT INTO orders (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET id = 2;
-- refused: SET id: it is the key of public.orders, and the row would have to move to another server; delete the row and insert it anew

INSERT INTO orders (id) VALUES (1) RETURNING orders;
-- refused: the whole row orders: its type has the library's column part; name the columns, or ROW(t.*)

INSERT INTO orders (id, state) VALUES (1, 'a') ON CONFLICT (id) DO UPDATE SET state = row_to_json(excluded)::text;
-- refused: the whole row excluded: it has the library's column part; name the columns

INSERT INTO orders (id, customer) VALUES (1, nextval('s'));
-- refused: function nextval: its sequence is the catalog's server's alone, in INSERT INTO public.orders; select the value before, and pass it

INSERT INTO orders (id, customer) VALUES (1, my_function());
-- refused: function my_function: it is not PostgreSQL's own, and may read tables of which a server has only a part (the statement reads public.orders)

UPDATE orders SET part = 6 WHERE id = 5;
-- refused: SET part: it is the library's own column and follows from the key

UPDATE ONLY orders SET state = 'a' WHERE id = 5;
-- refused: ONLY orders: the rows of a sharded table are in its child tables; leave ONLY out

UPDATE orders SET state = n.state FROM notes n WHERE id = 5;
-- refused: FROM notes: it is on the catalog's server only, and public.orders is on all; make it a reference table

DELETE FROM orders WHERE CURRENT OF c;
-- refused: WHERE CURRENT OF: a cursor is on one server

DELETE FROM orders WHERE id = 5 RETURNING row_to_json(orders);
-- refused: a whole row: it would show the library's column part of public.orders; name the columns

DELETE FROM notes USING orders WHERE orders.id = 5;
-- refused: FROM notes: it is on the catalog's server only, and public.orders is on all; make it a reference table

MERGE INTO orders USING notes ON true WHEN MATCHED THEN DELETE;
-- refused: MERGE: it is not supported yet; use INSERT ... ON CONFLICT, UPDATE and DELETE

UPDATE shops SET opened = DEFAULT;
-- refused: column opened: its default is not a constant, and each server would give a value of its own, in a write of the reference table public.shops; give the value

UPDATE products SET price = s.price FROM products s WHERE s.id = products.id + 1;
-- refused: UPDATE ... FROM: a row may match another row on each server, in a write of the reference table public.products; use a subquery

DELETE FROM products WHERE ctid = '(0,1)';
-- refused: ctid: it differs between servers, in a write of the reference table public.products

DELETE FROM products WHERE id IN (SELECT id FROM products LIMIT 1);
-- refused: LIMIT: in a subquery over reference tables it may keep other rows on each server, in a write of the reference table public.products

UPDATE products SET name = (SELECT max(state) FROM orders);
-- refused: FROM public.orders: each server has other rows of it, in a write of the reference table public.products

-- Everything else that names a table of the cluster.
EXPLAIN (GENERIC_PLAN) SELECT * FROM orders;
-- refused: EXPLAIN (GENERIC_PLAN): over several servers there are ANALYZE, FORMAT TEXT and JSON, COSTS, BUFFERS, MEMORY, SERIALIZE, SETTINGS, SUMMARY, TIMING, VERBOSE, WAL; leave it out

EXPLAIN (FORMAT YAML) SELECT * FROM orders;
-- refused: EXPLAIN (FORMAT YAML): over several servers there are ANALYZE, FORMAT TEXT and JSON, COSTS, BUFFERS, MEMORY, SERIALIZE, SETTINGS, SUMMARY, TIMING, VERBOSE, WAL; leave it out

EXPLAIN CREATE TABLE copy AS SELECT * FROM orders;
-- refused: EXPLAIN: it names public.orders, and would reach one server only

COPY orders TO STDOUT;
-- refused: COPY: it names public.orders, and would reach one server only; use Cluster.writer or load_csv to write, and a SELECT to read

COPY (SELECT * FROM products) TO STDOUT;
-- refused: COPY: it names public.products, and would reach one server only; use Cluster.writer or load_csv to write, and a SELECT to read

CREATE TABLE orders (id int);
-- refused: CREATE TABLE: it names public.orders, and would reach one server only; use Cluster.create_table

CREATE TEMP TABLE orders (id int);
-- refused: CREATE TEMP: it names public.orders, and would reach one server only

CREATE TABLE x (id bigint REFERENCES orders);
-- refused: CREATE TABLE: it names public.orders, and would reach one server only; use Cluster.create_table

CREATE TABLE x (LIKE products);
-- refused: CREATE TABLE: it names public.products, and would reach one server only; use Cluster.create_table

CREATE VIEW v AS SELECT * FROM orders;
-- refused: CREATE VIEW: it names public.orders, and would reach one server only

CREATE TABLE x AS SELECT * FROM products;
-- refused: CREATE TABLE: it names public.products, and would reach one server only; use Cluster.create_table

CREATE INDEX ON orders (state);
-- refused: CREATE INDEX: it names public.orders, and would reach one server only

ALTER TABLE orders ADD COLUMN x int;
-- refused: ALTER TABLE: it names public.orders, and would reach one server only

ALTER TABLE public.products RENAME TO p;
-- refused: ALTER TABLE: it names public.products, and would reach one server only

ALTER INDEX orders_pkey RENAME TO x;
-- refused: ALTER INDEX: it may reach tables of the cluster, and on one server only

DROP TABLE notes, public.orders;
-- refused: DROP TABLE: it names public.orders, and would reach one server only; use Cluster.drop_table

DROP INDEX orders_pkey;
-- refused: DROP INDEX: it may reach tables of the cluster, and on one server only

DROP SCHEMA sales CASCADE;
-- refused: DROP SCHEMA: it may reach tables of the cluster, and on one server only

DROP TYPE mood CASCADE;
-- refused: DROP TYPE CASCADE: it may reach tables of the cluster, and on one server only

DROP TRIGGER t ON orders;
-- refused: DROP TRIGGER: it names public.orders, and would reach one server only

TRUNCATE products, elsewhere;
-- refused: TRUNCATE elsewhere: it is on the catalog's server only, and products is on all; truncate them one by one

TRUNCATE ONLY orders;
-- refused: ONLY orders: the rows of a sharded table are in its child tables; leave ONLY out

LOCK TABLE orders;
-- refused: LOCK: it names public.orders, and would reach one server only

COMMENT ON COLUMN orders.state IS 'x';
-- refused: COMMENT ON: it names public.orders, and would reach one server only

GRANT SELECT ON orders TO someone;
-- refused: GRANT: it names public.orders, and would reach one server only

GRANT SELECT ON ALL TABLES IN SCHEMA public TO someone;
-- refused: GRANT ON ALL: it may reach tables of the cluster, and on one server only

VACUUM orders;
-- refused: VACUUM: it names public.orders, and would reach one server only

PREPARE p AS SELECT * FROM orders;
-- refused: PREPARE: it names public.orders, and would reach one server only

DECLARE c CURSOR FOR SELECT * FROM orders;
-- refused: DECLARE: it names public.orders, and would reach one server only

DO $$ BEGIN DELETE FROM orders; END $$;
-- refused: DO: it names public.orders, and would reach one server only

DO $$ BEGIN PERFORM 1; PERFORM set_config('app.tenant', 'a', false); END $$;
-- refused: DO: it would set one server's session only; use SET

DO $$ BEGIN PERFORM 1; RESET ROLE; END $$;
-- refused: DO: it would set one server's session only; use SET

PREPARE TRANSACTION 'x';
-- refused: PREPARE: a transaction over several servers has none of it; use BEGIN, COMMIT and ROLLBACK

COMMIT AND CHAIN;
-- refused: AND CHAIN: a transaction over several servers has none of it; use BEGIN

SET client_encoding = 'latin1';
-- refused: SET client_encoding: keys are read as UTF-8; leave it at UTF8

SET standard_conforming_strings = off;
-- refused: SET standard_conforming_strings = off: statements are read with it on; use E'...'

SET array_nulls = 0;
-- refused: SET array_nulls = 0: arrays travel between servers as text, with NULL for nulls; use '{"NULL"}'

SET LOCAL transform_null_equals TO 'On';
-- refused: SET transform_null_equals = On: an equality with NULL is planned as one that is never true; use IS NULL

SET quote_all_identifiers = on;
-- refused: SET quote_all_identifiers = on: tables are compared by how they are written; leave it off

SET xmloption = document;
-- refused: SET xmloption = document: values of xml travel between servers as content; use XMLPARSE(DOCUMENT ...)

SET XML OPTION DOCUMENT;
-- refused: SET xmloption = DOCUMENT: values of xml travel between servers as content; use XMLPARSE(DOCUMENT ...)

SET TRANSACTION SNAPSHOT '1';
-- refused: SET TRANSACTION SNAPSHOT: a snapshot is one server's

-- A row of a table has the table's own names, whatever the FROM clause calls its columns.
SELECT row_to_json(x) FROM lines AS x (a, b) WHERE a = 5;
-- refused: the whole row x: its columns have other names than those of public.lines; leave the column aliases out

SELECT x.to_jsonb FROM lines AS x (a, b) WHERE a = 5;
-- refused: the whole row x.to_jsonb: its columns have other names than those of public.lines; leave the column aliases out
