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

-- Variances.
SELECT stddev(score), stddev_pop(score), stddev_samp(score), variance(score), var_pop(score), var_samp(score) FROM users;
SELECT stddev(id), var_pop(id), stddev(id::int % 100000), var_samp((id % 30000)::smallint), stddev_pop(id * 1.50) FROM users WHERE id < 1000000;
SELECT var_pop(id), stddev(id) FROM users;
SELECT country, stddev(score), var_pop(score), round(stddev_pop(score), 3) FROM users GROUP BY country ORDER BY country;
SELECT active, variance(score) FILTER (WHERE country = 'FR'), stddev(id) FILTER (WHERE id > 20) FROM users GROUP BY active ORDER BY active;
SELECT stddev(score), var_pop(score) FROM users WHERE id = 5 OR id = 100000;
SELECT stddev(score), var_pop(score), stddev_pop(id) FROM users WHERE country = 'nowhere';
SELECT stddev(1), var_pop(2.50), stddev_pop(NULL::int), var_samp(0.000) FROM users;
SELECT var_pop(score) > 100, stddev(score) / avg(score) FROM users HAVING stddev(score) > 1;
SELECT country FROM users GROUP BY country HAVING var_pop(score) > 0 ORDER BY stddev(score) DESC;
SELECT stddev(qty), var_pop(price), stddev_samp(qty * price) FROM orders;
SELECT stddev(CASE WHEN id % 2 = 0 THEN 'NaN'::numeric ELSE score END), var_pop('Infinity'::numeric) FROM users;
SELECT DISTINCT stddev(qty) FROM orders GROUP BY state ORDER BY 1;
SELECT state, rank() OVER (ORDER BY var_pop(qty)) FROM orders GROUP BY state ORDER BY 2, 1;
-- with: ("2.50",)
-- with: (2,)
SELECT stddev(score * %s::numeric) FROM users;

-- bits, any value, pairs
SELECT bit_and(id), bit_or(id), bit_xor(id), bit_xor(id::int) FILTER (WHERE active) FROM users WHERE id < 1000;
SELECT country, bit_or(marks[1]), bit_xor(DISTINCT marks[1]), bit_and(DISTINCT marks[2]) FROM users GROUP BY country ORDER BY country;
SELECT bit_and(id::int::bit(8)), bit_xor(id::bit(64)) FROM users WHERE id BETWEEN 0 AND 1000;
SELECT regr_count(rating, height), regr_count(score, id) FILTER (WHERE active) FROM users;
SELECT regr_count(rating, height) FROM users WHERE false;

