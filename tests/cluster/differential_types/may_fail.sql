-- What fails where it is computed, and what need not be computed.
SELECT (SELECT sum(big * big) FROM extremes GROUP BY g LIMIT 1) FROM no_extremes;
SELECT * FROM no_extremes WHERE k = (SELECT max(big * big) FROM extremes);
SELECT CASE WHEN false THEN (SELECT sum(big * big) FROM extremes) END;
SELECT k FROM extremes WHERE g > 5 AND big > (SELECT sum(big * big) FROM extremes);
SELECT k FROM no_extremes WHERE big IN (SELECT big * big FROM extremes WHERE i > 0 GROUP BY big);
SELECT CASE WHEN k < 0 THEN (SELECT count(*) FROM extremes WHERE o = b) END FROM extremes ORDER BY k;
SELECT CASE WHEN k < 0 THEN (SELECT count(*) FROM extremes WHERE bytewise_text < any_case_text) END FROM extremes ORDER BY k;
SELECT CASE WHEN k < 0 THEN (SELECT max(CASE WHEN i > 0 THEN bytewise_text ELSE any_case_text END) FROM extremes) END FROM extremes ORDER BY k;
SELECT CASE WHEN k < 0 THEN (SELECT max(coalesce(bytewise_text, any_case_text)) FROM extremes) END FROM extremes ORDER BY k;
SELECT CASE WHEN k < 0 THEN (SELECT count(*) FROM extremes WHERE coalesce(d, local_time) > '2020-01-01') END FROM extremes ORDER BY k;
SELECT CASE WHEN k < 0 THEN (SELECT max(greatest(d, local_time)) FROM extremes) END FROM extremes ORDER BY k;
SELECT CASE WHEN k < 0 THEN (SELECT max(CASE WHEN i > 0 THEN d ELSE local_time END) FROM extremes) END FROM extremes ORDER BY k;
SELECT CASE WHEN k < 0 THEN (SELECT count(*) FROM (SELECT d FROM extremes UNION SELECT local_time FROM extremes) z) END FROM extremes ORDER BY k;
SELECT CASE WHEN k < 0 THEN (SELECT count(*) FROM (SELECT big FROM extremes UNION SELECT f FROM extremes) z) END FROM extremes ORDER BY k;
SELECT CASE WHEN k < 0 THEN (SELECT max(docs::text) FROM extremes) END FROM extremes ORDER BY k;
-- fails: 42883
SELECT CASE WHEN k < 0 THEN (SELECT count(DISTINCT docs) FROM extremes) END FROM extremes ORDER BY k;
SELECT CASE WHEN k < 0 THEN (SELECT count(*) FROM extremes WHERE docs = docs) END FROM extremes ORDER BY k;
SELECT CASE WHEN k < 0 THEN (SELECT count(*) FROM extremes WHERE any_case_text LIKE 'a%') END FROM extremes ORDER BY k;
SELECT CASE WHEN k < 0 THEN (SELECT max(huge * huge * huge) FROM extremes) END FROM extremes ORDER BY k;
SELECT CASE WHEN k < 0 THEN (SELECT sum(big / 0.0000000000000001) FROM extremes) END FROM extremes ORDER BY k;
SELECT CASE WHEN k < 0 THEN (SELECT count(*) FROM extremes WHERE s IN (SELECT i FROM extremes)) END FROM extremes ORDER BY k;
SELECT CASE WHEN k < 0 THEN (SELECT count(*) FROM extremes WHERE i = ANY (SELECT s FROM extremes)) END FROM extremes ORDER BY k;
SELECT CASE WHEN k < 0 THEN (SELECT count(*) FROM extremes WHERE big = ANY (SELECT f FROM extremes)) END FROM extremes ORDER BY k;
SELECT CASE WHEN k < 0 THEN (SELECT count(*) FROM extremes WHERE d = ANY (SELECT local_time FROM extremes)) END FROM extremes ORDER BY k;
SELECT CASE WHEN k < 0 THEN (SELECT count(*) FROM extremes WHERE (d, k) IN (SELECT local_time, k FROM extremes)) END FROM extremes ORDER BY k;
SELECT CASE WHEN k < 0 THEN (SELECT count(*) FROM extremes a JOIN extremes b ON a.big = b.f) END FROM extremes ORDER BY k;
SELECT CASE WHEN k < 0 THEN (SELECT count(*) FROM extremes a JOIN extremes b USING (k) WHERE a.o = b.b) END FROM extremes ORDER BY k;
SELECT CASE WHEN k < 0 THEN (SELECT count(*) FROM extremes a NATURAL JOIN no_extremes) END FROM extremes ORDER BY k;
SELECT CASE WHEN k < 0 THEN (SELECT max(bytewise_text) FROM extremes HAVING max(bytewise_text) < max(any_case_text)) END FROM extremes ORDER BY k;
SELECT CASE WHEN k < 0 THEN (SELECT min(lower(bytewise_text)) FROM extremes WHERE lower(bytewise_text) > lower(any_case_text)) END FROM extremes ORDER BY k;
SELECT CASE WHEN k < 0 THEN (SELECT count(*) FROM extremes GROUP BY g LIMIT 1) END FROM extremes ORDER BY k;
SELECT CASE WHEN k < 0 THEN (SELECT count(*) FROM extremes GROUP BY i LIMIT 1) END FROM extremes ORDER BY k;
SELECT CASE WHEN k < 0 THEN (SELECT sum(i) FROM extremes WHERE substring(t, 1, 2) = 'a') END FROM extremes ORDER BY k;
SELECT CASE WHEN k < 0 THEN (SELECT count(*) FROM extremes WHERE extract(year FROM d) > 5000) END FROM extremes ORDER BY k;
SELECT CASE WHEN k < 0 THEN (SELECT count(*) FROM extremes WHERE extract(year FROM local_time) > b) END FROM extremes ORDER BY k;
SELECT CASE WHEN k < 0 THEN (SELECT g FROM extremes GROUP BY g HAVING sum(big) > max(f)) END FROM extremes ORDER BY k;
SELECT CASE WHEN k < 0 THEN (SELECT g FROM extremes GROUP BY g HAVING avg(b) * avg(b) > max(f)) END FROM extremes ORDER BY k;
SELECT CASE WHEN k < 0 THEN (SELECT g FROM extremes GROUP BY g HAVING sum(big) = max(f) LIMIT 1) END FROM extremes ORDER BY k;
SELECT CASE WHEN k < 0 THEN (SELECT count(*) FROM (SELECT z.s, max(f) q FROM (SELECT sum(big) s, max(f) f FROM extremes GROUP BY g) z GROUP BY z.s) w WHERE s = q) END FROM extremes ORDER BY k;
SELECT CASE WHEN k < 0 THEN (SELECT count(*) FROM (SELECT sum(big) s, max(f) q FROM extremes GROUP BY g) w WHERE s = q) END FROM extremes ORDER BY k;
SELECT CASE WHEN k < 0 THEN (SELECT count(*) FROM (SELECT max(big) s, max(f) q FROM extremes GROUP BY g) w WHERE s > q) END FROM extremes ORDER BY k;
SELECT CASE WHEN k < 0 THEN (SELECT count(*) FROM (SELECT max(o) s, max(b) q FROM extremes GROUP BY g) w WHERE s = q) END FROM extremes ORDER BY k;
SELECT CASE WHEN k < 0 THEN (SELECT count(*) FROM (SELECT d AS x FROM extremes UNION ALL SELECT local_time FROM extremes) q) END FROM extremes ORDER BY k;
SELECT CASE WHEN k < 0 THEN (SELECT max(x) FROM (SELECT d AS x FROM extremes UNION ALL SELECT local_time FROM extremes LIMIT 100) q) END FROM extremes ORDER BY k;
SELECT sum(i) FROM extremes;
-- fails: 22003
SELECT sum(i)::int FROM extremes;
-- fails: 22003
SELECT sum(s)::smallint FROM extremes;
SELECT sum(b) FROM extremes;
-- fails: 22003
SELECT sum(i * i) FROM extremes;
SELECT avg(big) FROM extremes;
-- fails: 22003
SELECT sum(big * big) FROM extremes;
-- fails: 22003
SELECT var_pop(big) FROM extremes;
SELECT sum(f) FROM extremes;
SELECT sum(f * 10) FROM extremes WHERE f > 0;
-- fails: 22003
SELECT sum(r), avg(r) FROM extremes;
SELECT sum(r) FROM extremes WHERE k < 3;
SELECT sum(f) FILTER (WHERE f > 0) FROM extremes;
-- fails: 22003
SELECT stddev(f) FROM extremes;
-- fails: 22003
SELECT count(*) FROM extremes WHERE i + i > 0;
SELECT max(d + 1) FROM extremes;
SELECT p.i FROM int_keys p JOIN smallint_keys q ON p.i = q.i WHERE p.k <> 3 AND 1 / (p.k - 3) IS NOT NULL ORDER BY 1;
SELECT p.i FROM int_keys p JOIN smallint_keys q ON p.i = q.i WHERE CASE WHEN p.k <> 3 THEN 1 / (p.k - 3) IS NOT NULL END ORDER BY 1;
SELECT p.i, q.z FROM int_keys p LEFT JOIN (SELECT k, 1 / (k - 3) z FROM smallint_keys WHERE k <> 3) q ON p.i = q.k ORDER BY 1, 2;
SELECT count(*) FROM int_keys p, smallint_keys q WHERE p.i = q.i AND (p.k = 3 OR 1 / (p.k - 3) > 0);
SELECT count(*) FROM int_keys p, smallint_keys q WHERE p.i = q.i AND p.k <> 3 AND q.k / (p.k - 3) > 0;
SELECT count(*) FROM int_keys p, no_rows q WHERE 1 / (p.k - 3) > q.k;
-- fails: 22012
SELECT count(*) FROM int_keys p WHERE p.i IN (SELECT i FROM no_rows) AND 1 / (p.k - 3) > 0;
SELECT count(*) FROM int_keys p LEFT JOIN no_rows q ON q.k = p.i AND 1 / (p.k - 3) > 0;
SELECT (SELECT 1 / (max(k) - 11) FROM int_keys) FROM no_rows;
SELECT (SELECT max(1 / (k - 3)) FROM int_keys) FROM no_rows;
-- fails: 22012
SELECT * FROM no_rows, (SELECT max(1 / (k - 3)) FROM int_keys) z;
SELECT * FROM no_rows WHERE k > (SELECT max(1 / (k - 3)) FROM int_keys);
-- fails: 22012
SELECT * FROM lookup WHERE id > 900 AND id > (SELECT max(1 / (k - 3)) FROM int_keys);
SELECT CASE WHEN false THEN (SELECT max(1 / (k - 3)) FROM int_keys) ELSE 1 END FROM lookup WHERE id = 1;
SELECT coalesce(1, (SELECT max(1 / (k - 3)) FROM int_keys)) FROM lookup WHERE id = 1;
SELECT * FROM no_rows UNION ALL SELECT max(1 / (k - 3)), 1, '' FROM int_keys WHERE k = 3 AND i = 99;
WITH w AS (SELECT 1 / (k - 3) z FROM int_keys) SELECT 1 FROM lookup WHERE id = 1;
WITH w AS (SELECT max(1 / (k - 3)) z FROM int_keys) SELECT 1 FROM lookup WHERE id = 1;
WITH w AS (SELECT max(1 / (k - 3)) z FROM int_keys) SELECT k FROM int_keys WHERE k = 4;
WITH w AS MATERIALIZED (SELECT max(1 / (k - 3)) z FROM int_keys) SELECT k, (SELECT z FROM w) FROM no_rows;
SELECT EXISTS (SELECT 1 / (k - 3) FROM int_keys);
-- fails: 22012
SELECT EXISTS (SELECT max(1 / (k - 3)) FROM int_keys);
SELECT count(*) FROM (SELECT 1 / (k - 3) FROM int_keys) z;
SELECT count(*) FROM (SELECT max(1 / (k - 3)) FROM int_keys) z;
SELECT count(*) FROM (SELECT 1 / (k - 3), k FROM int_keys ORDER BY k LIMIT 2) z;
SELECT z.k FROM (SELECT 1 / (k - 3) d, k FROM int_keys) z WHERE z.k = 4;
SELECT z.k FROM (SELECT 1 / (k - 3) d, k FROM int_keys) z JOIN smallint_keys ON smallint_keys.i = z.k ORDER BY 1;
SELECT z.k FROM (SELECT i, 1 / (max(k) - 11) d, max(k) k FROM int_keys GROUP BY i) z JOIN smallint_keys ON smallint_keys.i = z.i ORDER BY 1;
SELECT z.i FROM (SELECT i, 1 / (max(k) - 11) d FROM int_keys GROUP BY i) z ORDER BY 1;
SELECT i FROM int_keys GROUP BY i HAVING count(*) > 100 AND 1 / (max(k) - 11) > 0;
SELECT i, 1 / (max(k) - 11) FROM int_keys GROUP BY i HAVING max(k) <> 11 ORDER BY 1;
SELECT i, CASE WHEN max(k) <> 11 THEN 1 / (max(k) - 11) END FROM int_keys GROUP BY i ORDER BY 1;
SELECT sum(1 / (k - 3)) FILTER (WHERE k <> 3) FROM int_keys;
SELECT sum(CASE WHEN k <> 3 THEN 1 / (k - 3) END) FROM int_keys;
SELECT k FROM int_keys WHERE k <> 3 ORDER BY 1 / (k - 3), k LIMIT 3;
SELECT k, 1 / (k - 3) FROM int_keys WHERE k <> 3 ORDER BY k LIMIT 3;
-- fails: 22012
SELECT k, 1 / (k - 11) FROM int_keys ORDER BY k, i LIMIT 3;
SELECT 1 / (k - 11) FROM int_keys WHERE k <= 10 ORDER BY k, 1 LIMIT 3;
SELECT k FROM int_keys WHERE false AND 1 / 0 > 1;
-- fails: 22012
SELECT count(*) FROM int_keys WHERE k = 3 AND 1 / 0 > 1;
-- fails: 22012
SELECT count(*) FROM no_rows WHERE 1 / 0 > 1;
-- fails: 22012
SELECT 1 / 0 FROM no_rows;
-- fails: 22012
SELECT i, 1 / 0 FROM no_rows GROUP BY i;
-- fails: 22012
SELECT 1 / count(*) FROM no_rows;
