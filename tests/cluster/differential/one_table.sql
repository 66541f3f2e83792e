-- Filters on the key: one server, or those of several keys.
SELECT * FROM users WHERE id = 7;
SELECT id, name FROM users WHERE 7 = id;
SELECT id FROM users WHERE id = '7';
SELECT id FROM users WHERE id = ' 7 ';
SELECT id FROM users WHERE id = 7::int;
SELECT id FROM users WHERE id = 7.0;
SELECT id FROM users WHERE id = 7.5;
SELECT id FROM users WHERE id = 7::numeric;
SELECT id FROM users WHERE id = 7.4::bigint;
SELECT id FROM users WHERE id = 1e1;
SELECT id FROM users WHERE id + 0 = 7;
SELECT id FROM users WHERE id::text = '7';
SELECT id FROM users WHERE id = 3 + 4;
SELECT id FROM users WHERE id IN (1, 2, 3, NULL);
SELECT id FROM users WHERE id IN (7);
SELECT id FROM users WHERE id NOT IN (1, 2, 3);
SELECT id FROM users WHERE id NOT IN (1, 2, NULL);
SELECT id FROM users WHERE id = ANY (ARRAY[1, 5, 9]);
SELECT id FROM users WHERE id = ANY ('{1,5,9,NULL}');
SELECT id FROM users WHERE id = ANY ('{1,5,9}'::bigint[]);
SELECT id FROM users WHERE id = ALL (ARRAY[5, 5]);
SELECT id FROM users WHERE id <> ALL (ARRAY[5, 6]);
SELECT id FROM users WHERE id = 1 OR id = 2 OR (id = 3 AND name = 'user 3');
SELECT id FROM users WHERE id = 1 OR name = 'user 2';
SELECT id FROM users WHERE (id = 1 OR id = 2) AND (id = 2 OR id = 3);
SELECT id FROM users WHERE id = 1 AND id = 2;
SELECT count(*), sum(id), max(name) FROM users WHERE id = 1 AND id = 2;
SELECT count(*) FROM users WHERE id = NULL;
SELECT id FROM users WHERE id IS NULL;
SELECT id FROM users WHERE id IS NOT NULL AND id = 4;
SELECT id FROM users WHERE NOT id = 4;
SELECT id FROM users WHERE NOT (id <> 4);
SELECT id FROM users WHERE id = -5;
SELECT id FROM users WHERE id = 10000000000;
SELECT id FROM users WHERE id BETWEEN 3 AND 5;
SELECT id FROM users WHERE id > 55 AND id < 1000;
SELECT id FROM users WHERE (id, name) = (7, 'user 7');
SELECT id FROM users WHERE (id, name) IN ((7, 'user 7'), (8, 'user 8'), (9, 'other'));
SELECT id FROM users WHERE CASE WHEN id = 7 THEN true ELSE false END;
SELECT id FROM users WHERE COALESCE(id = 7, false);
SELECT id FROM users WHERE (id = 7) IS TRUE;
SELECT id FROM users WHERE id IS NOT DISTINCT FROM 7;
SELECT id FROM users WHERE id = 7 OR NULL;
SELECT id FROM users WHERE true AND (id = 7 AND true);

-- Parameters of every kind.
-- with: (7,)
-- with: ("7",)
-- with: (None,)
-- with: (10_000_000_000,)
-- with: (7.0,)
SELECT id, name FROM users WHERE id = %s;
-- with: ("7",)
SELECT id FROM users WHERE id = %s::bigint;
-- with: ([1, 2, 3],)
-- with: ([],)
-- with: ([None, 5],)
-- with: (["1", "2"],)
-- with: ([10_000_000_000, 1],)
SELECT id FROM users WHERE id = ANY(%s::bigint[]);
-- with: ([1, 2, 3],)
-- with: ([10_000_000_000, 1],)
SELECT id FROM users WHERE id = ANY(%s);
-- with: (1, 2)
-- with: ("1", "2")
-- with: (1, None)
SELECT id FROM users WHERE id IN (%s, %s);
-- with: {"a": 3, "b": "user 3"}
SELECT id FROM users WHERE id = %(a)s AND name = %(b)s AND id = %(a)s;
-- with: ("N3",)
-- with: ("n3",)
-- with: (None,)
SELECT day, dist FROM trips WHERE plane = %s;
-- with: ("N3", "N3")
SELECT count(*) FROM trips WHERE plane = %s AND carrier <> %s;
-- with: (["N3", "N4", None],)
SELECT day, dist FROM trips WHERE plane = ANY(%s);
-- with: ("2026-01-05", "acme")
SELECT * FROM events WHERE day = %s AND tenant = %s;
-- with: (True,)
-- with: (None,)
-- with: ("t",)
SELECT n FROM flags WHERE on_off = %s;
-- with: (1.5,)
-- with: ("1.50",)
-- with: (1,)
SELECT what FROM weights WHERE kg = %s::numeric;
-- with: ("1.50",)
-- with: ("1.5",)
SELECT what FROM weights WHERE kg = %s;

