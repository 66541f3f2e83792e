-- Whole rows, written in every way.
SELECT ROW(k.*)::text FROM int_keys k ORDER BY 1 LIMIT 2;
SELECT k::text FROM int_keys k WHERE k = 3;
-- refused: the whole row
SELECT int_keys::text FROM int_keys WHERE k = 3;
SELECT to_jsonb(int_keys) FROM int_keys WHERE k = 3 ORDER BY 1;
SELECT jsonb_agg(to_jsonb(int_keys) ORDER BY k, i) FROM int_keys;
SELECT jsonb_agg(int_keys ORDER BY k, i) FROM int_keys;
SELECT count(int_keys) FROM int_keys;
-- refused: the whole row
SELECT int_keys FROM int_keys ORDER BY int_keys;
-- ties
SELECT int_keys IS NULL, int_keys IS NOT NULL FROM int_keys ORDER BY k;
-- refused: the whole row
SELECT int_keys = int_keys FROM int_keys WHERE k = 3;
-- refused: the whole row
SELECT a.* FROM int_keys a WHERE a IS NOT DISTINCT FROM a ORDER BY 1, 2;
SELECT (int_keys).i FROM int_keys WHERE k = 3 ORDER BY 1;
SELECT (int_keys).* FROM int_keys WHERE k = 3 ORDER BY 1, 2;
-- refused: the whole row
SELECT to_json(array_agg(int_keys ORDER BY k, i)) FROM int_keys;
SELECT DISTINCT ROW(k, i) FROM int_keys ORDER BY 1;
SELECT (int_keys.*) FROM int_keys WHERE k = 3;
SELECT ((int_keys.*)) FROM int_keys WHERE k = 4;
SELECT z.* FROM (SELECT (int_keys.*) FROM int_keys) z WHERE k = 4;
SELECT int_keys . * FROM int_keys WHERE k = 4;
SELECT int_keys./* hi */* FROM int_keys WHERE k = 4;
SELECT int_keys.*/* hi */ FROM int_keys WHERE k = 4;
SELECT int_keys.*-- hi
 FROM int_keys WHERE k = 4;
