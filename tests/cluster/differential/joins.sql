-- Colocated tables on the whole key.
SELECT u.id, u.name, o.no, o.qty FROM users u JOIN orders o ON o.user_id = u.id ORDER BY u.id, o.no;
SELECT u.id, o.no FROM users u, orders o WHERE u.id = o.user_id AND o.qty > 1 ORDER BY 1, 2;
SELECT * FROM users u JOIN orders o ON u.id = o.user_id WHERE u.id = 7;
SELECT * FROM users u JOIN orders o ON u.id = o.user_id WHERE o.user_id = 7;
SELECT * FROM users u JOIN orders o ON u.id = o.user_id ORDER BY u.id, o.no LIMIT 5;
SELECT u.id, count(o.no) FROM users u LEFT JOIN orders o ON o.user_id = u.id GROUP BY u.id ORDER BY u.id;
SELECT u.id, o.no FROM users u LEFT JOIN orders o ON o.user_id = u.id AND o.state = 'paid' ORDER BY u.id, o.no;
SELECT u.id, o.no FROM users u LEFT JOIN orders o ON o.user_id = u.id WHERE o.no IS NULL ORDER BY u.id;
SELECT u.id, o.no FROM orders o RIGHT JOIN users u ON o.user_id = u.id ORDER BY u.id, o.no;
SELECT u.id, o.user_id FROM orders o FULL JOIN users u ON o.user_id = u.id ORDER BY u.id, o.no;
SELECT a.id, b.id FROM users a JOIN users b ON a.id = b.id WHERE a.score > 0 ORDER BY 1;
SELECT t.plane, t.day, p.maker FROM trips t JOIN planes p ON t.plane = p.plane ORDER BY 1, 2, t.dist, t.minutes;
SELECT t.plane, p.maker, count(*) FROM trips t LEFT JOIN planes p ON t.plane = p.plane GROUP BY t.plane, p.maker ORDER BY 1, 2;
SELECT p.maker, count(*), avg(t.delay) FROM trips t JOIN planes p USING (plane) GROUP BY p.maker ORDER BY 1;
SELECT plane, made, dist FROM trips JOIN planes USING (plane) ORDER BY plane, dist, day, minutes LIMIT 10;
SELECT * FROM trips JOIN planes USING (plane) ORDER BY plane, dist, day, minutes LIMIT 10;
SELECT * FROM trips NATURAL JOIN planes ORDER BY plane, dist, day, minutes LIMIT 10;
SELECT * FROM trips NATURAL LEFT JOIN planes ORDER BY plane, dist, day, minutes LIMIT 10;
SELECT e.tenant, e.day, e.n, l.most FROM events e JOIN limits l ON l.tenant = e.tenant AND l.day = e.day ORDER BY 1, 2;
SELECT e.tenant, e.day, e.n, l.most FROM events e JOIN limits l ON (l.tenant, l.day) = (e.tenant, e.day) ORDER BY 1, 2;
SELECT tenant, day, n, most FROM events JOIN limits USING (day, tenant) ORDER BY 1, 2;
SELECT count(*) FROM events NATURAL JOIN limits;
SELECT a.id, o.no FROM users a JOIN users b ON a.id = b.id JOIN orders o ON o.user_id = b.id ORDER BY 1, 2;
SELECT u.id, o.no FROM users u JOIN (SELECT user_id, no FROM orders WHERE qty > 1) o ON o.user_id = u.id ORDER BY 1, 2;
SELECT u.id, s.n FROM users u JOIN (SELECT user_id, count(*) AS n FROM orders GROUP BY user_id) s ON s.user_id = u.id ORDER BY 1;
SELECT u.id, s.n FROM users u LEFT JOIN (SELECT user_id, count(*) AS n FROM orders GROUP BY user_id) s ON s.user_id = u.id ORDER BY 1;
WITH s AS (SELECT user_id, count(*) AS n FROM orders GROUP BY user_id) SELECT u.name, s.n FROM users u JOIN s ON s.user_id = u.id ORDER BY u.id;
WITH s AS (SELECT * FROM orders) SELECT a.user_id, a.no, b.no FROM s a JOIN s b ON a.user_id = b.user_id AND a.no < b.no ORDER BY 1, 2, 3;
SELECT u.id, x.no FROM users u, LATERAL (SELECT o.no FROM orders o WHERE o.user_id = u.id ORDER BY o.no DESC LIMIT 1) x ORDER BY 1;
SELECT u.id, x.n FROM users u LEFT JOIN LATERAL (SELECT count(*) AS n FROM orders o WHERE o.user_id = u.id) x ON true ORDER BY 1;
SELECT u.id FROM users u WHERE u.id IN (SELECT user_id FROM orders WHERE qty > 3) ORDER BY 1;
SELECT u.id FROM users u WHERE EXISTS (SELECT 1 FROM orders o WHERE o.user_id = u.id AND o.qty > 3) ORDER BY 1;
SELECT u.id FROM users u WHERE EXISTS (SELECT * FROM orders o WHERE o.user_id = u.id) ORDER BY 1;
SELECT u.id FROM users u WHERE NOT EXISTS (SELECT 1 FROM orders o WHERE o.user_id = u.id AND o.qty > 3) ORDER BY 1;
SELECT u.id, (SELECT count(*) FROM orders o WHERE o.user_id = u.id) AS n FROM users u ORDER BY 1;
SELECT u.id, (SELECT max(price) FROM orders o WHERE o.user_id = u.id) FROM users u ORDER BY 2 DESC NULLS LAST, 1 LIMIT 5;
SELECT u.id, EXISTS (SELECT 1 FROM orders o WHERE o.user_id = u.id) FROM users u ORDER BY 1;
SELECT u.id, ARRAY(SELECT no FROM orders o WHERE o.user_id = u.id ORDER BY no) FROM users u ORDER BY 1;
SELECT u.country, sum((SELECT count(*) FROM orders o WHERE o.user_id = u.id)) FROM users u GROUP BY u.country ORDER BY 1;
SELECT u.country, count(*) FROM users u JOIN orders o ON o.user_id = u.id GROUP BY u.country ORDER BY 1;
SELECT u.country, o.state, sum(o.qty * o.price), count(DISTINCT u.id) FROM users u JOIN orders o ON o.user_id = u.id GROUP BY 1, 2 ORDER BY 1, 2;
SELECT e.tenant, e.day FROM events e WHERE (e.tenant, e.day) IN (SELECT tenant, day FROM limits WHERE most > 6) ORDER BY 1, 2;
SELECT e.tenant, e.day FROM events e WHERE EXISTS (SELECT 1 FROM limits l WHERE l.day = e.day AND e.tenant = l.tenant) ORDER BY 1, 2;
SELECT u.id FROM users u WHERE u.score > (SELECT avg(o.price) FROM orders o WHERE o.user_id = u.id) ORDER BY 1;
SELECT u.id, o.no FROM users u JOIN orders o ON o.user_id = u.id AND EXISTS (SELECT 1 FROM orders x WHERE x.user_id = u.id AND x.no > o.no) ORDER BY 1, 2;

