-- Views over sharded tables.
SELECT * FROM positive ORDER BY k;
SELECT count(*), max(t) FROM positive;
SELECT * FROM positive WHERE k = 5;
SELECT w.k FROM positive w WHERE w.i = 3 ORDER BY 1;
-- refused: the whole row
SELECT positive FROM positive WHERE k = 5;
SELECT row_to_json(positive) FROM positive WHERE k IN (1, 2, 3, 5, 6, 7) ORDER BY k;
SELECT * FROM counts ORDER BY 1;
SELECT p FROM counts WHERE q > 5 ORDER BY p;
SELECT * FROM counts_joined ORDER BY 1, 2, 3, 4;
SELECT * FROM last_keys;
SELECT * FROM last_keys ORDER BY k;
SELECT * FROM last_keys a JOIN last_keys b USING (k) ORDER BY 1, 2, 3;
SELECT * FROM guarded WHERE 1 / i > 0 ORDER BY 1, 2;
SELECT max(1 / i) FROM guarded;
SELECT p.k FROM guarded p JOIN smallint_keys q ON q.i = 1 / p.i ORDER BY 1;
SELECT * FROM first_of_each ORDER BY i;
SELECT short, more, literal, nothing FROM first_of_each ORDER BY i;
SELECT * FROM repeated ORDER BY 1, 2, 3;
SELECT "K up", "select" FROM renamed ORDER BY 1, 2;
SELECT * FROM renamed WHERE "K up" = 3 ORDER BY 2;
SELECT * FROM literals ORDER BY 1;
-- refused: FROM literals: it is on the catalog's server only
SELECT * FROM literals JOIN int_keys ON int_keys.k = column1 ORDER BY 1, 2, 3, 4;
SELECT * FROM ranked ORDER BY k, rn;
SELECT * FROM ranked WHERE k = 3 ORDER BY rn;
SELECT * FROM ranked WHERE k = 3 AND rn > 0;
SELECT * FROM paired ORDER BY 1, 2, 3;
SELECT k, count(qi) FROM paired GROUP BY k ORDER BY k;
SELECT * FROM stacked ORDER BY 1, 2;
-- refused: function current_setting
SELECT * FROM latest ORDER BY k;
SELECT * FROM latest WHERE k = 5;
SELECT count(*) FROM timed WHERE n = now();
SELECT * FROM correlated ORDER BY k, e, ks;
SELECT x, y, mood FROM couples ORDER BY mood, x, y;
SELECT * FROM in_both ORDER BY 1, 2;
-- refused: leave the schema out
SELECT other.positive.k FROM other.positive ORDER BY 1 LIMIT 1;
SELECT * FROM other.positive ORDER BY k LIMIT 3;
SELECT positive.one FROM other.positive LIMIT 1;
SELECT * FROM other.int_keys ORDER BY k, i;
SELECT a.i, b.i FROM other.int_keys a JOIN int_keys b USING (k) ORDER BY 1, 2;
WITH positive AS (SELECT 1 z) SELECT * FROM positive;
WITH int_keys AS (SELECT 1 k) SELECT * FROM renamed WHERE "K up" = 3 ORDER BY 2;
SELECT (SELECT count(*) FROM positive), (SELECT max(q) FROM counts);
SELECT * FROM positive a LEFT JOIN counts b ON a.i = b.p ORDER BY a.k;
SELECT * FROM int_keys WHERE k IN (SELECT k FROM positive) ORDER BY 1, 2;
SELECT * FROM int_keys WHERE i IN (SELECT p FROM counts WHERE q > 5) ORDER BY 1, 2;
SELECT * FROM int_keys WHERE EXISTS (SELECT FROM positive WHERE positive.i = int_keys.i) ORDER BY 1, 2;
SELECT * FROM int_keys, LATERAL (SELECT * FROM counts WHERE p = int_keys.i) z ORDER BY 1, 2, 3;
TABLE positive ORDER BY k;
SELECT positive.*, int_keys.i FROM positive JOIN int_keys USING (k) ORDER BY k, int_keys.i;
SELECT * FROM positive NATURAL JOIN int_keys ORDER BY k;
SELECT a, t FROM positive AS w(a, b) ORDER BY a;
SELECT * FROM (positive JOIN int_keys USING (k)) j ORDER BY 1, 2, 3, 4;
SELECT * FROM counts, counts AS z WHERE z.p = counts.q ORDER BY 1, 2, 3, 4;
SELECT k FROM positive FOR UPDATE;
SELECT k FROM positive WHERE k = 5 FOR UPDATE;
SELECT k FROM positive FOR UPDATE OF positive;
-- refused: view positive: it reads the sharded table
SELECT * FROM ONLY positive WHERE k = 5;
SELECT * FROM couples WHERE (couple).x = 1 ORDER BY 2, 3, 4;
