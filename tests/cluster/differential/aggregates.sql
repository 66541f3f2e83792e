SELECT count(*) FROM users;
SELECT count(*), count(country), count(DISTINCT id), count(score) FROM users;
SELECT sum(id), sum(score), sum(rating), sum(height), sum(span), min(id), max(id) FROM users;
SELECT avg(id), avg(score), avg(rating), avg(height), avg(span) FROM users;
SELECT avg(qty), sum(qty), avg(price), sum(price), avg(user_id), avg(product_id::smallint) FROM orders;
SELECT min(name), max(name), min(country), max(born), min(joined), max(score), min(tag), max(tag) FROM users;
SELECT max(nick), min(code), max(span), min(rating), max(height), max(marks) FROM users;
SELECT bool_and(active), bool_or(active), every(score > -1000) FROM users;
SELECT count(*) FILTER (WHERE active), sum(score) FILTER (WHERE country = 'FR'), avg(id) FILTER (WHERE id > 0) FROM users;
SELECT count(*), sum(score), avg(score), min(name), bool_and(active) FROM users WHERE country = 'nowhere';
SELECT count(*) FROM users HAVING count(*) > 1000;
SELECT count(*) FROM users HAVING count(*) > 10;
SELECT 1 FROM users HAVING true;
SELECT 'x' FROM users HAVING count(*) > 3;
SELECT sum(score) / count(*), sum(score) * 2 + 1, round(avg(score), 2), -max(id), abs(min(id)) FROM users;
SELECT sum(id)::text || '!', coalesce(sum(score), 0), CASE WHEN count(*) > 5 THEN 'many' ELSE 'few' END FROM users;
SELECT max(id) - min(id) AS spread, count(*)::int AS n, avg(score)::numeric(10, 1) FROM users;
SELECT sum(DISTINCT id), avg(DISTINCT id), count(DISTINCT id), max(DISTINCT score), min(DISTINCT name) FROM users;
SELECT count(DISTINCT plane) FROM trips;
SELECT count(DISTINCT (tenant, day)) FROM events;
SELECT sum(1), sum(1.5), count(1), count(NULL), avg(2) FROM users;
SELECT sum(qty * price), avg(qty * price), sum(qty) * sum(price) FROM orders;
SELECT sum(seconds), avg(seconds), max(seconds) FROM sessions;
SELECT sum(n), avg(n) FROM events;
SELECT sum(kg), avg(kg), min(kg), max(kg) FROM weights;
SELECT sum(kg) FROM weights WHERE kg < 0;
SELECT count(*) AS count, count(*) AS count FROM users;
SELECT count(*) FROM users WHERE id IN (1, 2, 3, 4, 5, 6);
SELECT count(*), 7, 'text', NULL, 1.5 FROM users;
SELECT length(max(name)), upper(min(name)), concat(min(name), '-', max(name)) FROM users;