SELECT*FROM int_keys WHERE k = 4;
SELECT int_keys.*,int_keys.*FROM int_keys WHERE k = 4;
SELECT public.int_keys.* FROM int_keys WHERE k = 4;
SELECT public.int_keys.k, public.int_keys.* FROM public.int_keys WHERE public.int_keys.k = 4;
SELECT ROW(int_keys.*) FROM int_keys WHERE k = 4;
SELECT ROW(1, int_keys.*) FROM int_keys WHERE k = 4;
SELECT ROW(1, (int_keys.*)) FROM int_keys WHERE k = 4;
SELECT (int_keys.*, 1) FROM int_keys WHERE k = 4;
SELECT ARRAY[ROW(int_keys.*)] FROM int_keys WHERE k = 4;
SELECT int_keys.* IS NULL FROM int_keys WHERE k = 4;
-- refused: the whole row
SELECT int_keys.* = int_keys.* FROM int_keys WHERE k = 4;
SELECT ROW(int_keys.*) = ROW(int_keys.*) FROM int_keys WHERE k = 4;
-- refused: the whole row
SELECT (int_keys.*) = ROW(4, 4) FROM int_keys WHERE k = 4;
-- refused: the whole row
SELECT k FROM int_keys WHERE (int_keys.*) IN ((4, 4), (3, 3)) ORDER BY 1;
SELECT k FROM int_keys WHERE ROW(int_keys.*) IN (SELECT (int_keys.*) FROM int_keys) ORDER BY 1;
SELECT k FROM int_keys WHERE ROW(int_keys.*) IN (SELECT int_keys.* FROM int_keys) ORDER BY 1;
-- refused: the whole row
SELECT k FROM int_keys WHERE int_keys IN (SELECT int_keys FROM int_keys) ORDER BY 1;
SELECT * FROM int_keys WHERE (k, i) IN (SELECT * FROM smallint_keys) ORDER BY 1, 2;
SELECT * FROM int_keys WHERE (k, i) IN (TABLE smallint_keys) ORDER BY 1, 2;
SELECT * FROM int_keys WHERE ROW(k, i) = ANY (SELECT * FROM smallint_keys) ORDER BY 1, 2;
SELECT count(*) FROM (SELECT * FROM int_keys UNION SELECT * FROM smallint_keys) z;
SELECT to_json(int_keys.*) FROM int_keys WHERE k = 4;
SELECT json_agg((int_keys.*) ORDER BY k, i) FROM int_keys;
SELECT DISTINCT int_keys.* FROM int_keys ORDER BY int_keys.k, int_keys.i;
-- refused: the whole row
SELECT DISTINCT ON ((int_keys.*)) k FROM int_keys WHERE k = 4;
SELECT count(DISTINCT (int_keys.*)) FROM int_keys;
-- refused: the whole row
SELECT count(*) FROM int_keys GROUP BY int_keys.*;
-- refused: the whole row
SELECT count(*) FROM int_keys GROUP BY int_keys;
SELECT count(*) FROM int_keys GROUP BY ROW(int_keys.*) ORDER BY 1;
-- refused: ORDER BY a row
SELECT k FROM int_keys ORDER BY ROW(int_keys.*), k;
-- refused: the whole row
SELECT k FROM int_keys ORDER BY int_keys, k;
-- refused: the type int_keys
SELECT (int_keys.*)::int_keys FROM int_keys WHERE k = 4;
SELECT (ROW(int_keys.*)).f1 FROM int_keys WHERE k = 4;
SELECT (int_keys.*).k FROM int_keys WHERE k = 4;
SELECT (a.*) FROM int_keys AS a(x, y) WHERE x = 4;
SELECT * FROM int_keys AS a(x) WHERE x = 4;
SELECT a.*, b.* FROM int_keys a JOIN smallint_keys b USING (k) ORDER BY 1, 2, 3, 4;
SELECT (a.*), (b.*) FROM int_keys a JOIN smallint_keys b USING (k) ORDER BY 1, 2, 3, 4 LIMIT 3;
-- refused: the whole row
SELECT CASE WHEN true THEN (int_keys.*) END FROM int_keys WHERE k = 4;
-- refused: the whole row
SELECT format('%s', int_keys) FROM int_keys WHERE k = 4;
-- refused: the whole row
SELECT concat(int_keys) FROM int_keys WHERE k = 4;
SELECT jsonb_build_object('r', int_keys) FROM int_keys WHERE k = 4;
-- refused: the whole row
SELECT jsonb_populate_record(int_keys, '{"i": 7}') FROM int_keys WHERE k = 4;
-- refused: the whole row
SELECT first_value((int_keys.*)) OVER (ORDER BY k, i) FROM int_keys WHERE k = 4;
-- refused: the whole row
SELECT l.* FROM int_keys, LATERAL (SELECT (int_keys.*)) l WHERE l.k = 4;
-- refused: the whole row
SELECT l.* FROM int_keys, LATERAL (SELECT int_keys.k, int_keys.*) l(a, b, c) WHERE l.a = 4;
SELECT l.* FROM int_keys, LATERAL (VALUES (int_keys.k, int_keys.i)) l WHERE int_keys.k = 4;
VALUES ((SELECT int_keys.k FROM int_keys WHERE k = 4 LIMIT 1));
WITH w AS (SELECT (int_keys.*) FROM int_keys) SELECT * FROM w WHERE k = 4;
WITH w AS (SELECT * FROM int_keys) SELECT (w.*) FROM w WHERE k = 4;
WITH w AS (TABLE int_keys) SELECT w FROM w WHERE k = 4;
WITH w(a, b) AS (SELECT * FROM int_keys) SELECT row_to_json(w) FROM w WHERE a = 4;
WITH w(a) AS (SELECT * FROM int_keys) SELECT row_to_json(w) FROM w WHERE a = 4;
SELECT z FROM (SELECT * FROM int_keys) z WHERE k = 4;
SELECT z.* FROM (SELECT * FROM int_keys LIMIT 100) z(a) WHERE a = 4 ORDER BY 1, 2;
