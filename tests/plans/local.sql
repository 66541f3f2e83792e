SELECT 1;
-- strategy: local
-- writes: no

SELECT now(), random();
-- strategy: local
-- writes: yes

VALUES (1), (2);
-- strategy: local
-- writes: no

SELECT * FROM pg_catalog.pg_class;
-- strategy: local
-- writes: no

SELECT * FROM pg_class;
-- strategy: local
-- relations: pg_class
-- writes: no

SELECT * FROM information_schema.tables;
-- strategy: local
-- writes: no

SELECT * FROM notes;
-- strategy: local
-- relations: notes
-- writes: no

SELECT * FROM elsewhere.notes, products;
-- strategy: local
-- relations: elsewhere.notes
-- writes: no

SELECT nextval('some_seq');
-- strategy: local
-- writes: yes

SELECT my_function(1), other.f(2);
-- strategy: local
-- functions: my_function, other.f
-- writes: yes

SELECT * FROM my_table_function(3) AS f (a, b);
-- strategy: local
-- functions: my_table_function
-- writes: yes

WITH orders AS (SELECT 1 AS id) SELECT * FROM orders;
-- strategy: local
-- writes: no

SELECT * FROM other.orders;
-- strategy: local
-- relations: other.orders
-- writes: no

SELECT * INTO copied FROM notes;
-- strategy: local
-- relations: notes
-- writes: yes

SELECT * FROM products;
-- strategy: reference

SELECT name FROM products p JOIN shops s ON s.code = p.name WHERE price > (SELECT avg(price) FROM products);
-- strategy: reference

SELECT random() FROM products;
-- strategy: local
-- writes: yes

SELECT * FROM products FOR UPDATE;
-- strategy: local
-- writes: yes

SELECT my_function(id) FROM products;
-- strategy: local
-- functions: my_function
-- writes: yes

WITH gone AS (DELETE FROM notes RETURNING *) SELECT * FROM gone;
-- strategy: local
-- relations: notes
-- writes: yes

CREATE TABLE notes (id int, orders_id int);
-- strategy: local
-- relations: notes
-- writes: yes

CREATE TEMP TABLE scratch AS SELECT 1 AS a;
-- strategy: local
-- relations: scratch
-- writes: yes

CREATE VIEW v AS SELECT * FROM notes;
-- strategy: local
-- relations: v, notes
-- writes: yes

DROP TABLE notes;
-- strategy: local
-- writes: yes

DROP TABLE IF EXISTS notes CASCADE;
-- strategy: local
-- writes: yes

ALTER TABLE notes ADD COLUMN x int;
-- strategy: local
-- relations: notes
-- writes: yes

CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
-- strategy: local
-- writes: yes

COPY notes TO STDOUT;
-- strategy: local
-- relations: notes
-- writes: yes

EXPLAIN SELECT * FROM notes;
-- strategy: local
-- relations: notes
-- writes: yes

VACUUM;
-- strategy: local
-- writes: yes

LISTEN channel;
-- strategy: local
-- writes: no

CALL my_procedure(1);
-- strategy: local
-- functions: my_procedure
-- writes: yes

DO $$ BEGIN PERFORM 1; UPDATE scratch SET a = 1; END $$;
-- strategy: local
-- writes: yes

SHOW server_version;
-- strategy: local
-- writes: no

SET search_path TO a, b;
-- strategy: setting

SET LOCAL work_mem = '1MB';
-- strategy: setting

SET TRANSACTION ISOLATION LEVEL SERIALIZABLE;
-- strategy: setting

SET client_encoding = 'UTF8';
-- strategy: setting

SET CONSTRAINTS ALL DEFERRED;
-- strategy: setting

RESET ALL;
-- strategy: setting

DISCARD ALL;
-- strategy: setting

BEGIN;
-- strategy: transaction begin

START TRANSACTION ISOLATION LEVEL SERIALIZABLE READ ONLY;
-- strategy: transaction begin
-- options: transaction_isolation=serializable, transaction_read_only=1

COMMIT;
-- strategy: transaction commit

END;
-- strategy: transaction commit

ROLLBACK;
-- strategy: transaction rollback

ABORT;
-- strategy: transaction rollback

SELECT pg_total_relation_size('notes');
-- strategy: local
-- writes: yes

-- A CTE hides what its name means elsewhere.
WITH recent_orders AS (SELECT 1 AS x) SELECT * FROM recent_orders;
-- strategy: local
-- writes: no

WITH orders_part_3 AS (SELECT 1 AS x) SELECT * FROM orders_part_3;
-- strategy: local
-- writes: no

SAVEPOINT a;
-- strategy: transaction savepoint

ROLLBACK TO SAVEPOINT a;
-- strategy: transaction roll back to

RELEASE a;
-- strategy: transaction release