-- DISTINCT in aggregates
SELECT count(DISTINCT country), count(DISTINCT active), count(DISTINCT tag) FROM users;
SELECT count(DISTINCT country), count(*), sum(score), min(name) FROM users;
SELECT country, count(DISTINCT active), count(*), avg(score) FROM users GROUP BY country ORDER BY country;
SELECT count(DISTINCT country), sum(DISTINCT marks[1]), avg(DISTINCT marks[2]) FROM users WHERE false;
SELECT country, count(DISTINCT name) FILTER (WHERE active), count(DISTINCT name), max(name) FROM users GROUP BY country ORDER BY country;
SELECT string_agg(DISTINCT country, ','), string_agg(DISTINCT country, '; ' ORDER BY country DESC), count(DISTINCT country) FROM users;
SELECT array_agg(DISTINCT country), array_agg(DISTINCT country ORDER BY country DESC NULLS LAST) FROM users;
SELECT array_agg(DISTINCT tag), array_agg(DISTINCT code), array_agg(DISTINCT nick ORDER BY nick) FROM users;
SELECT array_agg(DISTINCT marks) FILTER (WHERE marks IS NOT NULL), count(DISTINCT marks), max(marks) FROM users;
SELECT jsonb_agg(DISTINCT notes), json_agg(DISTINCT country), count(DISTINCT notes) FROM users;
SELECT sum(DISTINCT rating), avg(DISTINCT height), count(DISTINCT span), stddev(DISTINCT marks[1]) FROM users;
SELECT count(DISTINCT (country, active)), count(DISTINCT (active, 1)) FROM users;
SELECT count(DISTINCT upper(country)), count(DISTINCT born - '2000-01-01'::date) FROM users;
SELECT count(DISTINCT user_id), count(DISTINCT no) FROM orders;
SELECT count(DISTINCT user_id), count(DISTINCT no), sum(DISTINCT qty), sum(qty), count(*) FROM orders WHERE false;
SELECT state, count(DISTINCT user_id), sum(DISTINCT user_id), count(DISTINCT qty), array_agg(DISTINCT qty), array_agg(DISTINCT no), avg(price), stddev(price), min(state) FROM orders GROUP BY state ORDER BY state;
SELECT state, array_agg(DISTINCT qty) FILTER (WHERE no > 1), array_agg(DISTINCT qty), bool_or(no > 3), bit_or(qty), cardinality(array_agg(qty)), json_array_length(json_agg(qty)) FROM orders GROUP BY ROLLUP (state) ORDER BY grouping(state), state;
SELECT country, count(*) FROM users GROUP BY country HAVING count(DISTINCT name) > count(DISTINCT active) ORDER BY count(DISTINCT tag), country;
SELECT country, rank() OVER w FROM users GROUP BY country WINDOW w AS (ORDER BY count(DISTINCT name) DESC, count(DISTINCT active)) ORDER BY 2, 1;
SELECT count(DISTINCT 1), count(DISTINCT 'x') FILTER (WHERE id = 7), sum(DISTINCT 2.50), count(DISTINCT true) FROM users;
SELECT count(DISTINCT 1), sum(DISTINCT 2), count(DISTINCT country) FROM users WHERE false;
SELECT count(DISTINCT country), count(DISTINCT country::text), count(DISTINCT users.country), sum(DISTINCT no) FROM users JOIN orders ON user_id = id;
SELECT country, count(DISTINCT country), count(DISTINCT active), sum(score) FROM users GROUP BY country ORDER BY country;
WITH u AS (SELECT id, country, active FROM users WHERE id > 3) SELECT count(DISTINCT country), array_agg(DISTINCT active), max(id) FROM u;
SELECT nick, count(DISTINCT code), array_agg(DISTINCT tag), min(tag), count(DISTINCT score), sum(DISTINCT score) FROM users GROUP BY nick ORDER BY nick;
-- with: (5, "a")
SELECT count(DISTINCT id %% %s::int), count(DISTINCT country || %s) FROM users;
SELECT count(DISTINCT country), count(DISTINCT active), max(id), json_agg(1) FILTER (WHERE id = 7) FROM users;
SELECT state, sum(DISTINCT qty), count(DISTINCT product_id), sum(qty) FROM orders GROUP BY state ORDER BY state;
SELECT state, sum(DISTINCT qty) FILTER (WHERE no > 1), sum(DISTINCT qty) FILTER (WHERE no = 1), sum(DISTINCT qty) FROM orders GROUP BY state ORDER BY state;
SELECT count(DISTINCT country) FROM users HAVING count(DISTINCT country) > 2;
SELECT active FROM users GROUP BY active ORDER BY count(DISTINCT country), active;
SELECT string_agg(DISTINCT country, name) FROM users WHERE id < 5;
SELECT corr(DISTINCT marks[1], marks[2]), min(DISTINCT country), bool_or(DISTINCT active) FROM users;
-- with: (",",)
SELECT string_agg(DISTINCT country, %s) FROM users;
-- with: (3,)
SELECT count(DISTINCT id %% %s), count(DISTINCT country) FROM users;
SELECT count(DISTINCT p.category), count(DISTINCT o.state), count(*) FROM orders o JOIN products p ON p.id = o.product_id;

