-- Each statement runs in a transaction of its own that is rolled back after the tables were compared.
INSERT INTO users VALUES (1001, 'new', 'FR');
INSERT INTO users (name, id) VALUES ('new', 1001) RETURNING *;
INSERT INTO users (id, name) VALUES (1001, 'a'), (1002, 'b'), (1003, 'c'), ('1004', 'd');
-- with: (1001, "x")
-- with: ("1001", "x")
INSERT INTO users (id, name) VALUES (%s, %s) RETURNING id, name;
-- with: (1001, "x", 1002, "y")
INSERT INTO users (id, name) VALUES (%s, %s), (%s, %s);
INSERT INTO users (id, name, score) VALUES (1001, 'a', DEFAULT);
INSERT INTO users (id, name) VALUES (7, 'dup') ON CONFLICT (id) DO NOTHING;
INSERT INTO users (id, name) VALUES (7, 'dup') ON CONFLICT DO NOTHING RETURNING id;
INSERT INTO users AS u (id, name) VALUES (7, 'dup'), (1007, 'n') ON CONFLICT (id) DO UPDATE SET name = excluded.name || u.name;
INSERT INTO users (id, name) VALUES (7, 'dup') ON CONFLICT (id) DO UPDATE SET name = excluded.name WHERE users.id < 5 RETURNING id;
INSERT INTO users (id, name) VALUES (7, 'dup') ON CONFLICT ON CONSTRAINT users_pkey DO UPDATE SET name = 'x' RETURNING users.id, users.name;
-- fails: 23505
INSERT INTO users (id, name) VALUES (7, 'dup');
-- fails: 23502
INSERT INTO users (id, country) VALUES (1001, 'FR');
-- fails: 42703
INSERT INTO users (id, nothing) VALUES (1001, 'FR');
-- fails: 42601
INSERT INTO users (id, name) VALUES (1001);
INSERT INTO trips VALUES (NULL, '2026-01-01', 5, '1 hour', 'AA', 0.25), ('N1', '2026-01-02', 5, '1 hour', 'AA', 0.25);
INSERT INTO trips (day, carrier) VALUES ('2026-01-01', 'ZZ') RETURNING plane, carrier;
INSERT INTO events (tenant, day, n) VALUES ('acme', '2026-03-01', 7), ('', '2026-03-02', 8) RETURNING tenant, day, n;
INSERT INTO events (tenant, day, n) VALUES ('acme', '2026-01-01', 7) ON CONFLICT (day, tenant) DO UPDATE SET n = events.n + excluded.n;
INSERT INTO sessions VALUES ('00000000-0000-0000-0000-00000000ffff', 3, 4);
INSERT INTO flags VALUES (true, 100), (false, 101), (NULL, 102);
INSERT INTO weights VALUES (1.50, 'x'), (2, 'y'), ('3.25', 'z');
INSERT INTO planes VALUES ('N999', 2000, 'Boeing');
INSERT INTO users (id, name, score) VALUES (1001, upper('a') || 'b', 1 + 2), (1002, (SELECT max(name) FROM countries), 3);
INSERT INTO users (id, name /* a comment */) VALUES (1001, 'a' -- another
), (1002, 'b') -- and another
RETURNING id;
WITH x AS (SELECT 5 AS n) INSERT INTO users (id, name, score) VALUES (1001, 'a', (SELECT n FROM x));
INSERT INTO countries VALUES ('ZZ', 'Nowhere', NULL) RETURNING *;
INSERT INTO countries (code) VALUES ('ZZ'), ('ZY') ON CONFLICT DO NOTHING;
INSERT INTO countries (code, name) VALUES ('FR', 'La France') ON CONFLICT (code) DO UPDATE SET name = excluded.name;
INSERT INTO users (id, name, joined) VALUES (1001, 'a', now()) RETURNING id;

UPDATE users SET name = 'x' WHERE id = 7;
UPDATE users SET name = 'x' WHERE id IN (7, 8, 9) RETURNING id, name;
UPDATE users SET name = upper(name), score = coalesce(score, 0) + 1;
UPDATE users SET name = 'x' WHERE country = 'FR' RETURNING *;
UPDATE users SET name = 'y' WHERE country = 'DE' RETURNING (users.*);
UPDATE users u SET score = u.score * 2 WHERE u.score > 100 RETURNING u.*;
UPDATE users SET (name, score) = ('y', 5) WHERE id = 7;
UPDATE users SET (name, score) = (SELECT 'y', 5) WHERE id < 7;
UPDATE users SET name = c.name FROM countries c WHERE c.code = users.country AND c.name IS NOT NULL;
UPDATE orders SET qty = 0 FROM users u WHERE u.id = orders.user_id AND u.country = 'DE';
UPDATE orders SET qty = 0 WHERE EXISTS (SELECT 1 FROM users u WHERE u.id = orders.user_id AND u.active);
UPDATE users SET score = (SELECT count(*) FROM orders o WHERE o.user_id = users.id);
UPDATE users SET score = DEFAULT WHERE id < 20;
UPDATE users SET joined = now() WHERE id = 7 RETURNING id;
UPDATE users SET score = random() WHERE id = 7 RETURNING id;
UPDATE trips SET dist = 0 WHERE plane IS NULL;
UPDATE trips SET dist = 0 WHERE plane = 'N3' OR plane = 'N4';
UPDATE events SET n = 5 WHERE tenant = 'acme' AND day = '2026-01-03' RETURNING *;
UPDATE events SET n = 5 WHERE tenant = 'acme';
UPDATE users SET name = 'x' WHERE id = 1 AND id = 2;
UPDATE countries SET region = 'X' WHERE region IS NULL RETURNING *;
UPDATE countries SET name = (SELECT max(name) FROM products) WHERE code = 'FR';
-- with: ("z", 7)
-- with: ("z", None)
UPDATE users SET name = %s WHERE id = %s;
-- fails: 22012
UPDATE users SET score = 1 / (id - id);

DELETE FROM users WHERE id = 7;
DELETE FROM users WHERE id = ANY (ARRAY[1, 2, 3]) RETURNING id, name;
DELETE FROM users WHERE country IS NULL RETURNING *;
DELETE FROM orders;
DELETE FROM orders USING users u WHERE u.id = orders.user_id AND u.country = 'FR' RETURNING orders.*;
DELETE FROM orders o WHERE o.user_id IN (SELECT id FROM users WHERE active);
DELETE FROM orders o WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.id = o.user_id AND u.active);
DELETE FROM orders USING products p WHERE p.id = orders.product_id AND p.category = 'tool';
DELETE FROM trips WHERE plane IS NULL AND carrier = 'AA';
DELETE FROM countries WHERE code = 'XX' RETURNING code;
DELETE FROM countries WHERE code IN (SELECT code FROM countries WHERE region IS NULL);

UPDATE users SET joined = now();
UPDATE users SET joined = current_timestamp(2) WHERE joined IS NULL OR joined < now() RETURNING id;
UPDATE countries SET name = CASE WHEN current_date > '2020-01-01' THEN 'late' END;
-- refused: WITH (INSERT
-- also by one server
WITH gone AS (DELETE FROM users WHERE id = 7 RETURNING id) SELECT * FROM gone;
-- refused: each server has other rows of it
-- also by one server
UPDATE countries SET name = (SELECT max(name) FROM users) WHERE code = 'FR';
-- refused: MERGE
-- also by one server
MERGE INTO users u USING (VALUES (1, 'x')) AS v (id, name) ON u.id = v.id WHEN MATCHED THEN UPDATE SET name = v.name;
