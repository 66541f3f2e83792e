-- INSERT of rows that are computed first, or on each server. Each statement runs in a transaction of its own.
INSERT INTO users (id, name) VALUES (500 + 501, 'a'), (abs(-1002), 'b') RETURNING id, name;
INSERT INTO users (id, name) SELECT id + 10000, name FROM users;
INSERT INTO users (id, name, score) SELECT id + 10000, name, score FROM users WHERE country = 'FR' RETURNING id, score;
INSERT INTO users SELECT id + 10000, name FROM users WHERE id < 10;
INSERT INTO users (name, id) SELECT upper(name), id * 1000 FROM users WHERE score > 50 ORDER BY id LIMIT 5 RETURNING *;
INSERT INTO users (id, name, notes, marks, span, uid, code, joined, tag, nick) SELECT id + 10000, name, notes, marks, span, uid, code, joined, tag, nick FROM users;
INSERT INTO users (id, name, country) SELECT 20000 + row_number() OVER (ORDER BY u.id, o.user_id, o.no), u.name, o.state FROM users u JOIN orders o ON o.product_id = u.id;
INSERT INTO users (id, name) SELECT max(id) + 1, min(name) FROM users RETURNING id, name;
INSERT INTO users (id, name, score) SELECT 30000 + user_id, count(*)::text, sum(price) FROM orders GROUP BY user_id;
INSERT INTO users (id, name, score) SELECT 30000 + sum(user_id), state, avg(qty) FROM orders WHERE state IS NOT NULL GROUP BY state;
INSERT INTO users (id, name) VALUES ((SELECT max(id) + 1 FROM users), 'top') RETURNING id;
INSERT INTO users (id, name, country) VALUES (5001, 'a', (SELECT country FROM users WHERE id = 7)), (5002, (SELECT min(name) FROM users), 'x');
INSERT INTO users (id, name) SELECT 5000 + g, 'n' || g FROM generate_series(1, 40) AS g RETURNING id;
INSERT INTO users (id, name, born) SELECT 5001, 'x', '2020-02-03';
INSERT INTO users (id, name, span) SELECT 5001, 'x', '1 day 2 hours' UNION ALL SELECT 5002, 'y', interval '3 minutes';
-- with: (5001, "x", 5002, "y")
INSERT INTO users (id, name) SELECT %s, %s UNION ALL SELECT %s, %s RETURNING id, name;
-- with: (10000, 3)
INSERT INTO users (id, name) SELECT id + %s, name FROM users WHERE id < 10 ON CONFLICT (id) DO UPDATE SET score = %s;
-- with: (7,)
INSERT INTO users (id, name, score) SELECT id, 'new', 1 FROM users WHERE id < 12 ON CONFLICT (id) DO UPDATE SET name = excluded.name || users.name, score = users.score + %s RETURNING users.id, users.score;
INSERT INTO users (id, name) SELECT id, 'x' FROM users WHERE id < 12 ON CONFLICT DO NOTHING RETURNING id;
INSERT INTO users (id, name) SELECT id + 5, 'x' FROM users WHERE id BETWEEN 50 AND 60 ON CONFLICT (id) DO NOTHING RETURNING id, name;
INSERT INTO users AS u (id, name) SELECT id - 1, 'x' FROM users ON CONFLICT (id) DO UPDATE SET name = u.name || excluded.name WHERE u.id > 30 RETURNING u.id, u.name;
WITH x AS (SELECT id, name FROM users WHERE id < 5), y AS (SELECT id + 6000 AS id, name FROM x) INSERT INTO users (id, name) SELECT * FROM y RETURNING id;
INSERT INTO users (id, name) WITH x AS (SELECT max(id) AS id FROM users) SELECT id + 1, 'w' FROM x;
INSERT INTO orders (user_id, no, qty) SELECT user_id, no + 100, qty FROM orders;
INSERT INTO orders SELECT user_id, no + 100, product_id, qty, price, placed, state FROM orders WHERE qty > 2;
INSERT INTO orders (user_id, no, state) SELECT u.id, 500, u.name FROM users u WHERE NOT EXISTS (SELECT FROM orders o WHERE o.user_id = u.id);
INSERT INTO orders (no, user_id) SELECT 700 + count(*), user_id FROM orders GROUP BY user_id RETURNING *;
INSERT INTO orders (user_id, no) SELECT DISTINCT product_id, 900 FROM orders WHERE product_id IS NOT NULL;
INSERT INTO trips (plane, day, carrier) SELECT plane, '2027-01-01', coalesce(maker, 'none') FROM planes;
INSERT INTO trips (plane, day, carrier) SELECT lower(plane), day, carrier FROM trips WHERE dist > 500;
INSERT INTO trips (day, carrier) SELECT day, carrier FROM trips WHERE plane IS NULL;
INSERT INTO planes (plane, made) SELECT DISTINCT 'X' || left(plane, 5), 2001 FROM trips WHERE plane IS NOT NULL;
INSERT INTO planes (plane) SELECT 'P' || id FROM users WHERE id BETWEEN 1 AND 20;
-- fails: 22001
INSERT INTO planes (plane) SELECT 'a plane with a long name' || id FROM users;
-- fails: 22001
INSERT INTO planes (plane) VALUES ('a plane with' || ' a long name');
INSERT INTO planes (plane) VALUES ('N1234567890'::varchar(10)), ('short     ' || '     ');
INSERT INTO events (tenant, day, n) SELECT tenant, day + 100, n FROM events;
INSERT INTO events (tenant, day, n) SELECT 'all', day, sum(n) FROM events GROUP BY day ON CONFLICT (tenant, day) DO UPDATE SET n = excluded.n;
INSERT INTO events (day, tenant) SELECT '2030-01-01', name FROM countries WHERE name IS NOT NULL;
INSERT INTO limits SELECT tenant, day, n FROM events;
INSERT INTO limits (tenant, day, most) SELECT tenant, max(day), sum(n) FROM events GROUP BY tenant;
INSERT INTO sessions (sid, user_id) SELECT md5(id::text)::uuid, id FROM users RETURNING user_id, sid;
INSERT INTO flags (on_off, n) SELECT active, id FROM users WHERE id < 100;
INSERT INTO flags SELECT n > 3, n FROM flags;
INSERT INTO weights (kg, what) SELECT score / 3, name FROM users WHERE score IS NOT NULL;
INSERT INTO weights (kg, what) VALUES (1.005, 'rounded'), (2.0 / 3, 'cut'), ('1.50', 'text'), (1e2, 'exponent');
INSERT INTO weights SELECT kg, what || what FROM weights;
-- fails: 22003
INSERT INTO weights (kg) SELECT 123456;
-- fails: 22003
INSERT INTO sessions (sid, seconds) SELECT md5('a')::uuid, 40000;
-- fails: 42804
INSERT INTO users (id, name) SELECT name, name FROM (VALUES ('a')) AS v(name);
-- fails: 42804
INSERT INTO users (id, name, born) SELECT id + 1000, name, 5 FROM users;
-- fails: 42601
INSERT INTO users (id, name) SELECT id + 1000 FROM users;
-- fails: 42601
INSERT INTO users (id) SELECT id + 1000, name FROM users;
-- fails: 42703
INSERT INTO users (id, nothing) SELECT id + 1000, name FROM users;
-- fails: 42P01
INSERT INTO users (id, name) SELECT id, name FROM nowhere;
-- fails: 23502
INSERT INTO users (id, country) SELECT id + 1000, name FROM users;
-- fails: 23502
INSERT INTO users (id, name) SELECT NULL, name FROM users;
-- fails: 23505
INSERT INTO users (id, name) SELECT id, name FROM users;
-- fails: 21000
INSERT INTO users (id, name) SELECT 5001, name FROM users ON CONFLICT (id) DO UPDATE SET name = excluded.name;
-- fails: 22012
INSERT INTO users (id, name) SELECT 1000 * id + 1 / (id - 7), name FROM users;
-- fails: 42P10
INSERT INTO users (id, name) SELECT id, name FROM users ON CONFLICT (name) DO NOTHING;
INSERT INTO users (id, name) SELECT id, name FROM users WHERE false RETURNING id, name;
INSERT INTO users (id, name) SELECT id + 1000, name FROM users WHERE id = 5 RETURNING id;
INSERT INTO users (id, name, joined) VALUES (5001, 'a', now()), (5002, 'b', now()), (5003, 'c', now()), (5004, 'd', now()), (5005, 'd', now());
INSERT INTO users (id, name, joined) SELECT id + 1000, name, now() FROM users RETURNING id;
INSERT INTO users (id, name, score) SELECT id + 1000, name, random() FROM users RETURNING id;
INSERT INTO countries (code, name) SELECT DISTINCT left(name, 12) || id, state FROM (SELECT u.name, o.state, u.id FROM users u JOIN orders o ON o.user_id = u.id) AS x WHERE state IS NOT NULL AND id < 0 RETURNING code;
INSERT INTO countries (code, name) SELECT 'U' || id, name FROM users ON CONFLICT (code) DO UPDATE SET name = 'dup' RETURNING *;
INSERT INTO products (id, name, price) SELECT 900 + max(id), max(name), 2.345 FROM products RETURNING id;
INSERT INTO countries SELECT 'Z' || code, name, region FROM countries;
INSERT INTO users (id, name, score) SELECT 70000 + user_id, min(state), count(*) FROM orders WHERE state IS NOT NULL GROUP BY user_id RETURNING id, name, score;
-- with: (80000, "new")
INSERT INTO users (id, name) SELECT DISTINCT %s + user_id, state FROM orders WHERE state = %s;
INSERT INTO weights (kg, what) SELECT count(*), state FROM orders GROUP BY state;
INSERT INTO orders (user_id, no, qty) SELECT product_id, 5000, count(*) FROM orders WHERE product_id IS NOT NULL GROUP BY product_id RETURNING *;
INSERT INTO events (tenant, day, n) SELECT tenant, day + 500, sum(n) FROM events GROUP BY day, tenant HAVING count(*) > 0;
INSERT INTO users (id, name) SELECT DISTINCT 90000 + user_id, 'état' FROM orders -- Ünïcode
;
INSERT INTO users (id, name, born) SELECT max(user_id) + 1, 'x', '2020-01-01' FROM orders;
