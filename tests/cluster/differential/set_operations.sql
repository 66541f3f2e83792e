-- UNION ALL: the rows of all servers.
SELECT id FROM users UNION ALL SELECT user_id FROM orders;
SELECT id, name FROM users WHERE id < 20 UNION ALL SELECT user_id, state FROM orders ORDER BY 1, 2 NULLS FIRST;
SELECT name FROM users UNION ALL SELECT country FROM users ORDER BY name DESC NULLS LAST LIMIT 7 OFFSET 3;
SELECT country, count(*) FROM (SELECT country FROM users UNION ALL SELECT state FROM orders) u GROUP BY country;
SELECT count(*), sum(id) FROM (SELECT id FROM users UNION ALL SELECT user_id FROM orders UNION ALL SELECT id FROM users) u;
WITH u AS (SELECT id FROM users WHERE active) SELECT id FROM u UNION ALL SELECT id FROM u;
SELECT id, score FROM users UNION ALL SELECT user_id, qty FROM orders;
SELECT id FROM users UNION ALL SELECT id FROM products;
SELECT id FROM users UNION ALL VALUES (1), (2);
SELECT id FROM users UNION ALL (SELECT user_id FROM orders ORDER BY no, user_id LIMIT 3);
SELECT country, count(*) FROM users GROUP BY country UNION ALL SELECT name, id FROM users WHERE id = 3;
SELECT id FROM users WHERE id = 3 UNION ALL SELECT user_id FROM orders WHERE user_id = 3;
SELECT id FROM users WHERE id = 3 UNION ALL SELECT user_id FROM orders WHERE user_id = 4;

-- Equal rows are on one server where the keys are in the same columns.
SELECT id FROM users UNION SELECT user_id FROM orders;
SELECT user_id FROM orders INTERSECT SELECT id FROM users;
SELECT id FROM users EXCEPT SELECT user_id FROM orders ORDER BY id;
SELECT user_id FROM orders INTERSECT ALL SELECT user_id FROM orders;
SELECT user_id FROM orders EXCEPT ALL SELECT id FROM users;
SELECT name, id FROM users UNION SELECT state, user_id FROM orders ORDER BY 2, 1 LIMIT 9;
SELECT id FROM users UNION SELECT user_id FROM orders EXCEPT SELECT user_id FROM orders WHERE qty > 3;
(SELECT id FROM users EXCEPT SELECT user_id FROM orders) UNION ALL SELECT user_id FROM orders;
SELECT max(id) FROM (SELECT id FROM users UNION SELECT user_id FROM orders) u;
SELECT u.id, u.name FROM users u JOIN orders o ON o.user_id = u.id UNION SELECT id, name FROM users WHERE id > 30;
SELECT id, id FROM users UNION SELECT user_id, no FROM orders;
SELECT plane FROM trips UNION SELECT plane FROM planes ORDER BY plane;

-- Elsewhere they are gathered.
SELECT name FROM users UNION SELECT state FROM orders;
SELECT id, name FROM users UNION SELECT no, state FROM orders;
SELECT id FROM users INTERSECT SELECT id FROM products;
SELECT id + 0 FROM users UNION SELECT user_id FROM orders;
SELECT id::text FROM users UNION SELECT name FROM users;
SELECT country FROM users EXCEPT SELECT code FROM countries;
SELECT id::numeric FROM users UNION SELECT user_id FROM orders;
SELECT DISTINCT country FROM users UNION ALL SELECT DISTINCT state FROM orders;
SELECT NULL::bigint UNION SELECT id FROM users;
