-- Every construct of SELECT, INSERT, UPDATE and DELETE that is written, a statement for each.
-- The tests read each one, write it anew, read that, and want the same tree; they also cut each one into tokens.
-- To add a case, add a statement: nothing else is needed.

-- Constants ---------------------------------------------------------------------------------------------------
SELECT 1, 0, -1, +1, 2147483647, -2147483648, 2147483648, 9223372036854775808;
SELECT 0x1F, 0o17, 0b101, 1_000_000, 1_0.0_1, 0xFFFFFFFFFF;
SELECT 1.5, -1.5, 0.0, .5, 5., 1e5, 1.5E-3, -.5e+1, 1e308;
SELECT - 1, - -1, -(-1), +(+1), - (1), -a, - -a, -(-a), +a, - 1.5, -(-1.5);
SELECT 'text', '', 'it''s', 'two
lines', 'tab	in it';
SELECT 'one' 
  'string';
SELECT 'one'

	 'string', E'\'' 
 '\'';
SELECT E'tab\t', E'quote\'s', E'back\\slash', E'\x41\u00e9\U0001F600', E'a'
'b' IS NULL FROM t;
SELECT 'back\slash', 'ends\', E'mixed\\''quotes';
SELECT a NOT /* here */ LIKE b, a NOT -- and here
  IN (1) FROM t ORDER BY a NULLS /* and here */ FIRST;
SELECT U&'\0061\+01F600', U&'!0061' UESCAPE '!', U&"d\0061t\+000061" FROM t;
SELECT $$dollar 'quoted'$$, $tag$with $$ inside$tag$, $é$umlaut$é$;
SELECT B'1010', b'', X'1FF', x'', N'national', n'';
SELECT TRUE, FALSE, NULL, true, false, null;
SELECT 'naïve café', '日本語', '😀', 'é' AS "ü", "ö" FROM "ä";
SELECT $1, $2, $10, $1 + $1;

-- Names -------------------------------------------------------------------------------------------------------
SELECT a, "A", "a b", "quote""d", "select", _a$1, a1 FROM t;
SELECT t.a, s.t.a, d.s.t.a, "S"."T"."A" FROM d.s.t;
SELECT *, t.*, s.t.* FROM s.t;
SELECT a AS b, a b, a AS "select", a AS select, a "B" FROM t;
SELECT t FROM t;
SELECT a.b.c.d FROM a;
SELECT ÀÉ FROM ß;
SELECT aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggggggggghhhhhhhhhh FROM t;
SELECT value, name, type, key, year, month, zone, text, data, role, user_name, level FROM t;
SELECT t.select, t.from, t."order" FROM t;
TABLE t;
TABLE s.t;
SELECT /* a comment /* nested */ */ a -- and one to the line's end
  FROM t;
SELECT;
SELECT FROM t;
SELECT WHERE a;

