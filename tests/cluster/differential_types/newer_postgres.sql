-- What PostgreSQL has had since a version, or what our oldest does not have.
-- since: 18
SELECT max(couple), min(couple) FROM rich;
-- since: 16
SELECT i FROM numeric_keys WHERE k = 0x1 ORDER BY i;
-- since: 16
SELECT i FROM numeric_keys WHERE k = 1_000 ORDER BY i;
-- since: 16
SELECT i FROM int_keys WHERE k = '0x5' ORDER BY i;
-- since: 18
SELECT CASE WHEN k < 0 THEN (SELECT max(q) FROM divided) END FROM extremes ORDER BY k;
-- since: 18
SELECT q FROM divided WHERE b <> 0 ORDER BY k;
-- since: 18
SELECT sum(q) FROM divided WHERE b <> 0;
-- since: 18
SELECT max(x.q) FROM divided x, extremes WHERE extremes.i > x.b AND x.b > 0;
-- since: 18
SELECT k FROM divided ORDER BY k;
-- since: 18
SELECT divided.k, no_extremes.k FROM divided FULL JOIN no_extremes ON no_extremes.i = divided.a ORDER BY 1, 2;
-- since: 18
SELECT count(*) FROM divided v1, divided v2 WHERE v1.a = v2.b;
-- since: 18
SELECT v1.k FROM divided v1 WHERE v1.a > (SELECT max(v2.b) FROM divided v2) ORDER BY 1;
-- since: 18
-- refused: the whole row
SELECT divided FROM divided WHERE k = 2;
-- since: 18
SELECT row_to_json(divided) FROM divided WHERE k = 2;
-- since: 18
SELECT a / b FROM divided WHERE b <> 0 ORDER BY 1;
-- since: 18
SELECT count(*) FROM divided WHERE b <> 0 AND q > 1;
-- since: 18
SELECT v1.k, v2.q FROM divided v1 JOIN divided v2 ON v1.a = v2.b WHERE v2.b <> 0;
-- since: 18
SELECT sum(v.a / v.b) FROM divided v JOIN divided w ON w.a = v.b WHERE v.b <> 0;
-- since: 18
-- refused: the whole row
SELECT min(int_keys) FROM int_keys;
-- since: 18
SELECT max(ROW(k, i)) FROM int_keys;
-- since: 17
SELECT jt.* FROM rich, json_table(doc, '$[*]' COLUMNS (o FOR ORDINALITY, v int PATH '$')) jt WHERE k < 5 ORDER BY k, 1;
-- since: 17
SELECT json_value(doc, '$.a' RETURNING int), count(*) FROM rich GROUP BY 1 ORDER BY 1;
-- since: 17
SELECT json_exists(doc, '$.a'), count(*) FROM rich GROUP BY 1 ORDER BY 1;
-- since: 16
SELECT json_object('a': max(k), 'b': min(i) absent ON NULL) FROM int_keys;
-- since: 16
SELECT json_array(SELECT k FROM int_keys ORDER BY k);
-- since: 16
SELECT json_objectagg(k: i) FROM (SELECT DISTINCT k, i FROM int_keys WHERE k = 3) z;
-- since: 16
SELECT json_arrayagg(k ORDER BY k RETURNING jsonb) FROM int_keys;
-- since: 16
SELECT doc IS json object, count(*) FROM (SELECT doc::text doc FROM rich) q GROUP BY 1 ORDER BY 1;
-- since: 16
SELECT any_value(i) FROM int_keys WHERE k = 3 AND i IS NULL;
-- since: 18
-- refused: the whole row
SELECT max((int_keys.*)) FROM int_keys;
-- since: 18
SELECT max(pack), count(pack) FROM nested;
