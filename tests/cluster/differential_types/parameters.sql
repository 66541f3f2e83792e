-- Parameters in every place where they may stand.
SELECT k FROM int_keys WHERE k = 1 OR (k = 2 AND i = 0) ORDER BY 1;
-- with: (3, [0, 3])
SELECT k FROM int_keys WHERE k = %s AND i = ANY (%s) ORDER BY 1;
-- with: (None, None)
-- with: (3, 3)
SELECT k FROM int_keys WHERE (%s::int IS NULL OR k = %s) ORDER BY 1, k;
-- with: (None,)
-- with: (3,)
SELECT k FROM int_keys WHERE k = coalesce(%s, k) ORDER BY 1;
-- with: (True,)
SELECT k FROM int_keys WHERE k = CASE WHEN %s THEN 3 ELSE 4 END ORDER BY 1;
-- with: ("x",)
SELECT %s, k FROM int_keys WHERE k = 3;
-- with: ("x",)
SELECT %s AS a, count(*) FROM int_keys GROUP BY 1;
-- with: (5,)
SELECT %s AS a, i, count(*) FROM int_keys GROUP BY a, i ORDER BY i;
-- fails: 42803
-- with: (5, 5)
SELECT i + %s, count(*) FROM int_keys GROUP BY i + %s ORDER BY 1;
-- with: (5,)
SELECT i + %s AS z, count(*) FROM int_keys GROUP BY z ORDER BY z;
-- with: (1.5, 1.5)
SELECT i * %s FROM int_keys ORDER BY i * %s;
-- with: (2,)
-- with: (2**40,)
SELECT sum(%s) FROM int_keys;
-- fails: 42P18
-- with: (None,)
SELECT count(%s) FROM int_keys;
-- fails: 42725
-- with: (None,)
SELECT array_agg(%s) FROM int_keys WHERE k = 3;
-- with: ("q",)
SELECT %s::text || t, count(*) FROM simple GROUP BY 1 ORDER BY 1;
-- with: ("|",)
SELECT string_agg(t, %s ORDER BY t) FROM simple WHERE t IS NOT NULL;
-- with: ("|",)
SELECT string_agg(DISTINCT t, %s ORDER BY t) FROM simple;
-- with: (0.5,)
SELECT percentile_cont(%s) WITHIN GROUP (ORDER BY i) FROM int_keys;
-- with: ("YYYY",)
SELECT to_char(d, %s), count(*) FROM simple GROUP BY 1 ORDER BY 1;
-- with: ("hour",)
SELECT date_trunc(%s, local_time), count(*) FROM simple GROUP BY 1 ORDER BY 1;
-- fails: 42803
-- with: ("hour", "hour")
SELECT date_trunc(%s, local_time), count(*) FROM simple GROUP BY date_trunc(%s, local_time) ORDER BY 1;
-- with: (date(2020, 1, 1),)
SELECT k FROM simple WHERE d > %s ORDER BY k;
-- with: (timedelta(hours=25),)
SELECT k FROM simple WHERE span > %s ORDER BY k;
-- with: ('{"a": 1}',)
-- with: (Jsonb({"a": 1}),)
SELECT k FROM rich WHERE doc @> %s ORDER BY k;
-- fails: 42883
-- with: ([1],)
SELECT k FROM rich WHERE ints @> %s ORDER BY k;
-- fails: 42883
-- with: ([2, 7],)
SELECT k FROM rich WHERE ints && %s ORDER BY k;
-- with: ("ok",)
SELECT k FROM rich WHERE mood = %s ORDER BY k;
-- with: (["ok"],)
SELECT k FROM rich WHERE mood = ANY (%s::feeling[]) ORDER BY k;
-- with: ("10.0.0.0/8",)
SELECT k FROM rich WHERE address << %s ORDER BY k;
-- fails: 42883
-- with: (2,)
SELECT k FROM rich WHERE stretch @> %s ORDER BY k;
-- with: (b"a",)
SELECT k FROM rich WHERE bytes = %s ORDER BY k;
-- with: (1,)
SELECT k FROM rich WHERE (couple).x = %s ORDER BY k;
-- with: (0,)
SELECT k, p.i FROM int_keys p WHERE p.i = (SELECT max(q.i) FROM smallint_keys q WHERE q.k = p.k AND q.i > %s) ORDER BY 1, 2;
-- with: ("2",)
SELECT k FROM int_keys ORDER BY k LIMIT %s;
-- with: (2,)
SELECT k FROM int_keys ORDER BY %s, k LIMIT 3;
-- with: (0, None)
SELECT k FROM int_keys ORDER BY i LIMIT %s OFFSET %s;
-- with: (3,)
SELECT i, count(*) FROM int_keys GROUP BY i HAVING count(*) > %s ORDER BY i;
-- with: (3,)
SELECT i, count(*) FILTER (WHERE k > %s) FROM int_keys GROUP BY i ORDER BY i;
-- with: (2,)
SELECT DISTINCT i %% %s FROM int_keys ORDER BY 1;
-- with: ()
SELECT i %% 2 AS m, count(*) FROM int_keys GROUP BY 1 ORDER BY 1;
-- with: (1,)
SELECT k, lag(i, %s) OVER (PARTITION BY k ORDER BY i) FROM int_keys ORDER BY 1, 2;
-- with: (3,)
SELECT ntile(%s) OVER (ORDER BY k, i) FROM int_keys ORDER BY 1;
-- with: (1,)
SELECT * FROM int_keys p JOIN smallint_keys q ON p.i = q.i + %s ORDER BY 1, 2, 3, 4;
-- with: (1,)
SELECT * FROM int_keys p LEFT JOIN smallint_keys q ON p.k = q.k AND q.i = %s ORDER BY 1, 2, 3, 4;
-- with: (3, 99)
SELECT %s IN (SELECT k FROM int_keys), %s = ANY (ARRAY(SELECT k FROM int_keys));
-- with: (3,)
SELECT EXISTS (SELECT FROM int_keys WHERE k = %s);
-- with: (77,)
SELECT EXISTS (SELECT FROM int_keys WHERE i = %s);
-- with: (3, 4)
SELECT * FROM (VALUES (%s::int), (%s)) v(x) JOIN int_keys ON int_keys.k = v.x ORDER BY 1, 2, 3;
-- with: (3, 4)
SELECT * FROM (VALUES (%s), (%s)) v(x) JOIN int_keys ON int_keys.k = v.x ORDER BY 1, 2, 3;
-- with: ([3, 4, 3],)
SELECT * FROM unnest(%s::int[]) v(x) JOIN int_keys ON int_keys.k = v.x ORDER BY 1, 2, 3;
-- with: (3,)
SELECT * FROM generate_series(1, %s) g LEFT JOIN int_keys ON int_keys.k = g ORDER BY 1, 2, 3;
-- with: (3,)
SELECT * FROM generate_series(1, %s) g LEFT JOIN int_keys ON int_keys.i = g ORDER BY 1, 2, 3;
-- with: (3,)
SELECT g, (SELECT count(*) FROM int_keys WHERE int_keys.i = g) FROM generate_series(1, %s) g ORDER BY 1;
-- with: (2,)
SELECT int_keys.k, g FROM int_keys, generate_series(%s, int_keys.i) g ORDER BY 1, 2;
-- with: (99,)
-- with: ("99",)
SELECT k FROM int_keys UNION SELECT %s ORDER BY 1;
-- with: (None,)
SELECT %s UNION SELECT k FROM int_keys ORDER BY 1;
-- with: (5.5,)
SELECT %s x UNION ALL SELECT i FROM int_keys WHERE k = 3 ORDER BY 1;
-- with: (2, 1)
(SELECT k FROM int_keys ORDER BY 1 LIMIT %s) UNION ALL (SELECT k FROM smallint_keys ORDER BY 1 DESC LIMIT %s);
-- with: (3,)
WITH w AS (SELECT %s::int z) SELECT * FROM int_keys, w WHERE int_keys.k = w.z ORDER BY 1, 2;
-- with: (2, 5)
WITH w AS (SELECT i, count(*) c FROM int_keys GROUP BY i HAVING count(*) > %s) SELECT * FROM w JOIN smallint_keys ON smallint_keys.i = w.i WHERE smallint_keys.k = %s ORDER BY 1, 2, 3, 4;
-- with: (2, 5)
WITH w AS (SELECT i, %s AS c FROM int_keys GROUP BY i) SELECT c, smallint_keys.k FROM w JOIN smallint_keys ON smallint_keys.i = w.i WHERE smallint_keys.k < %s ORDER BY 1, 2;
-- with: (2,)
SELECT nullif(i, %s), count(*) FROM int_keys GROUP BY 1 ORDER BY 1;
-- with: (-1,)
SELECT coalesce(i, %s) c FROM int_keys ORDER BY c, k;
-- with: (3, 0)
SELECT k FROM int_keys WHERE (k, i) = (%s, %s);
-- with: (3, 0)
SELECT k FROM int_keys WHERE (k, i) IN ((%s, %s), (4, 4)) ORDER BY 1;
-- with: (None,)
SELECT k FROM int_keys WHERE k IS NOT DISTINCT FROM %s ORDER BY 1, i;
-- with: (3,)
SELECT k FROM int_keys WHERE k = %s AND false;
-- with: ("3",)
SELECT k FROM int_keys WHERE k = %s::bigint ORDER BY 1;
-- with: ("a",)
SELECT k FROM text_keys WHERE k = %s || '' ORDER BY 1;
-- with: ("a",)
SELECT k FROM text_keys WHERE k = upper(%s) ORDER BY 1;
-- with: ("a",)
SELECT k FROM text_keys WHERE k ILIKE %s ORDER BY 1;
-- with: ("a",)
SELECT k FROM text_keys WHERE k = %s COLLATE "C" ORDER BY 1;
-- with: (None,)
SELECT i FROM text_keys WHERE k = %s;
-- with: (["a", None],)
-- with: ([],)
SELECT count(*) FROM text_keys WHERE k <> ALL (%s);