-- Operators and precedence ------------------------------------------------------------------------------------
SELECT a + b * c - d / e % f ^ g FROM t;
SELECT (a + b) * c, a + (b * c), (a - b) - c, a - (b - c), (a ^ b) ^ c, a ^ (b ^ c) FROM t;
SELECT a < b, a > b, a = b, a <= b, a >= b, a <> b, a != b FROM t;
SELECT (a < b) = (c < d), (a = b) = c, a = (b = c) FROM t;
SELECT a || b || c, a || (b || c) FROM t;
SELECT a @> b, a <@ b, a && b, a -> 'x', a ->> 'x', a #> '{x}', a #>> '{x}', a ? 'x', a ?| b, a ?& b FROM t;
SELECT @a, ~a, |/ a, ||/ a, @@ a, !!a, - @a, @ -a, ~ ~a FROM t;
SELECT a <-> b, a <#> b, a <=> b, a ~~ b, a ~ b, a ~* b, a !~ b, a !~* b, a ^@ b FROM t;
SELECT a OPERATOR(pg_catalog.+) b, a OPERATOR(+) b, OPERATOR(pg_catalog.-) a, OPERATOR(pg_catalog.@) a;
SELECT a OPERATOR("S"."t".<<) b * c, (a OPERATOR(s.+) b) * c FROM t;
SELECT a &< b, a &> b, a <<| b, a |>> b, a &<| b, a |&> b, a ?- b, a ?# b, a ## b, a ~= b, ?| a FROM t;
SELECT a * -b, a - -b, a+-1, a-(-1), a - - 1, -a ^ 2, (-a) ^ 2, -(a ^ 2), -2 ^ 2, (-2) ^ 2 FROM t;
SELECT -a.b, (-a).b, -(a.b) FROM a;
SELECT a IS NULL, a IS NOT NULL, a ISNULL, a NOTNULL, (a + b) IS NULL, a + (b IS NULL) FROM t;
SELECT (a IS NULL) IS NULL, (a IS NULL) = (b IS NULL), NOT a IS NULL, (NOT a) IS NULL FROM t;
SELECT a IS TRUE, a IS NOT TRUE, a IS FALSE, a IS NOT FALSE, a IS UNKNOWN, a IS NOT UNKNOWN FROM t;
SELECT (a = b) IS TRUE, a = (b IS TRUE), (a AND b) IS NOT FALSE FROM t;
SELECT a AND b, a OR b, NOT a, a AND b OR c AND d, (a OR b) AND (c OR d), NOT (a AND b), NOT a AND b FROM t;
SELECT a AND b AND c AND d, a AND (b AND c) AND d, (a AND b) AND (c AND d), a OR (b OR c), (a OR b) OR c FROM t;
SELECT NOT NOT a, NOT (NOT a), NOT (a OR NOT b) FROM t;
SELECT a IS DISTINCT FROM b, a IS NOT DISTINCT FROM b, (a IS DISTINCT FROM b) IS DISTINCT FROM c FROM t;
SELECT NULLIF(a, b), NULLIF(a, 0) + 1, NULLIF(NULLIF(a, b), c) FROM t;
SELECT a BETWEEN 1 AND 2, a NOT BETWEEN 1 AND 2, a BETWEEN SYMMETRIC 2 AND 1, a NOT BETWEEN SYMMETRIC b AND c FROM t;
SELECT a BETWEEN b AND c AND d, a BETWEEN (b AND c) AND d, a BETWEEN b + 1 AND c - 1, NOT a BETWEEN b AND c FROM t;
SELECT (a BETWEEN b AND c) BETWEEN d AND e, a BETWEEN (b BETWEEN c AND d) AND (e < f), (a = b) BETWEEN c AND d FROM t;
SELECT a IN (1), a IN (1, 2), a NOT IN (1, 2), a IN (NULL), (a, b) IN ((1, 2), (3, 4)), a + 1 IN (b, c * 2) FROM t;
SELECT (a IN (1)) IN (TRUE), a = (b IN (1, 2)), NOT a IN (1), a IN ((b), (c)) FROM t;
SELECT a LIKE b, a NOT LIKE b, a ILIKE b, a NOT ILIKE b, a LIKE b ESCAPE 'x', a NOT LIKE b ESCAPE '', a ILIKE b ESCAPE c FROM t;
SELECT (a LIKE b) LIKE c, a LIKE (b LIKE c), a LIKE (b IS TRUE), a || b LIKE c || d, NOT a LIKE b FROM t;
SELECT a SIMILAR TO b, a NOT SIMILAR TO b, a SIMILAR TO b ESCAPE 'x', a NOT SIMILAR TO (b || c) ESCAPE (d || e) FROM t;
SELECT a = ANY (b), a <> ALL (b), a < SOME (b), a = ANY ('{1,2}'), a = ANY (ARRAY[1, 2]), a = ANY ($1::int[]) FROM t;
SELECT a LIKE ANY (b), a NOT LIKE ALL (b), a ILIKE ANY (b), a NOT ILIKE ALL (b), a OPERATOR(pg_catalog.=) ANY (b) FROM t;
SELECT a = ANY (b || c), (a = ANY (b)) = c, a + b = ANY (c), a = (b = ANY (c)) FROM t;
SELECT a AT TIME ZONE 'UTC', a AT TIME ZONE b || c, (a + b) AT TIME ZONE c, a + (b AT TIME ZONE c), a AT LOCAL FROM t;
SELECT a AT TIME ZONE b AT TIME ZONE c, a AT TIME ZONE (b AT TIME ZONE c), -a AT TIME ZONE b FROM t;
SELECT a COLLATE "C", a COLLATE pg_catalog."de_DE", (a || b) COLLATE "C", a || b COLLATE "C" < c FROM t;
SELECT a = b COLLATE "C", (a = b) COLLATE "C", a COLLATE "C" COLLATE "D" FROM t;
SELECT (a, b) = (c, d), (a, b) < (c, d), ROW(a, b) = ROW(c, d), (a, b) IS NULL, (a, b) IS DISTINCT FROM (c, d) FROM t;
SELECT (a, b) OVERLAPS (c, d), (DATE '2026-01-01', INTERVAL '1 day') OVERLAPS (a, b), ROW(a, b) OVERLAPS ROW(c, d) FROM t;
SELECT NOT (a, b) OVERLAPS (c, d), ((a, b) OVERLAPS (c, d)) = e FROM t;
SELECT a IS NORMALIZED, a IS NOT NORMALIZED, a IS NFC NORMALIZED, a IS NOT NFKD NORMALIZED, (a || b) IS NFD NORMALIZED FROM t;