-- Reference tables.
SELECT u.id, c.name FROM users u JOIN countries c ON c.code = u.country ORDER BY u.id;
SELECT u.id, c.name FROM users u LEFT JOIN countries c ON c.code = u.country ORDER BY u.id;
SELECT c.region, count(*), avg(u.score) FROM users u JOIN countries c ON c.code = u.country GROUP BY c.region ORDER BY 1;
SELECT c.code, c.name, count(*) FROM users u JOIN countries c ON c.code = u.country GROUP BY c.code ORDER BY 1;
SELECT c.*, count(*) FROM users u JOIN countries c ON c.code = u.country GROUP BY c.code ORDER BY c.code;
SELECT c.region, p.category, sum(o.qty * p.price) FROM users u JOIN orders o ON o.user_id = u.id JOIN products p ON p.id = o.product_id JOIN countries c ON c.code = u.country GROUP BY 1, 2 ORDER BY 1, 2;
SELECT * FROM orders o JOIN products p ON p.id = o.product_id ORDER BY o.user_id, o.no LIMIT 5;
SELECT o.*, p.name FROM products p RIGHT JOIN orders o ON p.id = o.product_id ORDER BY o.user_id, o.no LIMIT 5;
SELECT p.name, o.no FROM products p CROSS JOIN orders o WHERE o.user_id < 3 ORDER BY p.id, o.user_id, o.no;
SELECT count(*) FROM users u, products p;
SELECT count(*) FROM users u, (VALUES (1), (2)) AS v (x);
SELECT u.id FROM users u WHERE u.country IN (SELECT code FROM countries WHERE region = 'EU') ORDER BY 1;
SELECT u.id FROM users u WHERE u.country NOT IN (SELECT code FROM countries WHERE region = 'EU') ORDER BY 1;
SELECT u.id, (SELECT c.name FROM countries c WHERE c.code = u.country) FROM users u ORDER BY 1;
SELECT u.id FROM users u WHERE u.score > (SELECT max(price) FROM products) ORDER BY 1;
SELECT u.id, c.name FROM users u JOIN (SELECT code, upper(name) AS name FROM countries) c ON c.code = u.country ORDER BY 1;
WITH c AS (SELECT * FROM countries WHERE region IS NOT NULL) SELECT u.id, c.* FROM users u JOIN c ON c.code = u.country ORDER BY 1;
SELECT count(*) FROM countries;
SELECT * FROM products ORDER BY id;
SELECT category, count(*), string_agg(name, ',' ORDER BY id) FROM products GROUP BY ROLLUP (category) ORDER BY 1;
SELECT p.name, c.name FROM products p, countries c WHERE p.id = 3 ORDER BY 2;
SELECT u.id FROM users u JOIN orders o ON o.user_id = u.id JOIN products p ON p.id = o.product_id AND p.category = 'food' GROUP BY u.id ORDER BY u.id;
SELECT o.user_id, o.no FROM users u JOIN countries c ON c.code = u.country LEFT JOIN orders o ON o.user_id = u.id LEFT JOIN products p ON p.id = o.product_id ORDER BY u.id, o.no;

