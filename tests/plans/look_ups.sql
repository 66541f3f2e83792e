-- One key, given by one parameter: the partition is named by one more, so that the server opens one child.
SELECT id, state FROM orders WHERE id = $1;
-- oids: bigint
-- in partition: SELECT id, state FROM orders WHERE "orders".part = pg_catalog.concat($2)::pg_catalog.int4 AND id = $1

SELECT * FROM orders o WHERE state = 'new' AND $2 = o.id AND total > $1;
-- oids: bigint, bigint
-- in partition: SELECT "o"."id", "o"."customer", "o"."state", "o"."total", "o"."placed", "o"."tag" FROM orders o WHERE "o".part = pg_catalog.concat($3)::pg_catalog.int4 AND state = 'new' AND $2 = o.id AND total > $1

SELECT o.id, l.qty FROM orders o JOIN lines l ON l.order_id = o.id WHERE o.id = $1 ORDER BY 2;
-- oids: bigint
-- in partition: SELECT o.id, l.qty FROM orders o JOIN lines l ON l.order_id = o.id WHERE "o".part = pg_catalog.concat($2)::pg_catalog.int4 AND "l".part = pg_catalog.concat($2)::pg_catalog.int4 AND o.id = $1 ORDER BY 2

SELECT o.id, l.qty FROM orders AS "O." LEFT JOIN lines l ON l.order_id = "O.".id WHERE "O.".id = $1 AND NOT state = 'x';
-- oids: bigint
-- in partition: SELECT o.id, l.qty FROM orders AS "O." LEFT JOIN lines l ON l.order_id = "O.".id WHERE "O.".part = pg_catalog.concat($2)::pg_catalog.int4 AND "O.".id = $1 AND NOT state = 'x'

SELECT o.id FROM lines l RIGHT JOIN orders o ON l.order_id = o.id WHERE o.id = $1;
-- oids: bigint
-- in partition: SELECT o.id FROM lines l RIGHT JOIN orders o ON l.order_id = o.id WHERE "o".part = pg_catalog.concat($2)::pg_catalog.int4 AND o.id = $1

SELECT count(*) FILTER (WHERE total > 5) AS "WHERE" FROM (orders JOIN lines ON id = order_id) WHERE (id = $1 AND qty > 1) GROUP BY id;
-- oids: bigint
-- in partition: SELECT count(*) FILTER (WHERE total > 5) AS "WHERE" FROM (orders JOIN lines ON id = order_id) WHERE "orders".part = pg_catalog.concat($2)::pg_catalog.int4 AND "lines".part = pg_catalog.concat($2)::pg_catalog.int4 AND (id = $1 AND qty > 1) GROUP BY "orders"."part", id

WITH few AS (SELECT 1 AS one WHERE true) SELECT one, id FROM few, orders /* WHERE */ where id = $1;
-- oids: bigint
-- in partition: WITH few AS (SELECT 1 AS one WHERE true) SELECT one, id FROM few, orders /* WHERE */ where "orders".part = pg_catalog.concat($2)::pg_catalog.int4 AND id = $1

SELECT state FROM orders WHERE id = $1 AND EXISTS (SELECT FROM lines WHERE order_id = orders.id);
-- oids: bigint
-- in partition: SELECT state FROM orders WHERE "orders".part = pg_catalog.concat($2)::pg_catalog.int4 AND id = $1 AND EXISTS (SELECT FROM lines WHERE order_id = orders.id)

-- Not where a condition would have to go elsewhere, or could mean another table or other rows.
SELECT state FROM orders WHERE id = $1 OR (id = $1 AND state = 'new');
-- oids: bigint
-- in partition: not named

SELECT o.id FROM orders o JOIN lines l ON l.order_id = o.id AND o.id = $1;
-- oids: bigint
-- in partition: not named

SELECT j.id FROM (orders o JOIN lines l ON l.order_id = o.id) AS j WHERE j.id = $1;
-- oids: bigint
-- in partition: not named

SELECT s.id FROM (SELECT id FROM orders WHERE id = $1) s;
-- oids: bigint
-- in partition: not named

SELECT o.id FROM orders o (id, a, b) WHERE o.id = $1;
-- oids: bigint
-- in partition: not named

SELECT count(o) FROM orders o WHERE o.id = $1;
-- oids: bigint
-- in partition: not named

SELECT id FROM orders TABLESAMPLE BERNOULLI (50) WHERE id = $1;
-- oids: bigint
-- in partition: not named

SELECT id FROM orders WHERE id = $1 UNION ALL SELECT order_id FROM lines WHERE order_id = $1;
-- oids: bigint
-- in partition: not named

-- Nor where the key is not one parameter.
SELECT id FROM orders WHERE id = 5;
-- in partition: not named

SELECT id FROM orders WHERE id IN ($1, $2);
-- oids: bigint, bigint
-- in partition: not named

-- Lists of keys run on several servers; there, too, partitions are named where a condition may be added.
SELECT id, state FROM orders WHERE id = ANY($1);
-- oids: bigint[]
-- strategy: whole
-- where: = ANY($1)
-- in partitions: SELECT id, state FROM orders WHERE "orders".part = ANY ($2) AND id = ANY($1)

SELECT * FROM orders WHERE id IN ($1, 5, $2) ORDER BY total LIMIT 3;
-- oids: bigint, bigint
-- strategy: whole
-- where: IN ($1, '5', $2)
-- in partitions: SELECT "orders"."id", "orders"."customer", "orders"."state", "orders"."total", "orders"."placed", "orders"."tag" FROM orders WHERE "orders".part = ANY ($3) AND id IN ($1, 5, $2) ORDER BY total LIMIT 3

SELECT o.id, l.qty FROM orders o LEFT JOIN lines l ON l.order_id = o.id AND l.line = $2 WHERE o.id = ANY($1);
-- oids: bigint[], integer
-- strategy: whole
-- where: = ANY($1)
-- in partitions: SELECT o.id, l.qty FROM orders o LEFT JOIN lines l ON l.order_id = o.id AND l.line = $2 WHERE "o".part = ANY ($3) AND o.id = ANY($1)

SELECT id, state FROM orders WHERE id = ANY($1) OR state = 'new';
-- oids: bigint[]
-- strategy: whole
-- where: not restricted

SELECT id, state FROM orders WHERE (id = $1 OR id = 7) AND state = 'new' FOR UPDATE;
-- oids: bigint
-- strategy: whole
-- where: IN ($1, '7')
-- locking: yes
-- in partitions: SELECT id, state FROM orders WHERE "orders".part = ANY ($2) AND (id = $1 OR id = 7) AND state = 'new' FOR UPDATE

SELECT id, (SELECT count(*) FROM lines WHERE order_id = orders.id) FROM orders WHERE id = ANY($1);
-- oids: bigint[]
-- strategy: whole
-- where: = ANY($1)
-- in partitions: SELECT id, (SELECT count(*) FROM lines WHERE order_id = orders.id) FROM orders WHERE "orders".part = ANY ($2) AND id = ANY($1)

SELECT id FROM orders WHERE id = ANY($1) UNION ALL SELECT order_id FROM lines WHERE order_id = ANY($1);
-- oids: bigint[]
-- strategy: whole
-- where: = ANY($1)

SELECT state, count(*) FROM orders WHERE id = ANY($1) GROUP BY id, state;
-- oids: bigint[]
-- strategy: whole
-- where: = ANY($1)
-- in partitions: SELECT state, count(*) FROM orders WHERE "orders".part = ANY ($2) AND id = ANY($1) GROUP BY id, state