-- Casts and types ---------------------------------------------------------------------------------------------
SELECT a::int, CAST(a AS int), int '5', '5'::int, a::int::text, (a + b)::int, a + b::int, -a::int, (-a)::int FROM t;
SELECT (-1)::int, -1::int, - '1'::int, 1::int, ('1')::int FROM t;
SELECT a::smallint, a::integer, a::bigint, a::int2, a::int4, a::int8, a::real, a::float, a::float(24), a::float(53) FROM t;
SELECT a::double precision, a::decimal, a::numeric, a::numeric(10), a::numeric(10, 2), a::dec(5), a::numeric(3, -2) FROM t;
SELECT a::boolean, a::bool, a::text, a::varchar, a::varchar(5), a::character varying(5), a::char, a::char(3), a::character(3) FROM t;
SELECT a::bpchar, a::"char", a::nchar(3), a::national character varying(4), a::name, a::bytea, a::uuid, a::json, a::jsonb FROM t;
SELECT a::bit, a::bit(3), a::bit varying, a::bit varying(5), a::varbit(5) FROM t;
SELECT a::date, a::time, a::time(3), a::time with time zone, a::time(3) without time zone, a::timetz FROM t;
SELECT a::timestamp, a::timestamp(3), a::timestamp with time zone, a::timestamp(0) with time zone, a::timestamptz(3) FROM t;
SELECT a::interval, a::interval(3), a::interval year, a::interval year to month, a::interval day to second(3), a::interval second(2) FROM t;
SELECT INTERVAL '1' YEAR, INTERVAL '1-2' YEAR TO MONTH, INTERVAL '1' DAY TO HOUR, INTERVAL '1 2:03' DAY TO MINUTE FROM t;
SELECT INTERVAL '1', INTERVAL(3) '1.2345', INTERVAL '1 day 2 hours', INTERVAL '1.5' SECOND(1), INTERVAL '1' HOUR TO SECOND FROM t;
SELECT DATE '2026-11-21', TIME '12:00', TIMESTAMP '2026-11-21 12:00', TIMESTAMPTZ '2026-11-21 12:00+00', TIMESTAMP WITH TIME ZONE 'now';
SELECT bool 't', float8 '1.5', numeric(5, 2) '1.5', varchar(3) 'abcd', bit(3) '101', s.type 'x', "Type" 'y', box '(1,2),(3,4)';
SELECT a::int[], a::int[][], a::int[3], a::int[3][4], a::int ARRAY, a::int ARRAY[4], a::s.t[], a::varchar(3)[] FROM t;
SELECT a::s.t, a::d.s.t, a::"Odd Type", a::geometry(point, 4326), a::public.vector(3) FROM t;
SELECT (a::text)::varchar(3), CAST(a + 1 AS text) || b, CAST(CAST(a AS text) AS int) FROM t;
SELECT NULL::int, 'a'::text COLLATE "C", (NULL::s.t).a, ('x'::text) LIKE 'y';
SELECT TREAT(a AS int) FROM t;

-- CASE and the like -------------------------------------------------------------------------------------------
SELECT CASE WHEN a THEN b END, CASE WHEN a THEN b ELSE c END, CASE WHEN a THEN b WHEN c THEN d ELSE e END FROM t;
SELECT CASE a WHEN 1 THEN 'x' WHEN 2 THEN 'y' ELSE 'z' END, CASE a + b WHEN c OR d THEN e END FROM t;
SELECT CASE WHEN a THEN CASE WHEN b THEN c END ELSE d END + 1, (CASE WHEN a THEN b END).c, CASE (a = b) WHEN TRUE THEN 1 END FROM t;
SELECT COALESCE(a), COALESCE(a, b), COALESCE(a, b, c) + 1, GREATEST(a, b), LEAST(a, b, c), GREATEST(a) FROM t;
SELECT ARRAY[]::int[], ARRAY[1], ARRAY[1, 2], ARRAY[[1, 2], [3, 4]], ARRAY[a, b] || c, ARRAY[ARRAY[1], ARRAY[2]], (ARRAY[1, 2])[1];
SELECT ROW(), ROW(1), ROW(1, 2), (1, 2), ROW(t.*), ROW(a, t.*, 1), ((1, 2), (3, 4)), (ROW(1, 2)).f1 FROM t;
SELECT a[1], a[1][2], a[1:2], a[:2], a[1:], a[:], a[1:2][3], (a)[1], (a || b)[1], a[b + 1], a[(b)], a[-1:+1], a[$1:$2] FROM t;
SELECT t.a[1], (t.a).b, (t).a, (t.a)[1].b, (a).b.c, (a).*, (t.a).*, (a[1]).b, a[1].b, (f(a)).b, (f(a)).*, ((f(a)).b)[1] FROM t;
SELECT ($1).a, $1[1], ($1)[1].b, ($1::s.t).a, (SELECT t).a, (SELECT t).*, (ARRAY(SELECT 1))[1], ((a, b)).f1 FROM t;
SELECT a[1::int:2::int], a[b::int], a[1:b]::int[] FROM t;