-- Everything on one server.
SELECT u.id, o.no, s.seconds FROM users u JOIN orders o ON o.user_id = u.id LEFT JOIN LATERAL (SELECT 1 AS seconds) s ON true WHERE u.id = 3;
SELECT (SELECT count(*) FROM orders WHERE user_id = 3), (SELECT name FROM users WHERE id = 3);
SELECT id FROM users WHERE id = 3 UNION ALL SELECT user_id FROM orders WHERE user_id = 3;
SELECT string_agg(name, ',') FROM users WHERE id = 3;
SELECT id, rank() OVER (ORDER BY score) FROM users WHERE id = 3;
SELECT count(*) FROM users u WHERE u.id = 3 AND EXISTS (SELECT 1 FROM orders o WHERE o.user_id = u.id);
SELECT u.id, o.no FROM users u LEFT JOIN orders o ON o.user_id = u.id AND o.no > 1 WHERE u.id = 3 ORDER BY 2;
SELECT a.id, b.id FROM users a FULL JOIN users b ON a.id = b.id WHERE a.id = 3;
WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT u.id, r.n FROM users u, r WHERE u.id = 3 ORDER BY 2;
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY price) FROM orders WHERE user_id = 4;
SELECT id FROM users WHERE id = 3 AND score IS NOT DISTINCT FROM (SELECT score FROM users WHERE id = 3);
SELECT now() IS NOT NULL, id FROM users WHERE id = 3;
SELECT id, random() < 2 FROM users WHERE id = 3;
SELECT country, active, count(*) FROM users WHERE id = 3 GROUP BY CUBE (country, active) ORDER BY 1, 2;
SELECT id FROM users WHERE id = 3 FOR UPDATE;
SELECT DISTINCT ON (state) state, no FROM orders WHERE user_id = 4 ORDER BY state, no;
SELECT * FROM users WHERE id = 3 ORDER BY id FETCH FIRST 3 ROWS WITH TIES;
SELECT id FROM users TABLESAMPLE SYSTEM (100) WHERE id = 3;
SELECT e.tenant FROM events e JOIN limits l USING (tenant, day) WHERE tenant = 'acme' AND day = '2026-01-03';

