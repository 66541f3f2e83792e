-- Subqueries that ask for rows of another table.
SELECT count(*) FROM simple WHERE i NOT IN (SELECT i FROM varchar_keys);
SELECT count(*) FROM simple WHERE i NOT IN (SELECT i FROM varchar_keys WHERE i IS NOT NULL);
SELECT simple.k, (SELECT count(*) FROM varchar_keys WHERE varchar_keys.k = simple.v) c FROM simple ORDER BY 1;
SELECT simple.k, (SELECT sum(varchar_keys.i) FROM varchar_keys WHERE varchar_keys.k = simple.v AND varchar_keys.i > simple.i) c FROM simple ORDER BY 1;
SELECT simple.k, (SELECT varchar_keys.k FROM varchar_keys WHERE varchar_keys.i = simple.i ORDER BY varchar_keys.k LIMIT 1) c FROM simple ORDER BY 1;
SELECT simple.k FROM simple WHERE EXISTS (SELECT FROM varchar_keys WHERE varchar_keys.k = simple.v AND varchar_keys.i = simple.i) ORDER BY 1;
SELECT simple.k FROM simple WHERE NOT EXISTS (SELECT FROM varchar_keys WHERE varchar_keys.k = simple.v AND varchar_keys.i = simple.i) ORDER BY 1;
SELECT simple.k FROM simple WHERE EXISTS (SELECT FROM varchar_keys WHERE varchar_keys.k = simple.v) OR simple.i = 1 ORDER BY 1;
SELECT simple.k FROM simple WHERE EXISTS (SELECT FROM varchar_keys WHERE varchar_keys.k = simple.v OFFSET 1) ORDER BY 1;
SELECT simple.k FROM simple WHERE EXISTS (SELECT count(*) FROM varchar_keys WHERE varchar_keys.k = simple.v) ORDER BY 1;
SELECT simple.k FROM simple WHERE EXISTS (SELECT count(*) FROM varchar_keys WHERE varchar_keys.k = simple.v HAVING count(*) > 1) ORDER BY 1;
SELECT simple.k FROM simple WHERE EXISTS (SELECT FROM varchar_keys WHERE varchar_keys.k = simple.v GROUP BY varchar_keys.i) ORDER BY 1;
SELECT simple.k FROM simple WHERE (SELECT count(*) FROM varchar_keys WHERE varchar_keys.k = simple.v) = 0 ORDER BY 1;
SELECT simple.k FROM simple WHERE simple.v IN (SELECT varchar_keys.k FROM varchar_keys WHERE varchar_keys.i = simple.i) ORDER BY 1;
SELECT simple.k FROM simple WHERE simple.v NOT IN (SELECT varchar_keys.k FROM varchar_keys WHERE varchar_keys.i = simple.i) ORDER BY 1;
SELECT simple.k FROM simple WHERE (simple.v, simple.i) IN (SELECT varchar_keys.k, varchar_keys.i FROM varchar_keys) ORDER BY 1;
SELECT simple.k FROM simple WHERE (simple.v, simple.i) NOT IN (SELECT varchar_keys.k, varchar_keys.i FROM varchar_keys) ORDER BY 1;
SELECT simple.k FROM simple WHERE simple.i = ALL (SELECT varchar_keys.i FROM varchar_keys WHERE varchar_keys.k = simple.v) ORDER BY 1;
SELECT simple.k FROM simple WHERE simple.i < ANY (SELECT varchar_keys.i FROM varchar_keys WHERE varchar_keys.k = simple.v) ORDER BY 1;
SELECT simple.k FROM simple WHERE (simple.v IN (SELECT k FROM varchar_keys)) IS NULL ORDER BY 1;
SELECT simple.k FROM simple WHERE (simple.v IN (SELECT k FROM varchar_keys)) IS NOT true ORDER BY 1;
SELECT simple.k FROM simple WHERE NOT (simple.v IN (SELECT k FROM varchar_keys)) ORDER BY 1;
SELECT simple.k, simple.v IN (SELECT k FROM varchar_keys) z FROM simple ORDER BY 1;
SELECT simple.k FROM simple WHERE simple.i IN (SELECT i FROM int_keys WHERE int_keys.k = 5 UNION SELECT i FROM numeric_keys WHERE numeric_keys.k = 5) ORDER BY 1;
SELECT simple.k FROM simple WHERE simple.i IN (SELECT i FROM int_keys UNION ALL SELECT NULL) ORDER BY 1;
SELECT simple.k FROM simple WHERE simple.i IN (SELECT i FROM int_keys INTERSECT SELECT i FROM numeric_keys) ORDER BY 1;
SELECT simple.k FROM simple WHERE simple.i IN (SELECT i FROM int_keys EXCEPT SELECT i FROM numeric_keys) ORDER BY 1;
SELECT simple.k, l.* FROM simple, LATERAL (SELECT varchar_keys.k kk, varchar_keys.i FROM varchar_keys WHERE varchar_keys.i = simple.i ORDER BY varchar_keys.k, varchar_keys.i LIMIT 2) l ORDER BY 1, 2, 3;
SELECT simple.k, l.* FROM simple LEFT JOIN LATERAL (SELECT varchar_keys.k kk, varchar_keys.i FROM varchar_keys WHERE varchar_keys.i = simple.i ORDER BY varchar_keys.k, varchar_keys.i LIMIT 2) l ON true ORDER BY 1, 2, 3;
SELECT simple.k, l.c FROM simple CROSS JOIN LATERAL (SELECT count(*) c FROM varchar_keys WHERE varchar_keys.i = simple.i) l ORDER BY 1, 2;
SELECT simple.k, l.c FROM simple CROSS JOIN LATERAL (SELECT count(*) c FROM varchar_keys WHERE varchar_keys.i = simple.i HAVING count(*) > 3) l ORDER BY 1, 2;
SELECT simple.k, count(varchar_keys.k) FILTER (WHERE varchar_keys.i > 1) FROM simple LEFT JOIN varchar_keys ON varchar_keys.i = simple.i GROUP BY simple.k ORDER BY 1;
SELECT simple.i, sum(CASE WHEN varchar_keys.k = 'a' THEN 1 END) FROM simple LEFT JOIN varchar_keys ON varchar_keys.k = simple.v GROUP BY simple.i ORDER BY 1;
-- refused: FOR UPDATE
SELECT simple.k FROM simple JOIN varchar_keys ON simple.v = varchar_keys.k AND simple.i = varchar_keys.i ORDER BY simple.k FOR UPDATE;
-- refused: FOR UPDATE
SELECT simple.k FROM simple WHERE simple.v = (SELECT min(k) FROM varchar_keys) ORDER BY simple.k FOR UPDATE;
-- refused: FOR UPDATE
SELECT simple.k FROM simple WHERE i = 3 ORDER BY k LIMIT 2 FOR UPDATE;
SELECT simple.k FROM simple WHERE k = 3 FOR UPDATE SKIP LOCKED;
SELECT k FROM simple WHERE (SELECT true FROM varchar_keys LIMIT 1) ORDER BY 1;
-- fails: 21000
SELECT k FROM simple WHERE (SELECT i FROM varchar_keys) = 3 ORDER BY 1;
-- fails: 21000
SELECT k FROM simple WHERE k < 0 AND (SELECT i FROM varchar_keys) = 3 ORDER BY 1;
-- fails: 21000
SELECT k FROM simple WHERE k = 9999 AND (SELECT i FROM varchar_keys) = 3 ORDER BY 1;
SELECT (SELECT i FROM varchar_keys WHERE false) FROM simple WHERE k = 5;
SELECT p.k, q.k FROM simple p LEFT JOIN (SELECT * FROM varchar_keys WHERE i = 3) q ON p.v = q.k ORDER BY 1, 2;
SELECT p.k, q.k FROM simple p LEFT JOIN (SELECT k, 'lit' l, 5 five FROM varchar_keys WHERE i = 3) q ON p.v = q.k WHERE q.five IS NULL ORDER BY 1, 2;
SELECT p.k, q.l FROM simple p LEFT JOIN (SELECT k, 'lit' l, coalesce(i, 7) five FROM varchar_keys WHERE i = 3) q ON p.v = q.k ORDER BY 1, 2;
SELECT p.k, q.l FROM simple p LEFT JOIN (SELECT k, count(*) l FROM varchar_keys GROUP BY k) q ON p.v = q.k ORDER BY 1, 2;
SELECT p.k, q.l FROM simple p LEFT JOIN (SELECT DISTINCT k l FROM varchar_keys) q ON p.v = q.l ORDER BY 1, 2;
SELECT p.k FROM simple p WHERE p.i IN (SELECT q.i FROM numeric_keys q JOIN varchar_keys w ON w.i = q.i WHERE q.k = p.n) ORDER BY 1;
SELECT w.k, (SELECT count(*) FROM simple WHERE simple.v = w.k AND simple.i IN (SELECT i FROM int_keys WHERE int_keys.k = simple.s)) FROM varchar_keys w ORDER BY 1, 2;
SELECT simple.k FROM simple, varchar_keys, numeric_keys WHERE simple.v = varchar_keys.k AND varchar_keys.i = numeric_keys.i AND numeric_keys.k = simple.n ORDER BY 1;
SELECT simple.k FROM simple LEFT JOIN varchar_keys ON simple.v = varchar_keys.k LEFT JOIN numeric_keys ON varchar_keys.i = numeric_keys.i WHERE numeric_keys.k = 5 ORDER BY 1;
SELECT simple.k FROM simple LEFT JOIN (varchar_keys JOIN numeric_keys ON varchar_keys.i = numeric_keys.i) ON simple.v = varchar_keys.k ORDER BY 1;
SELECT simple.k, numeric_keys.k FROM simple LEFT JOIN (varchar_keys LEFT JOIN numeric_keys ON varchar_keys.i = numeric_keys.i AND numeric_keys.k = 5) ON simple.v = varchar_keys.k AND numeric_keys.k IS NOT NULL ORDER BY 1, 2;
SELECT simple.k, varchar_keys.i FROM simple RIGHT JOIN varchar_keys ON simple.v = varchar_keys.k AND varchar_keys.i = 3 ORDER BY 1, 2;
SELECT simple.k, varchar_keys.i FROM simple RIGHT JOIN varchar_keys ON simple.v = varchar_keys.k AND simple.i = 3 ORDER BY 1, 2;
SELECT simple.k, varchar_keys.i FROM simple FULL JOIN varchar_keys ON simple.v = varchar_keys.k AND varchar_keys.i = 3 ORDER BY 1, 2;
SELECT count(*) FROM simple WHERE simple.v = ANY (SELECT k FROM varchar_keys) AND simple.i = ANY (ARRAY(SELECT i FROM int_keys));
SELECT count(*) FROM simple WHERE simple.v = ANY (ARRAY(SELECT k FROM varchar_keys WHERE i = 3));
SELECT count(*) FROM simple p, simple q, simple r WHERE p.i = q.s AND q.i = r.s;
SELECT count(*) FROM simple p WHERE p.i = (SELECT q.s FROM simple q WHERE q.k = p.k);
SELECT count(*) FROM simple p WHERE p.s = (SELECT q.s FROM simple q WHERE q.i = p.i ORDER BY q.k LIMIT 1);
SELECT count(*) FROM simple p WHERE p.s = (SELECT q.s FROM simple q WHERE q.i = p.i ORDER BY q.k OFFSET 1 LIMIT 1);
WITH r AS (SELECT * FROM varchar_keys WHERE i = 3) SELECT count(*) FROM simple JOIN r ON r.k = simple.v WHERE simple.k NOT IN (SELECT i FROM r);
WITH r AS (SELECT * FROM varchar_keys) SELECT count(*) FROM simple WHERE v IN (SELECT k FROM r WHERE i = 2) OR i IN (SELECT i FROM r WHERE k = 'a');
WITH r AS MATERIALIZED (SELECT k, count(*) c FROM varchar_keys GROUP BY k) SELECT * FROM r p JOIN r q ON p.c = q.c ORDER BY 1, 2, 3, 4;
WITH r(x, y) AS (SELECT k, count(*) c FROM varchar_keys GROUP BY k) SELECT y, x FROM r ORDER BY 2, 1;
WITH r(x) AS (SELECT k, count(*) c FROM varchar_keys GROUP BY k) SELECT x, c FROM r ORDER BY 1, 2;
