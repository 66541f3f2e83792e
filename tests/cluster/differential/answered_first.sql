-- Subqueries that servers can answer, within statements that they cannot.
SELECT u.id, d.n FROM users u JOIN (SELECT state, count(*) AS n FROM orders GROUP BY state) d ON length(d.state) = u.id % 7 ORDER BY 1, 2;
SELECT d.country, d.n, o.user_id, o.no FROM (SELECT country, count(*) AS n FROM users GROUP BY country) d JOIN orders o ON o.qty = d.n % 5 ORDER BY 1, 3, 4;
WITH r AS (SELECT product_id, sum(qty) AS s FROM orders GROUP BY product_id) SELECT product_id, s FROM r WHERE s = (SELECT max(s) FROM r) ORDER BY 1;
WITH r AS (SELECT country, avg(score) AS a, count(*) FILTER (WHERE active) AS n FROM users GROUP BY country) SELECT x.country, y.country, x.a - y.a FROM r x JOIN r y ON x.n > y.n ORDER BY 1, 2;
WITH a AS (SELECT country, count(*) AS n FROM users GROUP BY country), b AS (SELECT max(n) AS n FROM a) SELECT a.* FROM a JOIN b USING (n) ORDER BY 1;
WITH a (x, y) AS (SELECT state, sum(price) FROM orders GROUP BY state) SELECT x, y, y / sum(y) OVER () FROM a ORDER BY x NULLS FIRST;
SELECT id FROM users WHERE score > (SELECT 1.2 * avg(score) FROM users) ORDER BY id;
SELECT id FROM users WHERE score > (SELECT avg(score) FROM users WHERE country = 'FR') AND country IN (SELECT country FROM users GROUP BY country HAVING count(*) > 2) ORDER BY id;
SELECT id, (SELECT count(*) FROM orders) AS orders, (SELECT max(day) FROM trips) FROM users ORDER BY id LIMIT 4;
SELECT id FROM users WHERE id NOT IN (SELECT max(user_id) FROM orders GROUP BY state) ORDER BY id;
SELECT count(*) FROM users WHERE EXISTS (SELECT state FROM orders GROUP BY state HAVING count(*) > 1000);
SELECT ARRAY(SELECT DISTINCT state FROM orders ORDER BY state) AS states, count(*) OVER () FROM users LIMIT 1;
SELECT count(*) FROM users UNION ALL SELECT count(*) FROM orders UNION ALL SELECT sum(qty) FROM orders;
SELECT 'users' AS what, count(*) FROM users UNION ALL SELECT 'orders', count(*) FROM orders ORDER BY 1;
SELECT state, count(*) FROM orders GROUP BY state UNION SELECT country, count(*) FROM users GROUP BY country ORDER BY 2, 1;
(SELECT country, count(*) FROM users GROUP BY country ORDER BY 2 DESC, 1 LIMIT 2) UNION ALL (SELECT state, count(*) FROM orders GROUP BY state ORDER BY 2, 1 LIMIT 1);
SELECT country FROM users GROUP BY country INTERSECT SELECT code FROM countries ORDER BY 1;
SELECT tag FROM users GROUP BY tag EXCEPT ALL SELECT name FROM users GROUP BY name ORDER BY 1;
SELECT DISTINCT tag FROM users UNION SELECT DISTINCT state FROM orders ORDER BY 1;
SELECT d.id, d.name, o.no FROM (SELECT id, name FROM users ORDER BY score DESC NULLS LAST, id LIMIT 5) d JOIN orders o ON o.qty = d.id % 5 ORDER BY 1, 3;
SELECT d.name, d.tag FROM (SELECT name, tag FROM users ORDER BY tag NULLS FIRST, name, id OFFSET 3 LIMIT 6) d CROSS JOIN (SELECT count(*) AS n FROM orders) x WHERE n > 3 ORDER BY d.tag, d.name;
SELECT array_agg(name) FROM (SELECT name, id FROM users ORDER BY id LIMIT 4) d;
SELECT max(n), min(state) FROM (SELECT state, count(*) AS n FROM orders GROUP BY state) d;
SELECT n, count(*) FROM (SELECT user_id, count(*) AS n FROM orders GROUP BY user_id) d GROUP BY n ORDER BY n;
SELECT rank() OVER (ORDER BY n DESC), carrier, n FROM (SELECT carrier, count(*) AS n FROM trips GROUP BY carrier) d ORDER BY 1, 2;
SELECT d.* FROM (SELECT DISTINCT ON (id) id, name FROM users ORDER BY id, name LIMIT 3) d, (SELECT max(no) AS m FROM orders) x ORDER BY id;
SELECT u.id, o.no, c.name FROM users u JOIN orders o ON o.user_id = u.id JOIN countries c ON c.code = u.country WHERE o.price > (SELECT avg(price) FROM orders) ORDER BY 1, 2;
SELECT * FROM (SELECT u.id, o.qty FROM users u JOIN orders o ON o.user_id = u.id WHERE u.active) d WHERE d.qty IN (SELECT max(qty) FROM orders GROUP BY state) ORDER BY 1, 2;
SELECT l.country, l.m FROM users u, LATERAL (SELECT country, max(score) AS m FROM users GROUP BY country) l WHERE u.id = 3 AND l.m > u.score ORDER BY 1;
SELECT CASE WHEN id > 5 THEN (SELECT min(price) FROM orders) ELSE 0 END FROM users ORDER BY id;
SELECT s.tag, s.n FROM (SELECT tag, count(*) AS n FROM users GROUP BY tag) s ORDER BY s.tag, (SELECT count(*) FROM orders);
SELECT s.t > 'B', s.t FROM (SELECT max(tag) AS t FROM users GROUP BY country) s JOIN (SELECT max(name) AS t FROM users GROUP BY active) x ON s.t > x.t ORDER BY 2;
SELECT x.code || '.', x.nick || '.' FROM (SELECT code, nick FROM users GROUP BY code, nick) x WHERE x.nick < (SELECT max(nick) FROM users) ORDER BY 1, 2;
SELECT x.span, x.marks, x.uid FROM (SELECT DISTINCT span, marks, uid FROM users) x JOIN (SELECT count(*) AS n FROM orders) c ON c.n > 0 ORDER BY 3, 1, 2;
SELECT x.notes, x.n FROM (SELECT notes, count(*) AS n FROM users GROUP BY notes) x LEFT JOIN orders o ON o.qty = x.n + 100 ORDER BY 1, 2;
SELECT x.f, x.s FROM (SELECT on_off AS f, sum(n) AS s FROM flags GROUP BY on_off) x FULL JOIN (SELECT active AS f, count(*) AS s FROM users GROUP BY active) y USING (f) ORDER BY 1, 2;
WITH RECURSIVE a AS (SELECT count(*) AS top FROM users), r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r, a WHERE n < least(top, 5)) SELECT n FROM r ORDER BY n;
WITH a AS (SELECT country, count(*) AS n FROM users GROUP BY country) SELECT (SELECT sum(n) FROM a WHERE a.country < u.country) FROM users u ORDER BY u.id;
SELECT (SELECT sum(score) FROM users WHERE false), (SELECT max(name) FROM users WHERE id = -1), count(*) OVER () FROM orders LIMIT 1;
SELECT n FROM (SELECT count(*) AS n FROM users WHERE country = 'nowhere') d WHERE n = (SELECT count(*) FROM orders WHERE state = 'nowhere');
-- with: (5, "FR")
-- with: (0, None)
SELECT id FROM users WHERE id > %s AND score > (SELECT avg(score) FROM users WHERE country = %s) ORDER BY id;
-- with: ("paid", 2)
SELECT u.id, d.n FROM users u JOIN (SELECT user_id %% 4 AS m, count(*) AS n FROM orders WHERE state = %s GROUP BY 1) d ON d.m = u.id %% %s ORDER BY 1, 2;
-- with: (3,)
-- with: (30000,)
SELECT o.no FROM orders o WHERE o.qty > (SELECT max(qty) FROM orders WHERE user_id = %s) ORDER BY user_id, no;
-- with: ([1, 2, 3],)
SELECT count(*) FROM orders o WHERE o.price > (SELECT avg(price) FROM orders WHERE user_id = ANY(%s));
-- What PostgreSQL does not compute, or not for these rows, ends no statement.
SELECT d.n FROM (SELECT user_id, 10 / nullif(qty, 0) AS n, count(*) FROM orders GROUP BY 1, 2) d JOIN users u ON u.id = d.n WHERE d.user_id <> 0 ORDER BY 1;
SELECT CASE WHEN id < -1000000 THEN (SELECT max(name::int) FROM users) END FROM users ORDER BY id LIMIT 2;
-- fails: 21000
SELECT count(*) FROM users WHERE 1 = (SELECT user_id FROM orders GROUP BY user_id);
-- fails: 42703
SELECT count(*) FROM users WHERE 1 = (SELECT max(nothing) FROM orders);
-- fails: 42601
SELECT count(*) FROM users WHERE 1 = (SELECT max(qty), 1 FROM orders);
SELECT score > (SELECT avg(score) FROM users) AS more, count(*), rank() OVER (ORDER BY count(*)) FROM users GROUP BY score > (SELECT avg(score) FROM users) ORDER BY 1;
SELECT ANSWERED_1.n, u.id FROM users u JOIN (SELECT state, count(*) AS n FROM orders GROUP BY state) answered_1 ON answered_1.n % 7 = u.id ORDER BY 1, 2;
SELECT CASE WHEN (SELECT max(qty) FROM orders) > 0 THEN 1 ELSE (SELECT sum(height * 1e308) FROM users) END;
SELECT CASE WHEN (SELECT max(qty) FROM orders) > 0 THEN 1 ELSE (SELECT count(*) FROM users LIMIT -1) END;
SELECT CASE WHEN (SELECT max(qty) FROM orders) > 0 THEN 1 ELSE (SELECT count(*) FROM users WHERE score + 1e300 < rating) END;