-- GROUP BY
SELECT country, count(*) FROM users GROUP BY country;
SELECT country, count(*) FROM users GROUP BY country ORDER BY country;
SELECT country, count(*) FROM users GROUP BY 1 ORDER BY 2 DESC, 1;
SELECT country AS c, count(*) AS n FROM users GROUP BY c ORDER BY n, c DESC;
SELECT count(*) AS n, country FROM users GROUP BY country ORDER BY n DESC, country NULLS FIRST LIMIT 2;
SELECT country, active, count(*), sum(score) FROM users GROUP BY country, active ORDER BY 1, 2;
SELECT country, active, count(*) FROM users GROUP BY 2, 1 ORDER BY country, active;
SELECT upper(country), count(*) FROM users GROUP BY upper(country) ORDER BY 1;
SELECT upper(country) || '!' AS c, count(*) FROM users GROUP BY upper(country) ORDER BY 1;
SELECT upper(country) AS country, count(*) FROM users GROUP BY country ORDER BY 1;
SELECT lower(country) AS up, count(*) FROM users GROUP BY up ORDER BY up;
SELECT users.country, count(*) FROM users GROUP BY country ORDER BY users.country;
SELECT u.country, count(*) FROM users u GROUP BY country HAVING count(*) > 10 ORDER BY u.country;
SELECT country FROM users GROUP BY country ORDER BY count(*) DESC, country;
SELECT country FROM users GROUP BY country ORDER BY sum(score) + 1 DESC NULLS LAST, country;
SELECT country FROM users GROUP BY country HAVING avg(score) > 400 AND max(id) > 5 ORDER BY 1;
SELECT country, count(*) FROM users GROUP BY country HAVING country IS NOT NULL ORDER BY 1;
SELECT country, avg(score) AS a FROM users GROUP BY country ORDER BY a LIMIT 1 OFFSET 1;
SELECT country, sum(rating), avg(rating), avg(height), min(rating) FROM users GROUP BY country ORDER BY country;
SELECT active, count(*) FROM users GROUP BY active ORDER BY active;
SELECT active, country, bool_or(score > 0) FROM users GROUP BY active, country ORDER BY active, country;
SELECT born, count(*) FROM users GROUP BY born ORDER BY count(*) DESC, born LIMIT 3;
SELECT date_trunc('month', joined) AS m, count(*) FROM users GROUP BY 1 ORDER BY 1;
SELECT EXTRACT(year FROM born) AS y, count(*), min(born) FROM users GROUP BY y ORDER BY y;
SELECT extract(year FROM born) + 1, count(*) FROM users GROUP BY extract(year FROM born) ORDER BY 1;
SELECT score > 0, count(*) FROM users GROUP BY score > 0 ORDER BY 1;
SELECT CASE WHEN score > 300 THEN 'high' WHEN score > 0 THEN 'low' END AS level, count(*) FROM users GROUP BY level ORDER BY 1;
SELECT CASE WHEN score > 300 THEN 'high' END, count(*) FROM users GROUP BY CASE WHEN score > 300 THEN 'high' END ORDER BY 1;
SELECT tag, count(*), min(tag) FROM users GROUP BY tag ORDER BY tag;
SELECT code, count(*) FROM users GROUP BY code ORDER BY code;
SELECT nick, max(nick), count(*) FROM users GROUP BY nick ORDER BY nick DESC;
SELECT rating, count(*) FROM users GROUP BY rating ORDER BY rating;
SELECT span, count(*) FROM users GROUP BY span ORDER BY span LIMIT 4;
SELECT marks, count(*) FROM users GROUP BY marks ORDER BY marks;
SELECT notes, count(*) FROM users GROUP BY notes ORDER BY notes;
SELECT marks[1], sum(id) FROM users GROUP BY marks[1] ORDER BY 1;
SELECT uid IS NULL AS no_uid, count(*) FROM users GROUP BY uid IS NULL ORDER BY 1;
SELECT score, count(*) FROM users GROUP BY score ORDER BY score LIMIT 5;
SELECT name, country, count(*) FROM users GROUP BY (name, country) ORDER BY name, country LIMIT 6;
SELECT DISTINCT count(*) FROM users GROUP BY name ORDER BY 1;
SELECT DISTINCT country, count(*) > 5 FROM users GROUP BY country, active ORDER BY 1, 2;
SELECT count(*) FROM users GROUP BY country ORDER BY country;
SELECT sum(score) FROM users GROUP BY country, active ORDER BY country, active;
SELECT 1, count(*) FROM users GROUP BY 1;
SELECT state, count(*), sum(qty), avg(price), min(placed), max(placed) FROM orders GROUP BY state ORDER BY state;
SELECT product_id, sum(qty * price) AS total FROM orders GROUP BY product_id HAVING sum(qty) > 5 ORDER BY total DESC NULLS LAST, 1 LIMIT 5;
SELECT state, product_id % 3 AS k, count(*) FROM orders GROUP BY state, product_id % 3 ORDER BY 1, 2;
SELECT date_trunc('day', placed)::date AS d, count(*) FROM orders GROUP BY d ORDER BY d LIMIT 5;
SELECT carrier, count(*), avg(delay), sum(dist), max(minutes), sum(minutes), avg(minutes) FROM trips GROUP BY carrier ORDER BY carrier;
SELECT tenant, count(*), sum(n), max(day) FROM events GROUP BY tenant ORDER BY tenant;
SELECT rank() OVER (ORDER BY count(*) DESC, country), country, count(*) FROM users GROUP BY country ORDER BY 1;
SELECT country, sum(count(*)) OVER (ORDER BY country) FROM users GROUP BY country ORDER BY country;
-- with: (10,)
SELECT country, count(*) FROM users GROUP BY country HAVING count(*) > %s ORDER BY 1;
-- with: ("FR", 2)
SELECT count(*) FILTER (WHERE country = %s), sum(score) * %s FROM users;
-- with: ("x", 100, 3, 1)
SELECT %s AS label, country, sum(id) + %s FROM users GROUP BY country ORDER BY 2 LIMIT %s OFFSET %s;
-- with: (2,)
-- with: (2.5,)
-- with: ("2",)
SELECT sum(id * %s), max(id) FROM users;
-- with: (3, 0)
SELECT count(*) FROM users WHERE id > %s AND score > %s;

