-- Subqueries that servers can answer, within statements that they cannot: their types and names stay.
SELECT * FROM (SELECT i, count(*) c FROM simple GROUP BY i) p JOIN (SELECT i, count(*) c FROM simple GROUP BY i) q USING (i) ORDER BY 1;
SELECT q.*, q FROM (SELECT i, count(*) c FROM simple GROUP BY i) q WHERE i = 1;
SELECT to_jsonb(q) FROM (SELECT i, count(*) c FROM simple GROUP BY i) q WHERE i = 1;
SELECT row_to_json(q), q.c FROM (SELECT i, max(price) m, max(t) t, max(c) c FROM simple GROUP BY i) q ORDER BY (q).i;
SELECT (q).m FROM (SELECT i, max(price) m FROM simple GROUP BY i) q ORDER BY 1;
SELECT count(q) FROM (SELECT i, max(price) m FROM simple WHERE i > 100 GROUP BY i) q;
SELECT max(price), max(m) FROM (SELECT price, max(v) m FROM simple GROUP BY price) q;
-- fails: 42702
SELECT price, v, c FROM (SELECT DISTINCT price, v, c FROM simple) q JOIN lookup ON lookup.id = 1 ORDER BY 1, 2, 3;
SELECT q.* FROM (SELECT DISTINCT price, v, c, n, yes FROM simple WHERE i = 2) q, varchar_keys WHERE varchar_keys.i = 3 ORDER BY 1, 2, 3, 4, 5;
SELECT u.* FROM (SELECT price FROM simple UNION SELECT price FROM simple) u, numeric_keys WHERE numeric_keys.i = 1 ORDER BY 1;
SELECT u.* FROM (SELECT v FROM simple UNION SELECT v FROM simple) u, numeric_keys WHERE numeric_keys.i = 1 ORDER BY 1;
SELECT u.* FROM (SELECT c FROM simple UNION SELECT c FROM simple) u, numeric_keys WHERE numeric_keys.i = 1 ORDER BY 1;
SELECT u.* FROM (SELECT english FROM simple UNION SELECT english FROM simple) u, numeric_keys WHERE numeric_keys.i = 1 ORDER BY 1;
SELECT u.* FROM (SELECT english x FROM simple GROUP BY english) u, numeric_keys WHERE numeric_keys.i = 1 ORDER BY x;
SELECT u.x < 'B' FROM (SELECT english x FROM simple GROUP BY english) u, numeric_keys WHERE numeric_keys.i = 1 ORDER BY x;
SELECT u.x < 'B' FROM (SELECT max(english) x FROM simple GROUP BY i) u, numeric_keys WHERE numeric_keys.i = 1 ORDER BY x;
SELECT u.x < 'B' FROM (SELECT max(bytewise) x FROM simple GROUP BY i) u, numeric_keys WHERE numeric_keys.i = 1 ORDER BY x;
SELECT u.x, v.x FROM (SELECT max(bytewise) x FROM simple GROUP BY i) u, (SELECT max(english) x FROM simple GROUP BY i) v ORDER BY u.x, v.x;
-- fails: 42P22
SELECT 1 FROM (SELECT max(bytewise) x FROM simple GROUP BY i) u, (SELECT max(english) y FROM simple GROUP BY i) v WHERE x < y;
SELECT count(*) FROM (SELECT coalesce(bytewise, english) x, count(*) FROM simple GROUP BY i, bytewise, english) u, numeric_keys;
SELECT count(*) FROM (SELECT bytewise || english x FROM simple GROUP BY bytewise, english) u, numeric_keys;
-- fails: 42P21
SELECT u.x FROM (SELECT DISTINCT bytewise || english x FROM simple) u, numeric_keys;
SELECT u.x FROM (SELECT bytewise || english x, count(*) FROM simple GROUP BY bytewise, english) u, numeric_keys WHERE numeric_keys.i = 1 ORDER BY x COLLATE "C";
SELECT k, (SELECT count(*) FROM varchar_keys) FROM simple ORDER BY k LIMIT (SELECT count(*) / 4 FROM varchar_keys);
SELECT k FROM simple ORDER BY k OFFSET (SELECT count(*) FROM int_keys) LIMIT (SELECT max(i) FROM int_keys);
SELECT k FROM simple ORDER BY (SELECT count(*) FROM varchar_keys WHERE varchar_keys.i = simple.i), k;
SELECT k, sum(i) OVER (ORDER BY k ROWS BETWEEN (SELECT count(*) FROM boolean_keys) PRECEDING AND CURRENT ROW) FROM simple ORDER BY k;
SELECT i, count(*) FROM simple GROUP BY ROLLUP (i), (SELECT count(*) FROM varchar_keys) ORDER BY 1, 2;
SELECT i, s, count(*) FROM simple GROUP BY GROUPING SETS ((i), (s), ()) HAVING count(*) > (SELECT avg(i) FROM varchar_keys) ORDER BY 1, 2, 3;
SELECT string_agg(t, ',' ORDER BY (SELECT count(*) FROM varchar_keys), k) FROM simple;
SELECT array_agg(k ORDER BY (SELECT max(i) FROM varchar_keys WHERE varchar_keys.k = simple.v), k) FROM simple;
SELECT count(*) FILTER (WHERE i > (SELECT avg(i) FROM varchar_keys)) FROM simple;
VALUES (1, (SELECT count(*) FROM simple)), ((SELECT max(i) FROM varchar_keys), 5);
VALUES ((SELECT k FROM varchar_keys WHERE i = 3 GROUP BY k ORDER BY k LIMIT 1)), ('x');
SELECT * FROM (VALUES ((SELECT count(*) FROM simple)), (3)) v(x) ORDER BY 1;
SELECT simple.k FROM simple JOIN varchar_keys ON simple.v = varchar_keys.k AND varchar_keys.i = (SELECT max(i) FROM varchar_keys) ORDER BY 1;
SELECT simple.k FROM simple JOIN varchar_keys ON simple.v = varchar_keys.k AND varchar_keys.i > (SELECT avg(i) FROM varchar_keys w WHERE w.k = varchar_keys.k) ORDER BY 1;
SELECT * FROM (SELECT i FROM simple GROUP BY i ORDER BY i FETCH FIRST 2 ROWS WITH TIES) q, lookup ORDER BY 1, 2;
SELECT * FROM (SELECT i, count(*) FROM simple GROUP BY i ORDER BY count(*) DESC, i LIMIT 3) q, lookup WHERE lookup.id = q.i ORDER BY 1;
SELECT * FROM (SELECT i, row_number() OVER (ORDER BY i) FROM simple GROUP BY i) q JOIN varchar_keys ON varchar_keys.i = q.row_number ORDER BY 1, 2, 3, 4;
SELECT * FROM (SELECT k, rank() OVER (PARTITION BY k ORDER BY i) r FROM simple) q JOIN varchar_keys ON varchar_keys.i = q.r ORDER BY 1, 2, 3, 4;
SELECT * FROM (SELECT DISTINCT ON (k) k, i FROM simple ORDER BY k, i) q JOIN varchar_keys ON varchar_keys.i = q.i ORDER BY 1, 2, 3, 4;
SELECT * FROM (SELECT DISTINCT ON (i) i, k FROM simple ORDER BY i, k) q JOIN varchar_keys ON varchar_keys.i = q.i ORDER BY 1, 2, 3, 4;
SELECT * FROM (SELECT count(*), count(*) FROM simple) q(x, y), varchar_keys ORDER BY 1, 2, 3, 4;
SELECT x, y FROM (SELECT count(*), count(*) FROM simple) q(x, y), varchar_keys WHERE varchar_keys.i = 1;
SELECT * FROM (SELECT i, i FROM simple GROUP BY i) q(x, y) JOIN varchar_keys ON varchar_keys.i = x ORDER BY 1, 2, 3;
SELECT "I", "count(*)" FROM (SELECT i AS "I", count(*) AS "count(*)" FROM simple GROUP BY i) q, varchar_keys WHERE varchar_keys.i = 1 ORDER BY 1;
SELECT simple FROM (SELECT count(*) simple FROM simple) simple, varchar_keys LIMIT 1;
SELECT simple.simple FROM (SELECT count(*) simple FROM simple) simple, varchar_keys LIMIT 1;
SELECT kv FROM (SELECT count(*) kv FROM simple) q, numeric_keys LIMIT 1;
SELECT answered_1.* FROM (SELECT count(*) x FROM simple) answered_1, numeric_keys LIMIT 1;
SELECT * FROM (SELECT FROM simple WHERE i = 1) q, lookup WHERE id = 1;
SELECT count(*) FROM (SELECT FROM simple GROUP BY i) q, numeric_keys;
SELECT FROM (SELECT count(*) FROM simple) q, numeric_keys WHERE numeric_keys.i = 1;
SELECT FROM simple WHERE i = 1;
SELECT FROM simple GROUP BY i;
SELECT FROM simple UNION SELECT FROM varchar_keys;
SELECT count(*) FROM (SELECT FROM simple UNION ALL SELECT FROM varchar_keys) z;
SELECT EXISTS (SELECT FROM simple GROUP BY i);
SELECT ARRAY(SELECT i FROM simple GROUP BY i ORDER BY i);
SELECT ARRAY(SELECT count(*) FROM simple GROUP BY i ORDER BY 1);
SELECT k, ARRAY(SELECT i FROM varchar_keys WHERE varchar_keys.k = simple.v ORDER BY i) FROM simple ORDER BY k;
SELECT ARRAY(SELECT DISTINCT i FROM varchar_keys ORDER BY i DESC), k FROM simple ORDER BY k;
SELECT ROW(1, (SELECT count(*) FROM varchar_keys)) FROM simple WHERE k = 3;
SELECT (SELECT ROW(count(*), max(i)) FROM varchar_keys) FROM simple WHERE k = 3;
SELECT (SELECT array_agg(i ORDER BY i) FROM varchar_keys), k FROM simple WHERE i = 3 ORDER BY k;
SELECT (SELECT (count(*), 'x') FROM varchar_keys), k FROM simple WHERE i = 3 ORDER BY k;
-- with: ("z",)
SELECT q.x FROM (SELECT %s x, count(*) FROM simple) q, varchar_keys LIMIT 1;
-- refused: function pg_typeof
-- with: (5,)
SELECT q.x, pg_typeof(x) FROM (SELECT %s + 1 x, count(*) FROM simple) q, varchar_keys LIMIT 1;
-- with: {"p": 5}
SELECT (SELECT count(*) FROM simple WHERE i = %(p)s), count(*) FROM numeric_keys WHERE k = %(p)s;
-- fails: 42703
-- with: {"p": 5}
SELECT (SELECT count(*) FROM simple WHERE i = %(p)s), count(*) FROM numeric_keys WHERE k = %(p)s AND t = %(p)s;
-- fails: 42883
-- with: {"p": "5"}
SELECT (SELECT count(*) FROM simple WHERE i = %(p)s), count(*) FROM text_keys WHERE k = %(p)s;
WITH rich AS (SELECT i, count(*) c FROM simple GROUP BY i), nested AS (SELECT * FROM rich WHERE c > 2) SELECT * FROM nested JOIN rich USING (i) JOIN varchar_keys ON varchar_keys.i = rich.i ORDER BY 1, 2, 3, 4;
WITH simple AS (SELECT k, i FROM simple WHERE i = 3) SELECT * FROM simple ORDER BY 1;
WITH simple AS (SELECT i, count(*) FROM simple GROUP BY i) SELECT * FROM simple, varchar_keys WHERE simple.i = varchar_keys.i ORDER BY 1, 2, 3, 4;
-- fails: 42712
WITH varchar_keys AS (SELECT count(*) k FROM simple) SELECT varchar_keys.k, public.varchar_keys.k FROM varchar_keys, public.varchar_keys ORDER BY 2 LIMIT 3;
-- fails: 42702
WITH w AS (WITH v AS (SELECT max(i) m FROM varchar_keys) SELECT m FROM v) SELECT k FROM simple, w WHERE i = m ORDER BY 1;