-- Functions ---------------------------------------------------------------------------------------------------
SELECT f(), f(a), f(a, b), s.f(a), d.s.f(a), "F"(a), f(f(a)), f(a + b), f((a, b)), f(a, (SELECT 1)) FROM t;
SELECT f(a => 1), f(a, b => 2, c => d + 1), f(a := 1), f(VARIADIC a), f(a, VARIADIC b), f(VARIADIC "Arr" => a) FROM t;
SELECT count(*), count(a), count(DISTINCT a), count(ALL a), s.count(*), count(DISTINCT (a, b)), f(DISTINCT a, b) FROM t;
SELECT array_agg(a ORDER BY b), array_agg(DISTINCT a ORDER BY a DESC NULLS LAST), string_agg(a, ',' ORDER BY b, c DESC) FROM t;
SELECT array_agg(a ORDER BY b USING <), array_agg(a ORDER BY b USING OPERATOR(pg_catalog.>)), f(VARIADIC a ORDER BY b) FROM t;
SELECT sum(a) FILTER (WHERE b > 0), count(*) FILTER (WHERE b), count(*) FILTER (WHERE a AND (b OR c)) FROM t;
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY a), mode() WITHIN GROUP (ORDER BY a DESC NULLS FIRST) FROM t;
SELECT rank(1, 2) WITHIN GROUP (ORDER BY a, b) FILTER (WHERE c), percentile_disc(ARRAY[0.1, 0.9]) WITHIN GROUP (ORDER BY a) FROM t;
SELECT sum(a) FILTER (WHERE b) OVER (PARTITION BY c) FROM t;
SELECT EXTRACT(year FROM a), EXTRACT('epoch' FROM a - b), EXTRACT(day FROM INTERVAL '1 day'), EXTRACT(isodow FROM a) FROM t;
SELECT EXTRACT(month FROM a), EXTRACT(day FROM a), EXTRACT(hour FROM a), EXTRACT(minute FROM a), EXTRACT(second FROM a) FROM t;
SELECT POSITION('a' IN b), POSITION(a || b IN c), POSITION((a IN (b)) IN c), pg_catalog.position(a, b) FROM t;
SELECT SUBSTRING(a FROM 1), SUBSTRING(a FROM 1 FOR 2), SUBSTRING(a FOR 2), SUBSTRING(a FOR 2 FROM 1), substring(a, 1, 2) FROM t;
SELECT SUBSTRING(a FROM 'x'), SUBSTRING(a SIMILAR b ESCAPE c), SUBSTRING(a || b FROM c + 1 FOR d), substring(a, 'x') FROM t;
SELECT TRIM(a), TRIM(BOTH FROM a), TRIM(BOTH 'x' FROM a), TRIM(LEADING a FROM b || c), TRIM(TRAILING 'x' FROM a), TRIM('x' FROM a) FROM t;
SELECT TRIM(LEADING FROM a), TRIM(a, b), TRIM(FROM a), trim(BOTH a, b), btrim(a), btrim(a, b) FROM t;
SELECT OVERLAY(a PLACING b FROM 1), OVERLAY(a PLACING b FROM 1 FOR 2), OVERLAY(a || b PLACING c FROM d + 1), overlay(a, b, 1) FROM t;
SELECT NORMALIZE(a), NORMALIZE(a, NFC), NORMALIZE(a || b, NFKD), COLLATION FOR (a), COLLATION FOR (a || b) FROM t;
SELECT CURRENT_DATE, CURRENT_TIME, CURRENT_TIME(3), CURRENT_TIMESTAMP, CURRENT_TIMESTAMP(0), LOCALTIME, LOCALTIME(2);
SELECT LOCALTIMESTAMP, LOCALTIMESTAMP(6), CURRENT_ROLE, CURRENT_USER, USER, SESSION_USER, SYSTEM_USER, CURRENT_CATALOG, CURRENT_SCHEMA;
SELECT now(), random(), nextval('s'), pg_catalog.now(), pg_catalog.timezone('UTC', a), pg_catalog.date_part('year', a) FROM t;
SELECT left(a, 1), right(a, 1), "left"(a, 1), char_length(a), upper(a), if(a), "coalesce"(a, b), replace(a, b, c) FROM t;
SELECT xmin, ctid, tableoid::regclass, t.ctid FROM t;
SELECT 'x'::regclass, to_regclass('s.t'), pg_typeof(a), generate_series(1, 3), unnest(a) FROM t;
SELECT json_build_object('a', b), jsonb_agg(a ORDER BY b), row_to_json(t), to_jsonb(t.*), json_object('{a,b}'), jsonb_path_query(a, '$.x ? (@ > 1)') FROM t;

-- Windows -----------------------------------------------------------------------------------------------------
SELECT row_number() OVER () FROM t;
SELECT rank() OVER (PARTITION BY a ORDER BY b DESC NULLS LAST), sum(a) OVER (PARTITION BY a, b + 1) FROM t;
SELECT sum(a) OVER w, count(*) OVER (w ORDER BY b), avg(a) OVER (v) FROM t WINDOW w AS (PARTITION BY c), v AS (w ORDER BY d);
SELECT sum(a) OVER (ORDER BY b ROWS UNBOUNDED PRECEDING), sum(a) OVER (ORDER BY b ROWS 2 PRECEDING) FROM t;
SELECT sum(a) OVER (ORDER BY b ROWS CURRENT ROW), sum(a) OVER (ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) FROM t;
SELECT sum(a) OVER (ORDER BY b RANGE BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) FROM t;
SELECT sum(a) OVER (ORDER BY b RANGE BETWEEN INTERVAL '1 day' PRECEDING AND CURRENT ROW) FROM t;
SELECT sum(a) OVER (ORDER BY b GROUPS BETWEEN 1 FOLLOWING AND $1 FOLLOWING EXCLUDE CURRENT ROW) FROM t;
SELECT sum(a) OVER (ORDER BY b ROWS BETWEEN a + 1 PRECEDING AND CURRENT ROW EXCLUDE GROUP) FROM t;
SELECT sum(a) OVER (ORDER BY b ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING EXCLUDE TIES) FROM t;
SELECT sum(a) OVER (ORDER BY b RANGE UNBOUNDED PRECEDING EXCLUDE NO OTHERS) FROM t;
SELECT first_value(a) OVER (PARTITION BY b ORDER BY c USING < NULLS FIRST), lag(a, 1, 0) OVER (ORDER BY (b, c)) FROM t;
SELECT sum(sum(a)) OVER (PARTITION BY b ORDER BY sum(c)) FROM t GROUP BY b;
SELECT sum(a) OVER "W" FROM t WINDOW "W" AS (), x AS ("W" ROWS 1 PRECEDING);

