-- Tables joined off their keys, where the rows of one tell which rows of another matter.
SELECT s.sid, u.name FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.seconds < 40 ORDER BY 1;
SELECT s.sid, u.name FROM sessions s JOIN users u ON u.id = s.user_id WHERE u.country = 'FR' ORDER BY 1;
SELECT s.sid, u.name FROM sessions s LEFT JOIN users u ON u.id = s.user_id AND u.country = 'FR' ORDER BY 1;
SELECT u.id, s.sid FROM sessions s RIGHT JOIN users u ON u.id = s.user_id AND s.seconds < 100 ORDER BY 1, 2;
SELECT u.id, s.sid FROM sessions s FULL JOIN users u ON u.id = s.user_id AND s.seconds < 100 ORDER BY 1, 2;
SELECT u.id, s.sid FROM users u LEFT JOIN sessions s ON s.seconds < 60 WHERE s.user_id = u.id ORDER BY 1, 2;
SELECT u.id, s.sid, o.no FROM (users u FULL JOIN sessions s ON s.seconds = u.id) JOIN orders o ON o.product_id = s.user_id ORDER BY 1, 2, 3, o.user_id;
SELECT u.id, s.sid, e.n FROM users u LEFT JOIN (sessions s JOIN events e ON e.n = s.user_id) ON e.n = u.id ORDER BY 1, 2, 3, e.day, e.tenant;
SELECT u.id FROM users u WHERE u.id IN (SELECT user_id FROM sessions WHERE seconds < 90) ORDER BY 1;
SELECT u.id FROM users u WHERE u.id IN (SELECT user_id FROM sessions WHERE seconds < 0) ORDER BY 1;
SELECT u.id FROM users u WHERE u.id NOT IN (SELECT user_id FROM sessions WHERE seconds < 90) ORDER BY 1;
SELECT u.id FROM users u WHERE u.id NOT IN (SELECT user_id FROM sessions WHERE user_id IS NOT NULL AND seconds < 90) ORDER BY 1;
SELECT u.id FROM users u WHERE u.id IN (SELECT user_id FROM sessions WHERE seconds < 90) OR u.country = 'JP' ORDER BY 1;
SELECT u.id FROM users u WHERE (u.id IN (SELECT user_id FROM sessions WHERE seconds < 90)) IS NOT TRUE ORDER BY 1;
SELECT u.id FROM users u WHERE u.id <> ALL (SELECT user_id FROM sessions WHERE seconds < 90 AND user_id > 0) ORDER BY 1;
SELECT u.id FROM users u WHERE u.id <> ANY (SELECT user_id FROM sessions WHERE seconds < 30) ORDER BY 1;
SELECT u.id FROM users u WHERE u.id = ALL (SELECT user_id FROM sessions WHERE seconds < 0) ORDER BY 1;
SELECT u.id FROM users u WHERE (u.id, u.born) IN (SELECT s.user_id, v.born FROM sessions s, users v WHERE s.user_id = v.id) ORDER BY 1;
SELECT u.id FROM users u WHERE EXISTS (SELECT FROM sessions s WHERE s.user_id = u.id AND s.seconds < 90) ORDER BY 1;
SELECT u.id FROM users u WHERE NOT EXISTS (SELECT FROM sessions s WHERE s.user_id = u.id AND s.seconds < 90) ORDER BY 1;
SELECT u.id FROM users u WHERE EXISTS (SELECT count(*) FROM sessions s WHERE s.user_id = u.id AND s.seconds < 90) ORDER BY 1;
SELECT u.id FROM users u WHERE EXISTS (SELECT 1 FROM sessions s WHERE s.user_id = u.id HAVING true) ORDER BY 1;
SELECT u.id FROM users u WHERE EXISTS (SELECT 1 FROM sessions s WHERE s.user_id = u.id AND s.seconds < 90 GROUP BY GROUPING SETS ((), (s.seconds))) ORDER BY 1;
SELECT u.id FROM users u WHERE EXISTS (SELECT 1 FROM flags f LEFT JOIN sessions s ON s.user_id = u.id) ORDER BY 1;
SELECT u.id FROM users u WHERE EXISTS (SELECT 1 FROM sessions s WHERE EXISTS (SELECT 1 FROM events e WHERE e.n = s.user_id AND e.n = u.id)) ORDER BY 1;
SELECT u.id FROM users u WHERE u.id = (SELECT min(user_id) FROM sessions) ORDER BY 1;
SELECT u.id FROM users u WHERE u.id = (SELECT user_id FROM sessions WHERE user_id IS NOT NULL ORDER BY seconds, sid LIMIT 1);
SELECT u.id, (SELECT count(*) FROM sessions s WHERE s.user_id = u.id) FROM users u WHERE u.country = 'DE' ORDER BY 1;
SELECT u.id, (SELECT array_agg(s.sid ORDER BY s.sid) FROM sessions s WHERE s.user_id = u.id) FROM users u WHERE u.id < 9 ORDER BY 1;
SELECT u.id, x.most FROM users u, LATERAL (SELECT max(s.seconds) AS most FROM sessions s WHERE s.user_id = u.id) x WHERE u.active ORDER BY 1;
SELECT u.id, x.sid FROM users u LEFT JOIN LATERAL (SELECT s.sid FROM sessions s WHERE s.user_id = u.id ORDER BY s.sid LIMIT 1) x ON u.active ORDER BY 1;
SELECT u.id, x.n FROM users u JOIN (SELECT user_id, count(*) AS n FROM sessions GROUP BY user_id) x ON x.user_id = u.id WHERE u.country = 'US' ORDER BY 1;
WITH x AS (SELECT user_id, seconds FROM sessions WHERE seconds < 150) SELECT u.id, x.seconds, y.seconds FROM users u JOIN x ON x.user_id = u.id LEFT JOIN x y ON y.user_id = u.id + 1 ORDER BY 1, 2, 3;
WITH x (id) AS (SELECT user_id FROM sessions GROUP BY GROUPING SETS (user_id, ())) SELECT u.id FROM users u JOIN x ON x.id = u.id ORDER BY 1;
SELECT u.id FROM users u JOIN (SELECT user_id AS id FROM sessions WHERE seconds < 9 UNION ALL SELECT 2) x ON x.id = u.id ORDER BY 1;
SELECT u.id FROM users u WHERE u.id IN (SELECT user_id FROM sessions UNION SELECT n FROM events) ORDER BY 1;
WITH RECURSIVE x (id) AS (SELECT user_id FROM sessions WHERE seconds < 50 UNION SELECT s.user_id FROM sessions s, x WHERE s.user_id = x.id + 1) SELECT u.id FROM users u JOIN x ON x.id = u.id ORDER BY 1;
WITH RECURSIVE x (id) AS (SELECT 1::bigint UNION SELECT s.user_id FROM sessions s, x, users u WHERE s.user_id > x.id AND s.user_id = u.id AND u.active) SELECT id FROM x ORDER BY 1;
SELECT u.id, s.sid FROM users u JOIN sessions s ON s.user_id = u.id WHERE u.score > (SELECT avg(v.score) FROM users v) ORDER BY 1, 2;
SELECT u.id, s.sid FROM users u JOIN sessions s ON s.user_id = u.id WHERE s.seconds > (SELECT avg(t.seconds) FROM sessions t WHERE t.user_id < 20) ORDER BY 1, 2;
SELECT u.id FROM users u JOIN sessions s ON s.user_id = u.id WHERE s.seconds < 50 UNION ALL SELECT v.id FROM users v JOIN events e ON e.n = v.id ORDER BY 1;
SELECT a.sid, b.sid FROM sessions a JOIN sessions b ON a.user_id = b.seconds ORDER BY 1, 2;
SELECT t.plane, t.day, e.tenant FROM trips t JOIN events e USING (day) WHERE e.kind = 'a' ORDER BY 1, 2, 3, t.dist, t.minutes;
SELECT day, t.plane, e.tenant FROM trips t FULL JOIN events e USING (day) JOIN limits l USING (day) WHERE l.most > 20 ORDER BY 1, 2, 3, t.dist, t.minutes, l.tenant;
SELECT count(*) FROM trips NATURAL JOIN events;
SELECT u.id, w.what FROM users u JOIN weights w ON w.kg = u.score ORDER BY 1, 2;
SELECT u.id, w.what FROM users u JOIN weights w ON w.kg = u.rating ORDER BY 1, 2;
SELECT u.id, v.id FROM users u JOIN trips v(id) ON v.id = u.tag ORDER BY 1, 2;
SELECT u.id, p.maker FROM users u JOIN planes p ON p.plane = u.nick OR p.plane = 'N1' ORDER BY 1, 2, p.plane;
SELECT u.id, s.sid FROM users u JOIN sessions s ON s.user_id IS NOT DISTINCT FROM u.id ORDER BY 1, 2;
SELECT o.user_id, s.sid FROM orders o JOIN sessions s ON s.user_id IS NOT DISTINCT FROM o.product_id WHERE o.qty = 10 ORDER BY 1, 2, o.no;
SELECT s.sid, o.no FROM sessions s, orders o, users u WHERE s.user_id = u.id AND o.product_id = s.user_id AND u.active ORDER BY 1, 2, o.user_id;
SELECT f.n, s.sid FROM flags f JOIN users u ON u.active = f.on_off JOIN sessions s ON s.user_id = u.id WHERE f.n = 3 ORDER BY 1, 2;
SELECT s.seconds, o.user_id FROM sessions s JOIN orders o ON o.user_id = s.seconds JOIN users u ON u.id = s.user_id ORDER BY 1, 2, o.no, s.sid;
-- Reference tables with conditions of their own.
SELECT o.user_id, o.no, rank() OVER (ORDER BY o.qty) FROM orders o JOIN products p ON p.id = o.product_id WHERE p.category = 'food' ORDER BY 1, 2;
-- with: ("tool", 3)
-- with: ("food", None)
-- with: (None, 3)
SELECT o.user_id, o.no, rank() OVER (ORDER BY o.qty) FROM orders o JOIN products p ON p.id = o.product_id WHERE p.category = %s AND p.price > %s ORDER BY 1, 2;
SELECT o.user_id, o.no, count(*) OVER () FROM orders o LEFT JOIN products p ON p.id = o.product_id AND p.category = 'food' ORDER BY 1, 2;
SELECT p.id, o.no, count(*) OVER () FROM products p LEFT JOIN orders o ON p.id = o.product_id WHERE p.category = 'food' ORDER BY 1, 2, o.user_id;
SELECT p.id, o.no, count(*) OVER () FROM products p LEFT JOIN orders o ON p.id = o.product_id AND p.category = 'food' ORDER BY 1, 2, o.user_id;
SELECT o.no, count(*) OVER () FROM orders o WHERE o.product_id IN (SELECT id FROM products WHERE category IS NULL) ORDER BY 1;
SELECT o.no, count(*) OVER () FROM orders o WHERE o.product_id NOT IN (SELECT id FROM products WHERE category = 'tool') ORDER BY 1;
SELECT o.no, count(*) OVER () FROM orders o WHERE NOT EXISTS (SELECT FROM products p WHERE p.category = 'tool' AND p.id = o.product_id) ORDER BY 1;
SELECT o.no, count(*) OVER () FROM orders o WHERE EXISTS (SELECT FROM products p WHERE p.category = 'tool' AND p.id = o.product_id) ORDER BY 1;
SELECT s.sid, u.id FROM sessions s JOIN users u ON u.id = s.user_id JOIN countries c ON c.code = u.country WHERE c.region = 'EU' ORDER BY 1;
SELECT s.sid, u.id FROM sessions s LEFT JOIN (users u JOIN countries c ON c.code = u.country AND c.region = 'EU') ON u.id = s.user_id ORDER BY 1;
SELECT sum(o.qty) FROM orders o, products p WHERE p.id = o.product_id AND p.category = 'food' AND o.qty < (SELECT avg(i.qty) FROM orders i WHERE i.product_id = p.id);
SELECT p.name, (SELECT max(o.qty) FROM orders o WHERE o.product_id = p.id), (SELECT count(*) FROM orders) FROM products p WHERE p.price < 9 ORDER BY 1, 2, p.id;
SELECT o.no, count(*) OVER () FROM orders o JOIN products p ON p.id = o.product_id JOIN products q ON q.id = p.id + 1 WHERE q.category = 'food' AND p.name = 'product 2' ORDER BY 1;
SELECT o.no, count(*) OVER () FROM orders o JOIN products p ON p.id = o.product_id JOIN countries c ON c.name = p.name WHERE c.region = 'EU' ORDER BY 1;
SELECT count(*) OVER (), o.no FROM orders o JOIN products "user_id" ON "user_id".id = o.product_id WHERE "user_id".price > 5 AND "user_id".category = 'tool' ORDER BY 2;
-- A subquery that may have several rows is run, whatever its rows would match.
-- fails: 21000
SELECT count(*) FROM orders o WHERE o.product_id = (SELECT u.id + 0 FROM users u WHERE u.id > 2);
-- fails: 21000
SELECT count(*) FROM planes p WHERE p.made = (SELECT o.qty FROM orders o WHERE o.qty IS NOT NULL);
-- Arrays are compared as arrays.
SELECT count(*) FROM users a JOIN users b ON a.marks = b.marks WHERE a.id < 6;