-- Keys of every type.
SELECT count(*), min(day) FROM trips WHERE plane IS NULL;
SELECT count(*) FROM trips WHERE plane IS NULL OR plane = 'N1';
SELECT day FROM trips WHERE plane = 'N2'::text;
SELECT day FROM trips WHERE plane = 'N2'::varchar(1);
SELECT day FROM trips WHERE plane = 'N2 '::char(3);
SELECT day FROM trips WHERE plane = E'N\x32';
SELECT day FROM trips WHERE plane LIKE 'N2';
SELECT day FROM trips WHERE plane COLLATE "C" = 'N2';
SELECT day FROM trips WHERE lower(plane) = 'n2';
SELECT * FROM planes WHERE plane = 'N3';
SELECT * FROM planes WHERE plane IN ('N3', 'N5');
SELECT * FROM events WHERE tenant = 'acme' AND day = '2026-01-03';
SELECT * FROM events WHERE tenant = 'acme' AND day = DATE '2026-01-03';
SELECT * FROM events WHERE tenant = 'acme' AND day = '2026-01-03'::timestamp;
SELECT * FROM events WHERE tenant = 'acme' AND day = 'January 3, 2026';
SELECT * FROM events WHERE tenant = 'acme';
SELECT * FROM events WHERE (tenant, day) IN (('acme', '2026-01-03'), ('', '2026-01-04'));
SELECT * FROM events WHERE (tenant = 'acme' AND day = '2026-01-03') OR (day = '2026-01-04' AND tenant = 'Ünïcode');
SELECT * FROM events WHERE tenant IN ('acme', '') AND day IN ('2026-01-03', '2026-01-05');
SELECT * FROM events WHERE tenant = 'Ünïcode' AND day = '2026-01-03';
SELECT seconds FROM sessions WHERE sid = '00000000-0000-0000-0000-000000001eef';
SELECT seconds FROM sessions WHERE sid = '{00000000-0000-0000-0000-000000001EEF}';
SELECT seconds FROM sessions WHERE sid = uuid '00000000000000000000000000001eef';
SELECT n FROM flags WHERE on_off;
SELECT n FROM flags WHERE NOT on_off;
SELECT n FROM flags WHERE on_off IS TRUE;
SELECT n FROM flags WHERE on_off = false;
SELECT n FROM flags WHERE on_off IS NULL;
SELECT what FROM weights WHERE kg = 1.50;
SELECT what FROM weights WHERE kg = 1;
SELECT what FROM weights WHERE kg = '1.5';
SELECT what FROM weights WHERE kg IN (0, 0.25, 4.750);
SELECT what FROM weights WHERE kg IS NULL;