-- Subqueries --------------------------------------------------------------------------------------------------
SELECT (SELECT 1), (SELECT a FROM u WHERE u.b = t.b LIMIT 1) + 1, ((SELECT 1)), -(SELECT 1), (SELECT 1)::text FROM t;
SELECT EXISTS (SELECT 1), NOT EXISTS (SELECT FROM u), EXISTS (SELECT 1 FROM u) = a, NOT (EXISTS (TABLE u)) FROM t;
SELECT a IN (SELECT b FROM u), a NOT IN (SELECT b FROM u), (a, b) IN (SELECT c, d FROM u), a + (b IN (SELECT 1)) FROM t;
SELECT a = ANY (SELECT b FROM u), a <> ALL (SELECT b FROM u), a < SOME (SELECT 1), (a, b) = ANY (SELECT 1, 2) FROM t;
SELECT a LIKE ANY (SELECT b FROM u), a NOT ILIKE ALL (SELECT b FROM u), a OPERATOR(pg_catalog.=) ANY (SELECT 1) FROM t;
SELECT ARRAY(SELECT a FROM t), ARRAY(SELECT a FROM t ORDER BY b) || 1, ARRAY(VALUES (1), (2)), (a, b) = (SELECT 1, 2) FROM t;
SELECT a IN (VALUES (1), (2)), a IN ((SELECT 1)), a = ((SELECT 1)), (SELECT (SELECT (SELECT a))) FROM t;
SELECT (SELECT 1 UNION SELECT 2), ((SELECT 1) UNION (SELECT 2) LIMIT 1), (WITH x AS (SELECT 1) SELECT * FROM x), (TABLE t LIMIT 1);
SELECT a = ANY ((SELECT b)::int[]), a = ALL (ARRAY(SELECT 1)), (a = ANY (SELECT 1)) IS TRUE FROM t;

-- FROM --------------------------------------------------------------------------------------------------------
SELECT 1 FROM t, s.u, d.s.v;
SELECT 1 FROM t AS a, t b, t AS "B" (c, d), t e (f), ONLY t, ONLY (t) AS g, t *, t * h;
SELECT 1 FROM t JOIN u ON t.a = u.a INNER JOIN v ON TRUE LEFT JOIN w ON a LEFT OUTER JOIN x ON b RIGHT JOIN y ON c FULL OUTER JOIN z ON d;
SELECT 1 FROM t CROSS JOIN u, v NATURAL JOIN w, x NATURAL LEFT JOIN y, a NATURAL FULL JOIN b NATURAL RIGHT JOIN c;
SELECT 1 FROM t JOIN u USING (a), v LEFT JOIN w USING (a, "B") AS x, y FULL JOIN z USING (c);
SELECT 1 FROM t JOIN (u JOIN v ON a) ON b, (w LEFT JOIN x ON c) RIGHT JOIN (y CROSS JOIN z) ON d;
SELECT 1 FROM t JOIN u JOIN v ON a ON b;
SELECT 1 FROM (t JOIN u ON a) AS j, (v CROSS JOIN w) AS k (a, b, c), ((x JOIN y USING (a)));
SELECT 1 FROM (t JOIN u ON a) AS j JOIN (v JOIN w USING (b)) AS k ON c, (x NATURAL JOIN y) z NATURAL JOIN q;
SELECT 1 FROM (SELECT 1) AS a, (SELECT 2) b, (SELECT 3) AS c (d), (SELECT 4), (VALUES (1, 'a'), (2, 'b')) AS v (n, s);
SELECT 1 FROM (SELECT 1 UNION SELECT 2) a, ((SELECT 1)) b, (TABLE t) c, (WITH x AS (SELECT 1) TABLE x) d;
SELECT 1 FROM t, LATERAL (SELECT t.a) AS l, LATERAL f(t.a) AS m, LATERAL f(t.b) n WHERE TRUE;
SELECT 1 FROM t LEFT JOIN LATERAL (SELECT * FROM u WHERE u.a = t.a LIMIT 3) AS l ON TRUE CROSS JOIN LATERAL unnest(l.b) AS x;
SELECT 1 FROM f(), f(1) AS a, f(1) b (c), s.f(1, x => 2) AS d, generate_series(1, 10) WITH ORDINALITY AS g (n, i);
SELECT 1 FROM f(1) AS a (b int, c text), f(1) AS (d int, e numeric(5, 2)), f(1) g (h text COLLATE "C", i s.t[]);
SELECT 1 FROM ROWS FROM (f(1), g(2)) AS a, ROWS FROM (f(1) AS (a int, b text), g()) WITH ORDINALITY AS c (d, e, f, g);
SELECT 1 FROM ROWS FROM (f(1)), LATERAL ROWS FROM (f(1), unnest(a)) b;
SELECT 1 FROM CURRENT_DATE AS d, COALESCE(1, 2) AS c, CAST(1 AS int) AS i, NULLIF(1, 2), GREATEST(1, 2) g, CURRENT_USER;
SELECT 1 FROM EXTRACT(year FROM now()) AS y, TRIM('x') AS t, SUBSTRING('abc' FROM 2), POSITION('a' IN 'b') p, SYSTEM_USER;
SELECT 1 FROM unnest(ARRAY[1, 2], ARRAY['a', 'b']) AS u (a, b), json_each($1) j, jsonb_to_recordset('[]') AS x (a int, b text);
SELECT 1 FROM t TABLESAMPLE system (10), t AS u TABLESAMPLE bernoulli (5.5) REPEATABLE (1 + 1), ONLY v TABLESAMPLE s.m (1, 'x');
SELECT 1 FROM t TABLESAMPLE system ($1) JOIN u TABLESAMPLE system (1) REPEATABLE (0) ON TRUE;

