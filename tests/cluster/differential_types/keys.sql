-- Conditions on keys of every type: which rows they find does not depend on how a value is written.
-- numeric_keys
SELECT i FROM numeric_keys WHERE k = 1 ORDER BY i;
SELECT i FROM numeric_keys WHERE k = '1.00' ORDER BY i;
SELECT i FROM numeric_keys WHERE k = 1::int ORDER BY i;
SELECT i FROM numeric_keys WHERE k = 1::float8 ORDER BY i;
SELECT i FROM numeric_keys WHERE k = 1::real ORDER BY i;
SELECT i FROM numeric_keys WHERE k = 1000.0 ORDER BY i;
SELECT i FROM numeric_keys WHERE k = 'NaN' ORDER BY i;
SELECT i FROM numeric_keys WHERE k = 'Infinity' ORDER BY i;
SELECT i FROM numeric_keys WHERE k = -0.5 ORDER BY i;
SELECT i FROM numeric_keys WHERE k = -0.0 ORDER BY i;
SELECT i FROM numeric_keys WHERE k = 12345678901234567890 ORDER BY i;
SELECT i FROM numeric_keys WHERE k = 12345678901234567890::float8 ORDER BY i;
SELECT i FROM numeric_keys WHERE k = ' 1 ' ORDER BY i;
-- with: (1,)
-- with: (1.0,)
-- with: (Decimal("1.00"),)
-- with: ("1.00",)
-- with: (None,)
-- with: (float("nan"),)
SELECT i FROM numeric_keys WHERE k = %s ORDER BY i;
-- fails: 42883
-- with: (True,)
SELECT i FROM numeric_keys WHERE k = %s ORDER BY i;
-- with: ([1, 5],)
-- with: ([1.0, 5.0],)
-- with: ([None, 5],)
-- with: ([],)
-- with: ([[1, 5], [1000, 2]],)
SELECT i FROM numeric_keys WHERE k = ANY (%s) ORDER BY i;
SELECT i FROM numeric_keys WHERE k = ANY ('{1,2,NULL}') ORDER BY i;
SELECT i FROM numeric_keys WHERE k = ANY ('{1.0,5.00}'::numeric[]) ORDER BY i;
SELECT i FROM numeric_keys WHERE k = ANY ('{1,5}'::float8[]) ORDER BY i;
SELECT i FROM numeric_keys WHERE k = ANY (ARRAY[1, 5]::int[]) ORDER BY i;
SELECT i FROM numeric_keys WHERE k = ANY ('{{1,5},{1000,3}}') ORDER BY i;
SELECT i FROM numeric_keys WHERE k = ANY ('[5:6]={1,5}') ORDER BY i;
SELECT i FROM numeric_keys WHERE k = ALL ('{1,1.0}') ORDER BY i;
SELECT i FROM numeric_keys WHERE k = ALL ('{}') ORDER BY i;
SELECT i FROM numeric_keys WHERE k IN (1, 5.0, '1000') ORDER BY i;
SELECT i FROM numeric_keys WHERE k IN (1, NULL) ORDER BY i;
SELECT i FROM numeric_keys WHERE k NOT IN (1, NULL) ORDER BY i;
SELECT i FROM numeric_keys WHERE NOT (k <> 5) ORDER BY i;
SELECT i FROM numeric_keys WHERE (k = 5) IS NOT false ORDER BY i;
SELECT i FROM numeric_keys WHERE k IS NOT DISTINCT FROM 5 ORDER BY i;
SELECT i FROM numeric_keys WHERE k IS NOT DISTINCT FROM NULL ORDER BY i;
SELECT i FROM numeric_keys WHERE k IS NULL ORDER BY i;
SELECT i FROM numeric_keys WHERE coalesce(k, 5) = 5 ORDER BY i;
SELECT i FROM numeric_keys WHERE k = 5 AND k = 1 ORDER BY i;
SELECT i FROM numeric_keys WHERE (k = 5 OR k = 1) AND (k = 5 OR k = 1000) ORDER BY i;
SELECT i FROM numeric_keys WHERE CASE WHEN k = 5 THEN true ELSE k = 1 END ORDER BY i;
SELECT i FROM numeric_keys WHERE (k, i) = (5, 1) ORDER BY i;
SELECT i FROM numeric_keys WHERE (k, i) IN ((5, 1), (1, 2)) ORDER BY i;
SELECT i FROM numeric_keys WHERE ROW(k) = ROW(5) ORDER BY i;
SELECT i FROM numeric_keys WHERE (k, i) = (SELECT 5, 1) ORDER BY i;
SELECT i FROM numeric_keys WHERE k = (SELECT 5) ORDER BY i;
SELECT i FROM numeric_keys WHERE k IN (SELECT 5) ORDER BY i;
SELECT i FROM numeric_keys WHERE k IN (VALUES (5), (1.0)) ORDER BY i;
SELECT i FROM numeric_keys WHERE k = (SELECT max(k) FROM numeric_keys WHERE k < 1e9) ORDER BY i;
SELECT i FROM numeric_keys WHERE k >= 5 AND k <= 5 ORDER BY i;
SELECT i FROM numeric_keys WHERE k = 5::numeric(3, 1) ORDER BY i;
SELECT i FROM numeric_keys WHERE k = 4.999::numeric(3, 1) ORDER BY i;
SELECT i FROM numeric_keys WHERE k = CAST('4.999' AS numeric(3, 1)) ORDER BY i;
SELECT i FROM numeric_keys WHERE k = (5.4)::int ORDER BY i;
SELECT i FROM numeric_keys WHERE k = (4.5)::int ORDER BY i;
-- fails: 22003
SELECT i FROM numeric_keys WHERE k::numeric(10, 0) = 0 ORDER BY i;

