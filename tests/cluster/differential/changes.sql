-- UPDATE and DELETE that no server can do by itself, and changes of keys. Each runs in a transaction of its own.
UPDATE users SET id = 5001 WHERE id = 6;
UPDATE users SET id = id + 1000 WHERE id < 20 RETURNING id, name;
UPDATE users SET id = id + 20000000000 RETURNING *;
UPDATE users SET id = -id, name = upper(name), score = score + 1 WHERE country = 'FR' RETURNING id, name, score;
UPDATE users AS u SET id = u.id * 100000 + 7 FROM orders o WHERE o.user_id = u.id AND o.no = 1 AND o.state = 'paid' RETURNING u.id, o.state;
UPDATE users SET id = (SELECT max(id) + 1 FROM users) WHERE id = 7 RETURNING id;
UPDATE users SET (id, name) = (SELECT 5001, name FROM countries WHERE code = 'FR') WHERE id = 8 RETURNING id, name;
UPDATE users SET id = 6 WHERE id = 6 RETURNING *;
-- with: (5005, 9)
UPDATE users SET id = %s WHERE id = %s RETURNING id, name;
-- with: (5005, 9)
UPDATE users SET id = %s, score = 1.005 WHERE id > %s AND id < 11 RETURNING id, score;
UPDATE orders SET user_id = user_id + 100000;
UPDATE orders SET user_id = 5, no = no + 1000 * user_id WHERE user_id < 4 RETURNING user_id, no;
UPDATE trips SET plane = 'N1' WHERE plane IS NULL;
UPDATE trips SET plane = NULL WHERE plane = 'N1' RETURNING day, plane;
UPDATE trips SET plane = lower(plane) RETURNING plane;
UPDATE planes SET plane = 'X' || plane RETURNING plane;
UPDATE events SET tenant = tenant || '!', day = day + 1 WHERE n = 1 RETURNING tenant, day;
UPDATE sessions SET sid = md5(sid::text)::uuid;
UPDATE flags SET on_off = NOT on_off;
UPDATE flags SET on_off = NULL WHERE n < 3;
UPDATE weights SET kg = kg * 2 RETURNING kg, what;
UPDATE weights SET kg = 1.005 WHERE kg > 2;
-- fails: 23505
UPDATE users SET id = 5;
-- fails: 23502
UPDATE users SET id = NULL WHERE id = 5;
-- fails: 22001
UPDATE planes SET plane = plane || ' is much too long';
-- fails: 22003
UPDATE weights SET kg = 123456;
-- fails: 23505
UPDATE users SET id = 5 WHERE id = 6;
DELETE FROM users WHERE score < (SELECT avg(score) FROM users);
DELETE FROM users WHERE id IN (SELECT product_id FROM orders WHERE qty > 2) RETURNING id, name;
DELETE FROM users WHERE id NOT IN (SELECT product_id FROM orders WHERE product_id IS NOT NULL) RETURNING id;
DELETE FROM orders USING users u WHERE u.name = orders.state;
DELETE FROM orders USING users u WHERE u.id = orders.product_id AND u.country IN ('FR', 'DE') RETURNING orders.user_id, orders.no, u.country;
DELETE FROM orders o USING orders p WHERE p.product_id = o.product_id AND p.user_id < o.user_id RETURNING o.*;
DELETE FROM trips t WHERE EXISTS (SELECT FROM planes p WHERE p.made = 1990 + extract(day FROM t.day)::int % 4);
DELETE FROM events WHERE n = (SELECT max(n) FROM events) OR day = (SELECT min(day) FROM events) RETURNING *;
WITH big AS (SELECT user_id, sum(price) AS s FROM orders GROUP BY user_id ORDER BY s DESC, user_id LIMIT 5) DELETE FROM users USING big WHERE big.s > users.score RETURNING users.id, big.user_id;
WITH x AS (SELECT avg(score) AS a FROM users) UPDATE users SET score = a FROM x WHERE score IS NULL RETURNING id, score;
UPDATE users SET score = score - (SELECT avg(score) FROM users) WHERE score IS NOT NULL RETURNING id, score;
UPDATE users SET name = (SELECT max(name) FROM users WHERE id < 10) WHERE id > 50;
UPDATE users SET name = (SELECT string_agg(o.state, ',' ORDER BY o.state, o.no) FROM orders o WHERE o.product_id = users.id) || 'x' WHERE EXISTS (SELECT FROM orders o WHERE o.product_id = users.id AND o.state IS NOT NULL) RETURNING id, name;
UPDATE orders SET price = x.p FROM (SELECT product_id, max(price) AS p FROM orders GROUP BY product_id) AS x WHERE x.product_id = orders.product_id RETURNING user_id, no, price;
UPDATE orders o SET state = u.name FROM users u WHERE u.id = o.product_id;
UPDATE orders SET qty = (SELECT count(*) FROM orders p WHERE p.product_id = orders.product_id) RETURNING *;
-- with: (3, "x")
UPDATE users SET score = (SELECT count(*) FROM orders WHERE product_id = %s), name = name || %s RETURNING id, score, name;
UPDATE users SET notes = '{"a": 1}', marks = ARRAY[1, 2], span = '1 day', uid = md5(name)::uuid, code = 'abcd', joined = '2020-01-01' WHERE score > (SELECT avg(score) FROM users) RETURNING *;
UPDATE users SET score = DEFAULT WHERE id = (SELECT min(id) FROM users) RETURNING id, score;
UPDATE users SET name = 'x' WHERE id = (SELECT max(id) FROM users WHERE false) RETURNING id;
UPDATE events SET n = n + 1 FROM limits l WHERE l.most > events.n AND l.tenant = 'acme' RETURNING events.tenant, events.day;
UPDATE users SET score = random() RETURNING id;
-- fails: 23502
UPDATE users SET name = NULL WHERE id > (SELECT avg(id) FROM users WHERE id < 100);
-- fails: 22012
UPDATE users SET score = 1 / (SELECT count(*) FROM users WHERE false);
-- fails: 42703
UPDATE users SET nothing = 1 WHERE id = (SELECT 5);
-- fails: 42703
UPDATE users SET name = 'x' WHERE nothing = (SELECT max(id) FROM users);
-- fails: 21000
UPDATE users SET score = (SELECT price FROM orders);
UPDATE users SET marks[1] = 99, notes['x'] = '5' WHERE score > (SELECT avg(score) FROM users) RETURNING id, marks, notes;
UPDATE users SET marks[2] = (SELECT count(*) FROM orders) WHERE marks IS NOT NULL RETURNING *;
UPDATE users SET marks[1] = 99 WHERE score > (SELECT avg(score) FROM users);
UPDATE users SET (marks[2:3], id) = ('{7,8}', id + 1000) RETURNING id, marks;