-- Filters off the key, expressions, output names.
SELECT * FROM users;
SELECT users.* FROM users WHERE country = 'FR';
SELECT u.*, u.id * 2 AS twice, 'x' FROM users u WHERE u.score > 100;
SELECT * FROM public.users WHERE name LIKE 'user 1%';
SELECT public.users.id, public.users.* FROM public.users WHERE id < 4;
TABLE countries;
SELECT id, upper(name), length(name), coalesce(country, '?'), score::int, CASE WHEN active THEN 1 ELSE 2 END FROM users;
SELECT id AS "Ä", name "from", -score, NULL, true, 1.5, 'a' || name FROM users WHERE id < 3;
SELECT id, id FROM users WHERE id < 3;
SELECT FROM users WHERE id < 10;
SELECT u.name, (u).score FROM users u WHERE id = 3;
SELECT row_to_json(u) FROM users u WHERE id = 3;
SELECT to_jsonb(u) FROM users u WHERE id = 3;
SELECT count(u) FROM users u;
SELECT count(u.*) FROM users u;
SELECT u IS NULL, u IS NOT NULL FROM users u WHERE id < 4;
SELECT ROW(u.*) FROM users u WHERE id = 3;
SELECT ROW(u.id, u.name) FROM users u WHERE id < 4;
SELECT p, s FROM products AS p (k, l) CROSS JOIN (SELECT 1) AS s;
SELECT * FROM users AS u (a, b, c) WHERE a = 3;
SELECT a, b, score FROM users AS u (a, b) WHERE a < 4;
SELECT * FROM (SELECT * FROM users) s WHERE s.id = 5;
SELECT * FROM (SELECT u.* FROM users u WHERE id = 5) s;
SELECT s.a FROM (SELECT id AS a FROM users) s WHERE s.a IN (5, 6);
WITH c AS (SELECT * FROM users WHERE id = 5) SELECT * FROM c;
WITH c AS (SELECT * FROM users) SELECT id, name FROM c WHERE country = 'FR';
WITH c (a, b) AS (SELECT id, name FROM users) SELECT b FROM c WHERE a = 7;
SELECT generate_series(1, 3), id FROM users WHERE id < 4;
SELECT id, unnest(marks) FROM users;
SELECT id, m FROM users, unnest(marks) AS m WHERE m > 1;
SELECT id, notes ->> 'n', notes -> 'n', marks[1] FROM users WHERE notes @> '{"n": 1}';
SELECT * FROM users WHERE false;
SELECT id FROM users WHERE marks = '{1,1}';
SELECT id, EXTRACT(year FROM born), date_trunc('month', joined), born + 1, age(born, '2026-01-01') FROM users;
SELECT id, position('e' IN name), substring(name FROM 1 FOR 3), trim(both 'u' FROM name), name IS DISTINCT FROM 'user 1' FROM users;
SELECT name IS DISTINCT FROM country AS d FROM users ORDER BY d, id;

-- ORDER BY, LIMIT, OFFSET.
SELECT id, name FROM users ORDER BY id;
SELECT id, name FROM users ORDER BY id DESC LIMIT 5;
SELECT id, name FROM users ORDER BY 2, 1 LIMIT 7 OFFSET 3;
SELECT id FROM users ORDER BY name, id LIMIT 7 OFFSET 3;
SELECT name FROM users ORDER BY id DESC OFFSET 50;
SELECT id, country FROM users ORDER BY country, id;
SELECT id, country FROM users ORDER BY country DESC, id;
SELECT id, country FROM users ORDER BY country NULLS FIRST, id;
SELECT id, country FROM users ORDER BY country DESC NULLS LAST, id;
SELECT id, country FROM users ORDER BY country ASC NULLS LAST, id DESC;
SELECT id, score FROM users ORDER BY score, id;
SELECT id, score FROM users ORDER BY score DESC NULLS LAST, id LIMIT 10;
SELECT id FROM users ORDER BY score / 3, id;
SELECT id FROM users ORDER BY upper(name) DESC, id;
SELECT id, born FROM users ORDER BY born, id;
SELECT id, joined FROM users ORDER BY joined DESC, id;
SELECT id, active FROM users ORDER BY active, id;
SELECT id, rating, height FROM users ORDER BY rating, height DESC, id;
SELECT id, tag FROM users ORDER BY tag, id;
SELECT id, tag FROM users ORDER BY lower(tag COLLATE "C") COLLATE "C", id;
SELECT id, name COLLATE "C" AS n FROM users ORDER BY n, id;
SELECT id FROM users ORDER BY name COLLATE "C" DESC, id;
SELECT id, span FROM users ORDER BY span, id;
SELECT id, code FROM users ORDER BY code, id;
SELECT id, uid FROM users ORDER BY uid, id;
SELECT id, marks FROM users ORDER BY marks, id;
SELECT id, notes FROM users ORDER BY notes, id;
SELECT id, nick FROM users ORDER BY nick DESC, id;
SELECT id AS name, name AS x FROM users ORDER BY name DESC LIMIT 3;
SELECT -id AS id FROM users ORDER BY id LIMIT 3;
SELECT -id AS id FROM users ORDER BY id + 0 LIMIT 3;
SELECT users.id FROM users ORDER BY users.id LIMIT 3;
SELECT * FROM users ORDER BY id LIMIT 3;
SELECT * FROM users ORDER BY country, id LIMIT 3;
SELECT u.* FROM users u ORDER BY u.score DESC, u.id DESC LIMIT 3;
SELECT id FROM users ORDER BY (SELECT 1), id LIMIT 3;
SELECT id, CASE WHEN score > 0 THEN 'plus' ELSE 'minus' END AS sign FROM users ORDER BY sign, id;
SELECT id FROM users ORDER BY id LIMIT 0;
SELECT id FROM users ORDER BY id LIMIT ALL;
SELECT id FROM users ORDER BY id LIMIT NULL OFFSET 58;
SELECT id FROM users ORDER BY id OFFSET 1000;
SELECT id FROM users ORDER BY id FETCH FIRST 3 ROWS ONLY;
SELECT id FROM users ORDER BY id OFFSET 2 ROWS FETCH NEXT ROW ONLY;
-- with: (5, 2)
-- with: (5, None)
-- with: (None, 3)
-- with: ("5", "2")
-- with: (0, 0)
SELECT id FROM users ORDER BY id LIMIT %s OFFSET %s;
-- with: (5,)
SELECT id FROM users ORDER BY id LIMIT %s::int;
-- with: (57,)
SELECT id FROM users ORDER BY id OFFSET %s;
-- any rows
SELECT id, name FROM users LIMIT 5;
-- any rows
SELECT id, name FROM users LIMIT 5 OFFSET 3;
-- any rows
SELECT id FROM users WHERE country = 'FR' LIMIT 1;
-- fails: 2201W
SELECT id FROM users ORDER BY id LIMIT -1;
-- fails: 2201X
SELECT id FROM users ORDER BY id OFFSET -1;
-- fails: 2201X
-- with: (3, -1)
SELECT id FROM users ORDER BY id LIMIT %s OFFSET %s;
-- fails: 22012
SELECT 1 / (id - id) FROM users;
-- fails: 42703
SELECT nothing FROM users;
-- fails: 42601
SELECT * FROM users WHERE;
SELECT id FROM users ORDER BY id LIMIT 2 + 3;
-- ties
SELECT id FROM users ORDER BY country FETCH FIRST 3 ROWS WITH TIES;