-- Arrays, texts and JSON in any order; sorted afterwards, so that they may be compared.
SELECT (SELECT array_agg(x ORDER BY x) FROM unnest(s.a) x), cardinality(s.a) FROM (SELECT array_agg(id) a FROM users) s;
SELECT country, cardinality(array_agg(id)), cardinality(array_agg(name)), count(*) FROM users GROUP BY country ORDER BY country;
SELECT array_agg(1) = array_agg(1), array_agg(NULL::int), array_agg(1.50), array_agg('a,"b\'::text), array_agg(' NULL'::text), array_agg(true) FROM users;
SELECT array_agg(id) FILTER (WHERE id = 7), array_agg(name) FILTER (WHERE id = 7), array_agg(score) FILTER (WHERE id = 7), array_agg(uid) FILTER (WHERE id = 7) FROM users;
SELECT array_agg(code) FILTER (WHERE id = 3), array_agg(notes) FILTER (WHERE id = 9), array_agg(nick) FILTER (WHERE id = 9) FROM users;
SELECT array_agg(marks) FILTER (WHERE id = 7), array_agg(born) FILTER (WHERE id = 7), array_agg(rating) FILTER (WHERE id = 7), array_agg(tag) FILTER (WHERE id = 7) FROM users;
SELECT array_agg(id), string_agg(name, ','), json_agg(id), jsonb_agg(id), json_object_agg(id, 1), jsonb_object_agg(id, 1) FROM users WHERE id < -100;
SELECT string_agg('x', ', '), string_agg('x', NULL), string_agg(NULL, ','), string_agg('', '-') FROM users;
SELECT country, length(string_agg(name, '--')) AS n, string_agg('a', 'b') FROM users GROUP BY country ORDER BY n, country;
SELECT string_agg('\x01ff'::bytea, '\x00'), string_agg('é'::varchar(3), '…'::text) FROM users;
-- with: (",",)
SELECT string_agg('x', %s) FROM users;
-- with: (",",)
SELECT string_agg('x', %s::text) FROM users;
SELECT string_agg(tag, ',') FILTER (WHERE id = 3) FROM users GROUP BY country ORDER BY 1;
SELECT json_agg(1), json_agg('a"b'::text), json_agg(NULL::int), json_agg(1.50), json_agg(true), jsonb_agg(1.50), jsonb_agg('x'::text) FROM users;
SELECT json_agg('[1, 2]'::json), json_agg('{"a":  1}'::jsonb), jsonb_agg('[]'::json), json_agg('2026-01-02'::date) FROM users;
SELECT json_agg(ARRAY[1, 2]), json_agg(ROW(1, 'a')), jsonb_agg(ARRAY[1, 2]), json_agg('{}'::text[]) FROM users;
SELECT json_agg(u) FILTER (WHERE id = 7), jsonb_agg(u) FILTER (WHERE id = 7) FROM users u;
SELECT json_agg(CASE WHEN id < 0 THEN NULL ELSE NULL END::int[]), json_agg(NULL::text) FROM users;
SELECT json_array_length(json_agg(u)), jsonb_array_length(jsonb_agg(u.name)), json_array_length(json_agg(u.marks)) FROM users u;
SELECT country, json_agg(7), jsonb_agg(country) FROM users GROUP BY country ORDER BY country;
SELECT json_object_agg('k', 1), jsonb_object_agg('k', 1.0), json_object_agg(1, ARRAY[1]), json_object_agg('r', ROW(1)) FROM users;
SELECT jsonb_object_agg(id, name), jsonb_object_agg(name, 1), jsonb_object_agg(coalesce(country, '-'), active IS NULL) FILTER (WHERE active IS NULL) FROM users;
SELECT json_agg(joined) FILTER (WHERE id = 8), jsonb_agg(span) FILTER (WHERE id = 8), json_agg(height) FILTER (WHERE id = 8) FROM users;

-- Grouping sets, GROUPING, windows by name, WITH TIES.
SELECT country, active, count(*), sum(score), grouping(country), grouping(country, active) FROM users GROUP BY ROLLUP (country, active) ORDER BY 1, 2, 5, 6;
SELECT country, active, count(*), avg(score) FROM users GROUP BY CUBE (country, active) ORDER BY 1, 2, 3, 4;
SELECT country, active, count(*) FROM users GROUP BY GROUPING SETS ((country), (active), ()) ORDER BY 1, 2, 3;
SELECT country, active, name, count(*) FROM users GROUP BY country, ROLLUP ((active, name)) ORDER BY 1, 2, 3, 4;
SELECT country AS c, count(DISTINCT name), stddev(score) FROM users GROUP BY ROLLUP (c) HAVING grouping(country) = 1 OR count(*) > 3 ORDER BY grouping(country), 1;
SELECT upper(country), count(country), min(country) FROM users GROUP BY ROLLUP (1) ORDER BY grouping(upper(country)), 1;
SELECT country, count(*) FROM users WHERE false GROUP BY ROLLUP (country);
SELECT count(*), sum(score) FROM users WHERE false GROUP BY GROUPING SETS ((), ());
SELECT country, count(*) FROM users GROUP BY DISTINCT ROLLUP (country), ROLLUP (country) ORDER BY 1, 2;
SELECT country, count(*), grouping(country) FROM users GROUP BY country ORDER BY 1;
SELECT country, sum(count(*)) OVER w, rank() OVER (w ROWS UNBOUNDED PRECEDING) FROM users GROUP BY country WINDOW w AS (ORDER BY country) ORDER BY 1;
SELECT country, active, sum(count(*)) OVER w2, count(*) OVER w FROM users GROUP BY country, active WINDOW w AS (PARTITION BY country), w2 AS (w ORDER BY active) ORDER BY 1, 2;
SELECT country, row_number() OVER (w ORDER BY sum(score)) FROM users GROUP BY country WINDOW w AS (), u AS (ORDER BY max(id)) ORDER BY 1;
-- ties
SELECT name, count(*) FROM users GROUP BY name ORDER BY count(*) DESC FETCH FIRST 3 ROWS WITH TIES;
-- ties
SELECT name, count(*) FROM users GROUP BY name ORDER BY count(*) FETCH FIRST 3 ROWS WITH TIES;
-- ties
SELECT DISTINCT country, active FROM users ORDER BY country FETCH FIRST ROW WITH TIES;
SELECT active, count(*) FROM users GROUP BY active ORDER BY active OFFSET 1 FETCH NEXT 1 ROWS WITH TIES;
-- with: (2,)
SELECT country, count(*) FROM users GROUP BY country ORDER BY 1 LIMIT %s + 1 OFFSET 3 - 2;

-- A key is one value of a set of groups, although it is in several of the groups that partial rows have.
SELECT qty, count(DISTINCT user_id), sum(DISTINCT user_id), avg(DISTINCT user_id) FROM orders GROUP BY ROLLUP (qty) ORDER BY 1, 2;
SELECT qty, state, count(DISTINCT user_id), count(*) FROM orders GROUP BY CUBE (qty, state) ORDER BY 1, 2, 3, 4;
SELECT count(DISTINCT user_id) FILTER (WHERE no > 1), count(DISTINCT no) FROM orders GROUP BY GROUPING SETS ((state), ()) ORDER BY 1, 2;
SELECT coalesce(true, true) AS t, qty, count(*) FROM orders GROUP BY GROUPING SETS ((qty, coalesce(true, true)), (qty), ());
SELECT CASE WHEN true THEN 1 ELSE qty END AS one, count(*) FROM orders GROUP BY ROLLUP (CASE WHEN true THEN 1 ELSE qty END);
