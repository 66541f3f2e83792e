-- Names that are hard to write, or that the library uses itself.
SELECT * FROM "My ""T" ORDER BY 1;
SELECT t.* FROM "My ""T" AS t ORDER BY 1;
SELECT "é", sum("a""b"), avg("?column?"), max(c1) c2, min("count") c1 FROM "My ""T" GROUP BY "é" ORDER BY 1;
SELECT c1, c2, count(*) FROM "My ""T" GROUP BY c1, c2 ORDER BY c2, c1;
-- fails: 42702
SELECT "count", count(*) FROM "My ""T" GROUP BY "count" ORDER BY count;
SELECT "My ""T"."count", count(*) FROM "My ""T" GROUP BY "count" ORDER BY "My ""T"."count";
SELECT "select", "row" FROM "My ""T" GROUP BY "select", "row" ORDER BY 1, 2;
SELECT max("LLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLL") FROM "My ""T";
SELECT max("LLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLL") FROM "My ""T";
SELECT "LLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLL" + 1 AS "LLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLL", count(*) FROM "My ""T" GROUP BY 1 ORDER BY 1;
SELECT p."K k", q.c1 FROM "My ""T" p JOIN "My ""T" q ON p.c1 = q."é" ORDER BY 1, 2;
SELECT to_json(x) FROM (SELECT * FROM "My ""T") x WHERE "K k" = 3;
SELECT json_agg("My ""T" ORDER BY "K k") FROM "My ""T";
SELECT "K k", "?column?" + 1 FROM "My ""T" WHERE "K k" IN (1, 2, 3) ORDER BY 2, 1;
SELECT x."K k" FROM "My ""T" x NATURAL JOIN "My ""T" y ORDER BY 1;
SELECT * FROM (SELECT "?column?", 1 + 1 FROM "My ""T" WHERE "K k" = 3) z;
SELECT * FROM (SELECT count(*), "count" FROM "My ""T" GROUP BY "count") z ORDER BY 1, 2;
SELECT z.* FROM (SELECT "count" n, count(*) FROM "My ""T" GROUP BY 1) z JOIN int_keys ON int_keys.i = n ORDER BY 1, 2;
SELECT answered_1 FROM answered_1 ORDER BY 1;
SELECT answered_1.answered_1, count(*) FROM answered_1 GROUP BY 1 ORDER BY 1;
SELECT * FROM (SELECT value, count(*) FROM answered_1 GROUP BY value) q JOIN answered_1 a ON a.key = q.count ORDER BY 1, 2, 3;
SELECT a.key, (SELECT count(*) FROM answered_1 b WHERE b.value = a.value) FROM answered_1 a ORDER BY 1, 2;
SELECT "user", user = current_user FROM answered_1 WHERE k = 3;
SELECT "user", count(*) FROM answered_1 GROUP BY "user" ORDER BY 1;
SELECT value, key FROM answered_1 GROUP BY value, key ORDER BY key, value;
SELECT json_object_agg(key, value ORDER BY k) FROM answered_1;
SELECT answered_1 AS k, sum(k) FROM answered_1 GROUP BY answered_1 ORDER BY 1;
SELECT * FROM second.int_keys ORDER BY k;
SELECT int_keys.k, second.int_keys.z FROM second.int_keys ORDER BY 1;
-- refused: two tables of different schemas
SELECT a.z, b.i FROM second.int_keys a JOIN int_keys b ON a.z = b.i ORDER BY 1, 2;
-- refused: two tables of different schemas
SELECT public.int_keys.k, second.int_keys.z FROM public.int_keys, second.int_keys WHERE public.int_keys.i = second.int_keys.z ORDER BY 1, 2;
-- refused: two tables of different schemas
SELECT count(*) FROM second.int_keys a, public.int_keys b, second.int_keys c WHERE a.z = b.i AND c.k = a.z;
-- refused: two tables of different schemas
SELECT * FROM second.int_keys WHERE z IN (SELECT i FROM int_keys WHERE int_keys.k = 3) ORDER BY 1, 2;
SELECT i FROM second.int_keys NATURAL JOIN one ORDER BY 1;
SELECT * FROM computed ORDER BY k;
SELECT sum(b), max(c), b FROM computed GROUP BY b ORDER BY b;
SELECT p.k, q.b FROM computed p JOIN computed q ON p.b = q.a ORDER BY 1, 2;
SELECT k, s FROM computed g WHERE b = 4 ORDER BY 1;
-- refused: the whole row
SELECT g FROM computed g WHERE k = 3;
SELECT * FROM one ORDER BY k;
-- refused: the whole row
SELECT one FROM one ORDER BY one;
SELECT (one.*) FROM one WHERE k = 3;
SELECT one.k, count(one) FROM one GROUP BY one.k ORDER BY 1;
SELECT array_agg(one.k ORDER BY k) FROM one;
SELECT i AS part FROM int_keys ORDER BY part, k;
SELECT part.k FROM int_keys part ORDER BY 1;
-- refused: library's own column
SELECT part FROM (SELECT 1 part) x, int_keys WHERE k = 3;
SELECT part.part FROM (SELECT i part FROM int_keys) part ORDER BY 1;
WITH part AS (SELECT i part FROM int_keys) SELECT part, count(*) FROM part GROUP BY part ORDER BY 1;
SELECT count(*) part FROM int_keys GROUP BY i ORDER BY part;
SELECT k, i AS part, count(*) FROM int_keys GROUP BY 1, 2 ORDER BY 1, 2;
SELECT part FROM int_keys AS x(part, b) ORDER BY 1;
SELECT * FROM int_keys JOIN (SELECT 1 AS part, 3 AS k) z USING (k);
SELECT * FROM int_keys NATURAL JOIN (SELECT 1 AS part, 3 AS k) z;
SELECT * FROM int_keys JOIN (SELECT k AS part, i FROM smallint_keys) z USING (i) ORDER BY 1, 2, 3;
SELECT z.part FROM int_keys, LATERAL (SELECT int_keys.k AS part) z ORDER BY 1;
-- refused: library's own column
SELECT part FROM int_keys p, LATERAL (SELECT p.k AS part) z ORDER BY 1;
SELECT part FROM lookup, (SELECT 5 part) z WHERE id = 1;
-- refused: library's own column
SELECT part, count(*) FROM int_keys JOIN (SELECT 1 part) z ON true GROUP BY part;
SELECT row_to_json(z) FROM (SELECT k, i part FROM int_keys WHERE k = 3) z;
SELECT sum(p) FROM int_keys, LATERAL (SELECT 1 AS p) part;
-- refused: the library's column
SELECT (SELECT part FROM (SELECT max(i) part FROM smallint_keys) z) FROM int_keys WHERE k = 3;
SELECT k FROM int_keys WHERE EXISTS (SELECT part FROM (SELECT 3 part) z WHERE part = int_keys.k);
SELECT k FROM int_keys WHERE k IN (SELECT part FROM (SELECT 3 part) z);
SELECT c1.c1 FROM (SELECT count(*) c1 FROM int_keys) c1;
-- ties
SELECT i, count(*) c1, sum(k) c2, c1.i AS c3 FROM int_keys c1 GROUP BY c1.i ORDER BY c2;