-- scaled_keys
SELECT i FROM scaled_keys WHERE k = 0.125 ORDER BY i;
SELECT i FROM scaled_keys WHERE k = 0.1250 ORDER BY i;
SELECT i FROM scaled_keys WHERE k = 0.1254 ORDER BY i;
SELECT i FROM scaled_keys WHERE k = 0.1254::numeric(8, 3) ORDER BY i;
SELECT i FROM scaled_keys WHERE k::numeric(8, 2) = 0.13 ORDER BY i;
SELECT i FROM scaled_keys WHERE k::numeric(8, 2) = 0.125 ORDER BY i;

-- int_keys
SELECT i FROM int_keys WHERE k = 5.0 ORDER BY i;
SELECT i FROM int_keys WHERE k = 5.4 ORDER BY i;
SELECT i FROM int_keys WHERE k = '5' ORDER BY i;
SELECT i FROM int_keys WHERE k = ' 5 ' ORDER BY i;
-- fails: 42883
SELECT i FROM int_keys WHERE k = '5'::text ORDER BY i;
SELECT i FROM int_keys WHERE k = 5::bigint ORDER BY i;
SELECT i FROM int_keys WHERE k = 99999999999 ORDER BY i;
-- fails: 22003
SELECT i FROM int_keys WHERE k = '99999999999' ORDER BY i;
SELECT i FROM int_keys WHERE k = 5::float8 ORDER BY i;
SELECT i FROM int_keys WHERE k = 10 / 2 ORDER BY i;
SELECT i FROM int_keys WHERE k = 11 / 2 ORDER BY i;
SELECT i FROM int_keys WHERE k = length('abcde') ORDER BY i;
SELECT i FROM int_keys WHERE k = abs(-5) ORDER BY i;
-- with: (5,)
-- with: ("5",)
-- with: (5.0,)
-- with: (5.5,)
-- with: (2**40,)
-- with: (2**70,)
SELECT i FROM int_keys WHERE k = %s ORDER BY i;
-- fails: 42883
-- with: (True,)
SELECT i FROM int_keys WHERE k = %s ORDER BY i;
-- fails: 22P02
-- with: ("x",)
SELECT i FROM int_keys WHERE k = %s ORDER BY i;
-- fails: 42P18
-- with: (5, None)
SELECT i FROM int_keys WHERE k = %s OR %s IS NULL ORDER BY i;
-- with: ([5, 6, 2**40],)
-- with: (["5", "6"],)
-- with: ("{5,6,NULL}",)
SELECT i FROM int_keys WHERE k = ANY (%s) ORDER BY i;
SELECT i FROM int_keys WHERE k IN (5, 6.0) ORDER BY i;
SELECT i FROM int_keys WHERE k = 5 AND k IN (SELECT k FROM smallint_keys WHERE k = 6) ORDER BY i;
SELECT k FROM int_keys WHERE k = 99999999999999999999999;

