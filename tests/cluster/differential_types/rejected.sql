-- What PostgreSQL refuses is refused with the same code.
-- fails: 42883
SELECT avg(couple) FROM rich;
-- fails: 42601
SELECT count(*) FROM simple GROUP BY 'x';
-- fails: 42803
SELECT i AS s, count(*) FROM simple GROUP BY s ORDER BY s;
-- fails: 42702
SELECT k, i AS k FROM int_keys ORDER BY k;
-- fails: 42702
SELECT int_keys.k, p.k FROM int_keys, int_keys p WHERE int_keys.k = p.k ORDER BY k;
-- fails: 42702
SELECT count(*) price, price FROM simple GROUP BY price ORDER BY price LIMIT 5;
-- fails: 42P21
SELECT english FROM simple UNION SELECT bytewise FROM simple ORDER BY 1;
-- fails: 42703
SELECT count(*) FROM int_keys WHERE t = 'x'::int;
-- fails: 22P02
SELECT 'x'::int FROM no_rows;
-- fails: 22P02
SELECT k FROM int_keys WHERE k = 'x';
-- fails: 22012
SELECT k FROM int_keys LIMIT 1 / 0;
-- fails: 22P02
SELECT k FROM int_keys OFFSET 'a';
-- fails: 42883
SELECT max(doc) FROM rich;
-- fails: 42803
SELECT count(*) FROM int_keys WHERE count(*) > 1;
-- fails: 42P10
SELECT DISTINCT k FROM int_keys ORDER BY i;
-- fails: 42804
SELECT k FROM int_keys UNION SELECT t FROM simple;
-- fails: 42601
SELECT k, i FROM int_keys UNION SELECT k FROM int_keys;
-- fails: 42712
SELECT * FROM int_keys, int_keys;
-- fails: 42P01
SELECT k FROM public.nosuch JOIN int_keys USING (k);
-- fails: 42804
SELECT k COLLATE "C" FROM int_keys;
-- fails: 0A000
SELECT sum(DISTINCT k) OVER () FROM int_keys;
-- fails: 42601
SELECT (SELECT k, i FROM int_keys) FROM smallint_keys;
-- fails: 42601
SELECT k FROM int_keys WHERE k IN (SELECT k, i FROM int_keys);
-- fails: 42601
SELECT k FROM int_keys WHERE (k, i) IN (SELECT k FROM int_keys);
-- fails: 42601
SELECT ARRAY(SELECT k, i FROM int_keys);
-- fails: 42601
SELECT ROW(k, i) = ROW(k) FROM int_keys;
-- fails: 42P10
SELECT string_agg(DISTINCT t, ',' ORDER BY k) FROM simple;
-- fails: 22003
SELECT percentile_cont(2) WITHIN GROUP (ORDER BY i) FROM int_keys;
-- fails: 42P01
SELECT k FROM int_keys FOR UPDATE OF nosuch;
-- fails: 0A000
SELECT k FROM int_keys GROUP BY k FOR UPDATE;
-- fails: 0A000
SELECT k FROM int_keys WHERE generate_series(1, 2) > 1;
-- fails: 42703
WITH w AS (SELECT 1) SELECT * FROM w, int_keys WHERE nosuch = 1;
-- fails: 42803
SELECT grouping(i) FROM int_keys GROUP BY k;
-- fails: 22P02
SELECT k FROM int_keys WHERE k = ANY ('{x}');
-- fails: 22003
SELECT k FROM int_keys WHERE k = '99999999999999';
-- fails: 22003
SELECT k FROM smallint_keys WHERE k = '70000';
-- fails: 42809
SELECT k FROM int_keys ORDER BY k USING =;
-- fails: 42883
SELECT max(during), count(during) FROM nested;
-- fails: 42883
SELECT path, count(*) FROM nested GROUP BY path;
-- fails: 42883
SELECT count(*) FROM nested p JOIN nested q ON p.path = q.path;
-- fails: 42883
SELECT area, count(*) FROM nested GROUP BY area;