-- NULL keys that a join adds are in no partition.
SELECT p.id FROM products p LEFT JOIN trips t ON t.dist = p.id * 100 WHERE t.plane IS NULL ORDER BY p.id;
SELECT u.id FROM users u LEFT JOIN orders o ON o.user_id = u.id AND o.qty > 9 WHERE o.user_id IS NULL ORDER BY u.id;
SELECT u.id FROM users u LEFT JOIN orders o ON o.user_id = u.id AND o.qty > 9 WHERE o.user_id IS NULL AND u.id = 3;
SELECT u.id, o.no FROM users u LEFT JOIN orders o ON o.user_id = u.id WHERE o.user_id = 3 ORDER BY 2;
SELECT u.id, o.no FROM users u LEFT JOIN orders o ON o.user_id = u.id WHERE o.user_id IN (3, 4) OR u.id = 5 ORDER BY 1, 2;
SELECT u.id, o.no FROM users u RIGHT JOIN orders o ON o.user_id = u.id AND u.active WHERE u.id < 20 ORDER BY 1, 2;

-- What is not aligned.
SELECT count(*) FROM users u JOIN orders o ON o.product_id = u.id;
SELECT count(*) FROM orders a JOIN orders b ON a.no = b.no;
SELECT count(*) FROM users, orders;
SELECT count(*) FROM events e JOIN limits l ON e.tenant = l.tenant;
SELECT count(*) FROM users u JOIN trips t ON t.plane = u.name;
SELECT count(*) FROM users u LEFT JOIN orders o ON o.no = 1 WHERE o.user_id = u.id;
SELECT c.code, count(u.id) FROM countries c LEFT JOIN users u ON u.country = c.code GROUP BY c.code ORDER BY 1;
SELECT c.code, u.id FROM users u RIGHT JOIN countries c ON u.country = c.code;
SELECT c.code, u.id FROM users u FULL JOIN countries c ON u.country = c.code;
SELECT v.x, u.id FROM (VALUES (1), (999)) AS v (x) LEFT JOIN users u ON u.id = v.x;
SELECT id FROM users WHERE score > (SELECT avg(score) FROM users);
SELECT id FROM users WHERE id NOT IN (SELECT user_id FROM orders);
SELECT id FROM users WHERE country IN (SELECT state FROM orders);
SELECT id, id IN (SELECT user_id FROM orders) FROM users;
SELECT code FROM countries c WHERE EXISTS (SELECT 1 FROM users u WHERE u.country = c.code);
SELECT id FROM users UNION SELECT user_id FROM orders;
SELECT id FROM users EXCEPT SELECT user_id FROM orders;
WITH RECURSIVE r AS (SELECT id FROM users WHERE id = 1 UNION ALL SELECT u.id FROM users u JOIN r ON u.id = r.id + 1) SELECT count(*) FROM r;
SELECT id FROM users WHERE country IN (SELECT code FROM countries LIMIT 2);
SELECT id, now() > '2026-01-01', now() = transaction_timestamp() FROM users;
SELECT id FROM users WHERE born < CURRENT_DATE;
SELECT id FROM users WHERE born < 'today';
SELECT count(*) FROM (SELECT id FROM users ORDER BY random()) s;
-- refused: TABLESAMPLE
-- any answer
SELECT id FROM users TABLESAMPLE SYSTEM (50);
-- refused: FOR UPDATE
SELECT id FROM users ORDER BY id LIMIT 3 FOR UPDATE;
-- refused: xmin
-- any answer
SELECT xmin FROM users;
SELECT b.user_id, array_agg(b.no ORDER BY b.no) FROM users a LEFT JOIN orders b ON a.id = b.user_id GROUP BY b.user_id;