-- boolean_keys
SELECT i FROM boolean_keys WHERE k ORDER BY i;
SELECT i FROM boolean_keys WHERE NOT k ORDER BY i;
SELECT i FROM boolean_keys WHERE k IS true ORDER BY i;
SELECT i FROM boolean_keys WHERE k IS NOT true ORDER BY i;
SELECT i FROM boolean_keys WHERE k IS unknown ORDER BY i;
SELECT i FROM boolean_keys WHERE k = 'yes' ORDER BY i;
SELECT i FROM boolean_keys WHERE k = (1 = 1) ORDER BY i;
SELECT i FROM boolean_keys WHERE k IN (true, NULL) ORDER BY i;
SELECT i FROM boolean_keys WHERE k AND NOT k ORDER BY i;
SELECT i FROM boolean_keys WHERE k OR i > 5 ORDER BY i;
SELECT i FROM boolean_keys WHERE k = ANY ('{t,f}') ORDER BY i;
SELECT i FROM boolean_keys WHERE k = 'on' OR k IS NULL ORDER BY i;

-- date_keys
SELECT i FROM date_keys WHERE k = '2020-01-01' ORDER BY i;
SELECT i FROM date_keys WHERE k = 'January 1, 2020' ORDER BY i;
SELECT i FROM date_keys WHERE k = '01/02/2020' ORDER BY i;
SELECT i FROM date_keys WHERE k = '2020-01-01'::timestamp ORDER BY i;
SELECT i FROM date_keys WHERE k = '2020-01-01 10:00'::date ORDER BY i;
SELECT i FROM date_keys WHERE k = '2020-01-01 00:00+14' ORDER BY i;
SELECT i FROM date_keys WHERE k = timestamptz '2020-01-01 00:00+00' ORDER BY i;
SELECT i FROM date_keys WHERE k = 'infinity' ORDER BY i;
SELECT i FROM date_keys WHERE k = '0044-03-15 BC' ORDER BY i;
SELECT i FROM date_keys WHERE k = date '2020-01-01' + 1 ORDER BY i;
SELECT i FROM date_keys WHERE k = to_date('2020-01-01', 'YYYY-MM-DD') ORDER BY i;
-- with: (date(2020, 1, 1),)
-- with: (datetime(2020, 1, 1),)
-- with: (datetime(2020, 1, 1, tzinfo=UTC),)
-- with: ("2020-01-01",)
SELECT i FROM date_keys WHERE k = %s ORDER BY i;
-- fails: 22008
SELECT i FROM date_keys WHERE k = '2020-02-30' ORDER BY i;
SELECT i FROM date_keys WHERE k = 'epoch' ORDER BY i;