-- DISTINCT.
SELECT DISTINCT id FROM users;
SELECT DISTINCT id, name FROM users ORDER BY name DESC, id LIMIT 4;
SELECT DISTINCT country FROM users;
SELECT DISTINCT country FROM users ORDER BY country;
SELECT DISTINCT country FROM users ORDER BY 1 DESC NULLS LAST LIMIT 2 OFFSET 1;
SELECT DISTINCT country, active FROM users ORDER BY active, country;
SELECT DISTINCT name || '!' AS n FROM users ORDER BY n LIMIT 5;
SELECT DISTINCT score FROM users;
SELECT DISTINCT tag FROM users ORDER BY tag;
SELECT DISTINCT 'x', country FROM users ORDER BY 2;
SELECT DISTINCT code FROM users ORDER BY code;
SELECT DISTINCT marks FROM users ORDER BY marks;
SELECT DISTINCT * FROM planes ORDER BY plane;
SELECT DISTINCT maker, made FROM planes ORDER BY made, maker;
SELECT DISTINCT plane FROM trips ORDER BY plane;
SELECT DISTINCT carrier, plane FROM trips ORDER BY 2, 1;
SELECT DISTINCT day FROM events ORDER BY day;
SELECT DISTINCT tenant, day FROM events;
SELECT DISTINCT ON (id) id, name FROM users ORDER BY id;
SELECT DISTINCT ON (plane) plane, day FROM trips ORDER BY plane, day;
SELECT DISTINCT date_trunc('month', joined) AS m FROM users ORDER BY m;
SELECT DISTINCT ON (country) country, id FROM users ORDER BY country, id;
-- with: ("x",)
SELECT DISTINCT %s AS p, country FROM users ORDER BY country;

-- part is there for who names it.
-- fails: 42703
SELECT part FROM countries;
-- A star in parentheses is the star.
SELECT (u.*) FROM users u;
SELECT id, ((u.*)) FROM users u WHERE id = 3;
SELECT(u.*)FROM users u ORDER BY id LIMIT 3;
SELECT count(DISTINCT (u.*)) FROM users u;
SELECT count((u.*)), count(DISTINCT u.*) FROM users u;
SELECT country, count(DISTINCT (u.*)) FILTER (WHERE id > 3) FROM users u GROUP BY country;
-- part of a subselect is no column of the library's.
SELECT id FROM users WHERE id IN (SELECT part FROM (SELECT 3 AS part) z);