-- WHERE, GROUP BY, HAVING, DISTINCT ----------------------------------------------------------------------------
SELECT a FROM t WHERE b = $1;
SELECT a FROM t WHERE b = $1 AND c IN (1, 2, 3) AND (d OR NOT e) AND f IS NULL AND g LIKE 'x%';
SELECT DISTINCT a, b FROM t;
SELECT ALL a FROM t;
SELECT DISTINCT ON (a) a, b FROM t ORDER BY a, b;
SELECT DISTINCT ON (a, b + 1) * FROM t ORDER BY a, b + 1 DESC;
SELECT DISTINCT ON ((a, b)) c FROM t;
SELECT a, count(*) FROM t GROUP BY a;
SELECT a, b + 1, count(*) FROM t GROUP BY a, b + 1 HAVING count(*) > 1 AND sum(c) < $1;
SELECT count(*) FROM t HAVING count(*) > 0;
SELECT a AS x, count(*) FROM t GROUP BY 1, x ORDER BY 2 DESC, x;
SELECT a FROM t GROUP BY ();
SELECT a FROM t GROUP BY (a), (b), (a, b), ROW(c, d), (e, (f, g));
SELECT a, b, count(*) FROM t GROUP BY ROLLUP (a, b);
SELECT a, b, count(*) FROM t GROUP BY CUBE (a, (b, c)), d;
SELECT a, b, GROUPING(a, b), GROUPING(a) FROM t GROUP BY GROUPING SETS ((a, b), (a), b, ());
SELECT a FROM t GROUP BY GROUPING SETS (ROLLUP (a, b), CUBE (c), GROUPING SETS ((d), ())), e;
SELECT a FROM t GROUP BY DISTINCT ROLLUP (a, b), ROLLUP (a, c);
SELECT a FROM t GROUP BY ALL a, b;
SELECT a FROM t GROUP BY CASE WHEN a > 0 THEN 'x' ELSE 'y' END, EXTRACT(year FROM b), c COLLATE "C", d::date;

-- ORDER BY, LIMIT, locking --------------------------------------------------------------------------------------
SELECT a FROM t ORDER BY a;
SELECT a FROM t ORDER BY a ASC, b DESC, c NULLS FIRST, d DESC NULLS LAST, 2, e + f, (g, h);
SELECT a FROM t ORDER BY a USING <, b USING > NULLS LAST, c USING OPERATOR(pg_catalog.~<~), d COLLATE "C" DESC;
SELECT a FROM t LIMIT 10;
SELECT a FROM t LIMIT 10 OFFSET 5;
SELECT a FROM t OFFSET 5;
SELECT a FROM t OFFSET 5 LIMIT 10;
SELECT a FROM t OFFSET 5 ROWS FETCH NEXT 10 ROWS ONLY;
SELECT a FROM t LIMIT ALL;
SELECT a FROM t LIMIT NULL OFFSET NULL;
SELECT a FROM t LIMIT $1 OFFSET $2;
SELECT a FROM t LIMIT $1::bigint + 1 OFFSET (SELECT 1);
SELECT a FROM t LIMIT (SELECT 5) OFFSET -1;
SELECT a FROM t FETCH FIRST ROW ONLY;
SELECT a FROM t FETCH FIRST 5 ROWS ONLY;
SELECT a FROM t ORDER BY a FETCH FIRST 5 ROWS WITH TIES;
SELECT a FROM t ORDER BY a FETCH FIRST ROW WITH TIES;
SELECT a FROM t ORDER BY a OFFSET 1 FETCH FIRST (1 + $1) ROWS WITH TIES;
SELECT a FROM t ORDER BY a FETCH FIRST -1 ROWS WITH TIES;
SELECT a FROM t WHERE b = 1 FOR UPDATE;
SELECT a FROM t FOR NO KEY UPDATE NOWAIT;
SELECT a FROM t, u FOR SHARE OF t SKIP LOCKED FOR KEY SHARE OF u, v;
SELECT a FROM t ORDER BY a LIMIT 1 FOR UPDATE SKIP LOCKED;
SELECT a FROM t FOR UPDATE LIMIT 1;
SELECT a FROM t FOR READ ONLY;

-- Set operations and VALUES --------------------------------------------------------------------------------------
SELECT 1 UNION SELECT 2;
SELECT 1 UNION ALL SELECT 2 UNION SELECT 3;
SELECT 1 UNION (SELECT 2 UNION ALL SELECT 3);
SELECT 1 INTERSECT SELECT 2 UNION SELECT 3 EXCEPT SELECT 4;
SELECT 1 UNION SELECT 2 INTERSECT ALL SELECT 3;
(SELECT 1 UNION SELECT 2) INTERSECT SELECT 3;
SELECT 1 EXCEPT (SELECT 2 EXCEPT ALL SELECT 3);
SELECT 1 UNION DISTINCT SELECT 2;
SELECT a FROM t UNION SELECT b FROM u ORDER BY 1 LIMIT 5;
(SELECT a FROM t ORDER BY a LIMIT 1) UNION ALL (SELECT b FROM u ORDER BY b LIMIT 1) ORDER BY 1 DESC OFFSET 1;
(SELECT a FROM t FOR UPDATE) UNION ALL (SELECT b FROM u);
(((SELECT 1)));
(SELECT a FROM t) ORDER BY a LIMIT 1;
(SELECT a FROM t LIMIT 5) OFFSET 1;
TABLE t UNION TABLE u;
VALUES (1);
VALUES (1, 'a', NULL), (2, 'b', DEFAULT), (3 + 4, $1, (SELECT 1));
VALUES (1), (2) ORDER BY 1 DESC LIMIT 1 OFFSET 1;
VALUES (1) UNION ALL VALUES (2);
VALUES ((1, 2)), (ROW(3, 4)), ((5));