-- GROUP BY the key: groups are whole.
SELECT user_id, count(*), sum(qty), string_agg(state, ',' ORDER BY no), array_agg(no ORDER BY no) FROM orders GROUP BY user_id ORDER BY user_id;
SELECT user_id, count(DISTINCT product_id), percentile_cont(0.5) WITHIN GROUP (ORDER BY qty) FROM orders GROUP BY user_id ORDER BY 1;
SELECT user_id AS u, max(price) FROM orders GROUP BY u HAVING max(price) > 50 ORDER BY 2 DESC, 1 LIMIT 5;
SELECT user_id, state, count(*) FROM orders GROUP BY state, user_id ORDER BY 1, 2;
SELECT plane, count(*), stddev(dist) FROM trips GROUP BY plane ORDER BY plane;
SELECT plane, mode() WITHIN GROUP (ORDER BY carrier) FROM trips GROUP BY plane ORDER BY plane;
SELECT tenant, day, count(*), array_agg(kind) FROM events GROUP BY tenant, day ORDER BY 1, 2;
SELECT u.id, u.name, u.score, count(*) FROM users u GROUP BY u.id ORDER BY u.id LIMIT 5;
SELECT id, name FROM users GROUP BY id HAVING score > 100 ORDER BY born, id;
SELECT users.*, count(*) FROM users GROUP BY users.id ORDER BY id LIMIT 3;
SELECT user_id, no, qty FROM orders GROUP BY user_id, no ORDER BY 1, 2 LIMIT 10;
SELECT user_id, row_number() OVER (PARTITION BY user_id ORDER BY no) AS n, sum(qty) OVER (PARTITION BY user_id) FROM orders ORDER BY 1, 2;
SELECT user_id, no, lag(no) OVER w FROM orders WINDOW w AS (PARTITION BY user_id ORDER BY no) ORDER BY 1, 2;
SELECT kg, count(*) FROM weights GROUP BY kg ORDER BY kg;
SELECT on_off, count(*), sum(n) FROM flags GROUP BY on_off ORDER BY on_off;

-- subqueries below aggregates
SELECT count(*) FROM (SELECT id FROM users WHERE score > 0) s;
SELECT sum(n) FROM (SELECT user_id, count(*) AS n FROM orders GROUP BY user_id) s;
SELECT avg(total), max(total) FROM (SELECT user_id, sum(qty) AS total FROM orders GROUP BY user_id) s;
SELECT n, count(*) FROM (SELECT user_id, count(*) AS n FROM orders GROUP BY user_id) s GROUP BY n ORDER BY n;
SELECT count(*) FROM (SELECT DISTINCT user_id FROM orders) s;
SELECT count(*) FROM (SELECT DISTINCT user_id, product_id FROM orders) s;
WITH t AS (SELECT user_id, sum(qty) AS total FROM orders GROUP BY user_id) SELECT count(*), max(total) FROM t WHERE total > 5;
SELECT country, count(*) FROM (SELECT * FROM users WHERE active) s GROUP BY country ORDER BY 1;

-- What cannot be put together from parts.
SELECT stddev(score) FROM users;
SELECT string_agg(name, ',' ORDER BY id) FROM users;
SELECT country, array_agg(id ORDER BY id) FROM users GROUP BY country;
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY score) FROM users;
SELECT count(DISTINCT country) FROM users;
SELECT sum(DISTINCT score) FROM users;
SELECT count(DISTINCT tenant) FROM events;
SELECT sum(score ORDER BY id) FROM users;
SELECT country, active, count(*) FROM users GROUP BY ROLLUP (country, active);
SELECT country, active, count(*) FROM users GROUP BY GROUPING SETS ((country), (active), ());
SELECT id, rank() OVER (ORDER BY score) FROM users;
SELECT user_id, sum(qty) OVER (PARTITION BY product_id) FROM orders;
SELECT count(*) FROM (SELECT id FROM users ORDER BY score LIMIT 10) s;
SELECT count(*) FROM (SELECT DISTINCT country FROM users) s;
SELECT max(n) FROM (SELECT country, count(*) AS n FROM users GROUP BY country) s;
SELECT country, count(*), (SELECT max(price) FROM products) FROM users GROUP BY country;
SELECT json_agg(id ORDER BY id DESC) FROM users;