-- uuid_keys
SELECT i FROM uuid_keys WHERE k = 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11' ORDER BY i;
SELECT i FROM uuid_keys WHERE k = '{a0eebc99-9c0b4ef8-bb6d6bb9-bd380a11}' ORDER BY i;
SELECT i FROM uuid_keys WHERE k = 'a0eebc999c0b4ef8bb6d6bb9bd380a11' ORDER BY i;
-- fails: 22P02
SELECT i FROM uuid_keys WHERE k = 'x' ORDER BY i;
-- with: (UUID("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),)
SELECT i FROM uuid_keys WHERE k = %s ORDER BY i;
SELECT i FROM uuid_keys WHERE k::text = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11' ORDER BY i;

-- text_keys
SELECT i FROM text_keys WHERE k = 'a' ORDER BY i;
SELECT i FROM text_keys WHERE k = 'a ' ORDER BY i;
SELECT i FROM text_keys WHERE k = 'a'::char(3) ORDER BY i;
SELECT i FROM text_keys WHERE k = 'a'::bpchar ORDER BY i;
SELECT i FROM text_keys WHERE k = 'abc'::varchar(2) ORDER BY i;
SELECT i FROM text_keys WHERE k = 'abc'::name ORDER BY i;
SELECT i FROM text_keys WHERE k = 5::text ORDER BY i;
SELECT i FROM text_keys WHERE k = true::text ORDER BY i;
SELECT i FROM text_keys WHERE k::bpchar = 'a' ORDER BY i;
SELECT i FROM text_keys WHERE k::bpchar = 'a ' ORDER BY i;
SELECT i FROM text_keys WHERE k::char(2) = 'a' ORDER BY i;
SELECT i FROM text_keys WHERE k::varchar(1) = 'a' ORDER BY i;
SELECT i FROM text_keys WHERE k = 'A' COLLATE "C" ORDER BY i;
SELECT i FROM text_keys WHERE k COLLATE ignoring_case = 'A' ORDER BY i;
SELECT i FROM text_keys WHERE k = 'A' COLLATE ignoring_case ORDER BY i;
SELECT i FROM text_keys WHERE k IN ('A' COLLATE ignoring_case, 'b') ORDER BY i;
SELECT i FROM text_keys WHERE k = E'\x61' ORDER BY i;
SELECT i FROM text_keys WHERE k = 'a' || 'b' ORDER BY i;
SELECT i FROM text_keys WHERE k = lower('AB') ORDER BY i;
SELECT i FROM text_keys WHERE lower(k) = 'a' ORDER BY i;
SELECT i FROM text_keys WHERE k LIKE 'a' ORDER BY i;
SELECT i FROM text_keys WHERE k LIKE 'a%' ORDER BY k;
SELECT i FROM text_keys WHERE k SIMILAR TO 'a' ORDER BY i;
-- with: ("a",)
SELECT i FROM text_keys WHERE k = %s ORDER BY i;
-- fails: 42883
-- with: (5,)
SELECT i FROM text_keys WHERE k = %s ORDER BY i;
-- with: (5,)
SELECT i FROM text_keys WHERE k = %s::text ORDER BY i;
-- with: (["a", "b ", None],)
SELECT i FROM text_keys WHERE k = ANY (%s) ORDER BY i;
SELECT i FROM text_keys WHERE k = ANY (ARRAY['a', 'b']::varchar[]) ORDER BY i;
SELECT i FROM text_keys WHERE k = ANY (ARRAY['a ', 'b']::bpchar[]) ORDER BY i;
SELECT i FROM text_keys WHERE k = ANY (ARRAY['abc', 'b']::varchar(2)[]) ORDER BY i;
SELECT i FROM text_keys WHERE k = ANY ('{"a ",NULL,"NULL"}') ORDER BY i;
SELECT i FROM text_keys WHERE k = ANY ('{null}') ORDER BY i;
SELECT i FROM text_keys WHERE k = ANY (string_to_array('a,b', ',')) ORDER BY i;

-- varchar_keys
SELECT i FROM varchar_keys WHERE k = 'a ' ORDER BY i;
SELECT i FROM varchar_keys WHERE k = 'abcdefgh' ORDER BY i;
SELECT i FROM varchar_keys WHERE k = 'abcdefgh'::varchar(5) ORDER BY i;
SELECT i FROM varchar_keys WHERE k = 'a'::char(5) ORDER BY i;
SELECT i FROM varchar_keys WHERE k::char(5) = 'a' ORDER BY i;
SELECT i FROM varchar_keys WHERE k::char(5) = 'a  ' ORDER BY i;
SELECT i FROM varchar_keys WHERE k = 'a'::"char" ORDER BY i;

-- two_keys
SELECT i FROM two_keys WHERE a = 1 AND b = 'a' ORDER BY i;
SELECT i FROM two_keys WHERE (a, b) = (1, 'a') ORDER BY i;
SELECT i FROM two_keys WHERE (a, b) IN ((1, 'a'), (2, 'b')) ORDER BY i;
SELECT i FROM two_keys WHERE a IS NULL AND b = 'a' ORDER BY i;
SELECT i FROM two_keys WHERE a IS NULL AND b IS NULL ORDER BY i;
SELECT i FROM two_keys WHERE a = 1 AND b IS NULL ORDER BY i;
SELECT i FROM two_keys WHERE a IN (1, 2) AND b IN ('a', 'b') ORDER BY i;
SELECT i FROM two_keys WHERE a = ANY ('{1,2}') AND b = ANY ('{a,NULL}') ORDER BY i;
-- fails: 42804
SELECT i FROM two_keys WHERE (a, b) = ANY (ARRAY[(1, 'a')]) ORDER BY i;
SELECT i FROM two_keys WHERE (a = 1 OR a IS NULL) AND (b = 'a' OR b IS NULL) ORDER BY i;
SELECT i FROM two_keys WHERE a = 1.0 AND b = 'a' ORDER BY i;
SELECT i FROM two_keys WHERE (a, b) IS NOT DISTINCT FROM (1, NULL) ORDER BY i;
SELECT i FROM two_keys WHERE ROW(a, b) = ROW(1, 'a'::text) ORDER BY i;
SELECT i FROM two_keys WHERE (a = 1 AND b = 'a') OR (a = 2 AND b = 'b') ORDER BY i;

-- smallint_keys
SELECT k FROM smallint_keys WHERE k = 70000;

-- simple
SELECT k FROM simple WHERE k = 1e30;