-- WITH ----------------------------------------------------------------------------------------------------------
WITH x AS (SELECT 1) SELECT * FROM x;
WITH x (a, b) AS (SELECT 1, 2), "Y" AS MATERIALIZED (SELECT 3), z AS NOT MATERIALIZED (TABLE t) SELECT * FROM x, "Y", z;
WITH RECURSIVE r (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM r WHERE n < 10) SELECT sum(n) FROM r;
WITH x AS (WITH y AS (SELECT 1) SELECT * FROM y) SELECT * FROM x;
WITH x AS (SELECT 1) (SELECT 1 UNION SELECT * FROM x) ORDER BY 1;
WITH x AS (INSERT INTO t VALUES (1) RETURNING *), y AS (UPDATE t SET a = 1 RETURNING b), z AS (DELETE FROM t RETURNING c) SELECT 1;
WITH x AS (SELECT 1) VALUES (1), (2);
(WITH x AS (SELECT 1) SELECT * FROM x) UNION (WITH x AS (SELECT 2) SELECT * FROM x);
WITH RECURSIVE r AS (SELECT a, b FROM t UNION SELECT t.a, t.b FROM t, r) SEARCH DEPTH FIRST BY a, b SET o SELECT * FROM r ORDER BY o;
WITH RECURSIVE r AS (SELECT a FROM t UNION ALL SELECT t.a FROM t, r) SEARCH BREADTH FIRST BY a SET o CYCLE a SET c USING p SELECT 1;
WITH RECURSIVE r AS (SELECT a FROM t UNION SELECT a FROM r) CYCLE a, b SET c TO 'y' DEFAULT 'n' USING p SELECT * FROM r;
WITH RECURSIVE r AS (SELECT a FROM t UNION SELECT a FROM r) CYCLE a SET c TO point '(1,1)' DEFAULT s.p '(0,0)' USING p TABLE r;
WITH RECURSIVE r AS (SELECT a FROM t UNION SELECT a FROM r) CYCLE a SET c TO 1 DEFAULT 0.5e1 USING p TABLE r;

-- INSERT ---------------------------------------------------------------------------------------------------------
INSERT INTO t VALUES (1, 'a');
INSERT INTO t VALUES (1, $1), (DEFAULT, NULL), (2 + 3, (SELECT 4));
INSERT INTO t (a, "B", c) VALUES ($1, $2, $3) RETURNING *;
INSERT INTO s.t AS u (a) VALUES (1) RETURNING u.a, a + 1 AS b, u.*;
INSERT INTO t DEFAULT VALUES;
INSERT INTO s.t AS u DEFAULT VALUES RETURNING u.a;
INSERT INTO t SELECT * FROM u;
INSERT INTO t (a, b) SELECT c, d FROM u WHERE e ORDER BY f LIMIT 5;
INSERT INTO t (SELECT 1);
INSERT INTO t (a) (SELECT 1 UNION SELECT 2) ORDER BY 1;
INSERT INTO t TABLE u;
INSERT INTO t (a[1], b.c, d[1:2].e) VALUES (1, 2, 3);
INSERT INTO t OVERRIDING SYSTEM VALUE VALUES (1);
INSERT INTO t (a) OVERRIDING USER VALUE SELECT 1;
WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x;
INSERT INTO t WITH x AS (SELECT 1) SELECT * FROM x;
INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING;
INSERT INTO t VALUES (1) ON CONFLICT (a) DO NOTHING RETURNING a;
INSERT INTO t VALUES (1) ON CONFLICT (a, b) DO UPDATE SET c = excluded.c, d = t.d + 1 WHERE t.e < excluded.e;
INSERT INTO t VALUES (1) ON CONFLICT (lower(a), (b + 1), c COLLATE "C" text_pattern_ops, d s.ops) WHERE e > 0 DO NOTHING;
INSERT INTO t VALUES (1) ON CONFLICT (a DESC NULLS LAST) DO NOTHING;
INSERT INTO t VALUES (1) ON CONFLICT ON CONSTRAINT "t_Key" DO UPDATE SET (a, b) = (excluded.a, DEFAULT), c = DEFAULT;
INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET (a, b) = (SELECT 1, 2), c[1] = 3, d.e = 4 RETURNING WITH (OLD AS o, NEW AS n) o.a, n.a;
INSERT INTO values VALUES (1);
INSERT INTO values (a) VALUES (1);

-- UPDATE ---------------------------------------------------------------------------------------------------------
UPDATE t SET a = 1;
UPDATE t SET a = $1, b = b + 1, "C" = DEFAULT, d = NULL WHERE id = $2;
UPDATE ONLY s.t AS u SET a = u.b WHERE u.c;
UPDATE t SET (a, b) = (1, 2), (c) = ROW(3), (d, e) = (SELECT 4, 5), f = 6;
UPDATE t SET (a, b) = ROW(DEFAULT, 2), (c, d) = f(1);
UPDATE t SET a[1] = 2, b[1:2] = c, d.e = 3, f[1].g.h = 4, (i[1], j.k) = (5, 6);
UPDATE t SET a = u.a FROM u WHERE t.id = u.id;
UPDATE t SET a = u.a FROM u JOIN v ON u.x = v.x, (SELECT 1) w WHERE t.id = u.id RETURNING t.*, u.a AS b;
UPDATE t SET a = (SELECT max(b) FROM u WHERE u.id = t.id) WHERE EXISTS (SELECT 1 FROM u) RETURNING old.a, new.a;
WITH x AS (SELECT 1 AS a) UPDATE t SET a = x.a FROM x;
UPDATE t SET a = 1 WHERE CURRENT OF c;
UPDATE t SET a = a || '{"x": 1}'::jsonb, b = CASE WHEN c THEN d ELSE e END RETURNING WITH (OLD AS before) before.a;

-- DELETE ---------------------------------------------------------------------------------------------------------
DELETE FROM t;
DELETE FROM t WHERE id = $1;
DELETE FROM ONLY s.t AS u WHERE u.a IN (1, 2) RETURNING *;
DELETE FROM t USING u, v JOIN w ON TRUE WHERE t.a = u.a AND u.b = v.b;
WITH x AS (SELECT 1) DELETE FROM t WHERE a IN (TABLE x) RETURNING a AS b, (SELECT count(*) FROM t);
DELETE FROM t WHERE CURRENT OF "C";
DELETE FROM t WHERE (a, b) IN (SELECT a, min(b) FROM t GROUP BY a HAVING count(*) > 1);

-- As people write them --------------------------------------------------------------------------------------------
SELECT id, name, email, created_at FROM users WHERE id = $1;
SELECT count(*) AS n, min(price)::numeric(10, 2), max(price), avg(price) FILTER (WHERE sold) FROM items WHERE shop = $1;
SELECT u.id, u.name, count(o.id) AS orders, coalesce(sum(o.total), 0) AS spent
  FROM users AS u LEFT JOIN orders o ON o.user_id = u.id AND o.placed_at >= now() - interval '30 days'
 WHERE u.country = ANY($1) AND u.deleted_at IS NULL
 GROUP BY u.id, u.name HAVING count(o.id) > 3 ORDER BY spent DESC NULLS LAST, u.id LIMIT 20 OFFSET 40;
SELECT date_trunc('day', seen_at AT TIME ZONE 'Europe/Berlin') AS day, count(DISTINCT visitor)
  FROM visits WHERE seen_at >= $1 AND seen_at < $2 AND NOT (agent ~* 'bot|crawl' OR agent IS NULL)
 GROUP BY 1 ORDER BY 1;
SELECT flag, state, sum(quantity) AS quantity, sum(price) AS price, sum(price * (1 - discount)) AS discounted,
       sum(price * (1 - discount) * (1 + tax)) AS charged, avg(quantity), avg(price), avg(discount), count(*) AS lines
  FROM lines WHERE shipped <= date '1998-12-01' - interval '90' day
 GROUP BY flag, state ORDER BY flag, state;
SELECT n.name, sum(l.price * (1 - l.discount)) AS revenue
  FROM customers c, orders o, lines l, suppliers s, nations n, regions r
 WHERE c.id = o.customer AND l.order_id = o.id AND l.supplier = s.id AND c.nation = s.nation AND s.nation = n.id
   AND n.region = r.id AND r.name = 'ASIA' AND o.placed >= date '1994-01-01' AND o.placed < date '1994-01-01' + interval '1' year
 GROUP BY n.name ORDER BY revenue DESC;
SELECT extract(year FROM o.placed) AS year, sum(CASE WHEN n.name = 'BRAZIL' THEN volume ELSE 0 END) / sum(volume) AS share
  FROM (SELECT price * (1 - discount) AS volume, * FROM lines) AS l JOIN orders AS o USING (order_id), nations n
 WHERE type LIKE 'ECONOMY%' AND o.placed BETWEEN DATE '1995-01-01' AND DATE '1996-12-31' GROUP BY year ORDER BY year;
SELECT s.name FROM suppliers s WHERE EXISTS (SELECT * FROM lines l1 WHERE l1.supplier = s.id AND NOT EXISTS (
       SELECT * FROM lines l2 WHERE l2.order_id = l1.order_id AND l2.supplier <> l1.supplier AND l2.received > l2.promised));
WITH revenue (supplier, total) AS (SELECT supplier, sum(price) FROM lines GROUP BY supplier)
SELECT s.id, total FROM suppliers s JOIN revenue r ON s.id = r.supplier WHERE total = (SELECT max(total) FROM revenue);
SELECT DISTINCT ON (sensor) sensor, measured_at, value, value - lag(value) OVER (PARTITION BY sensor ORDER BY measured_at) AS change
  FROM readings ORDER BY sensor, measured_at DESC;
INSERT INTO counters AS c (name, day, hits) VALUES ($1, current_date, 1), ($2, current_date, 1)
    ON CONFLICT (name, day) DO UPDATE SET hits = c.hits + excluded.hits RETURNING name, hits;
UPDATE accounts SET balance = balance - $1, updated_at = now() WHERE id = $2 AND balance >= $1 RETURNING balance;
DELETE FROM sessions WHERE expires_at < now() - make_interval(days => $1);
SELECT id FROM jobs WHERE state = 'ready' AND run_at <= now() ORDER BY priority DESC, id LIMIT 1 FOR UPDATE SKIP LOCKED;
SELECT "user"."id" AS "user_id", anon_1.count_1 FROM "user" LEFT OUTER JOIN (SELECT count(*) AS count_1, p.uid AS uid FROM p GROUP BY p.uid) AS anon_1 ON "user"."id" = anon_1.uid WHERE "user"."id" IN ($1::INTEGER, $2::INTEGER);
