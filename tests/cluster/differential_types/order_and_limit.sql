-- Order, limits and DISTINCT ON over columns of every type.
SELECT * FROM simple ORDER BY k;
SELECT * FROM rich ORDER BY k;
SELECT mood, count(*), min(k) FROM rich GROUP BY 1 ORDER BY 1 DESC NULLS LAST LIMIT 2;
SELECT DISTINCT ON (i) i, k FROM simple ORDER BY i, k DESC;
SELECT DISTINCT ON (i) i, k FROM simple ORDER BY i NULLS FIRST, k LIMIT 3;
SELECT DISTINCT ON (english) english, k FROM simple ORDER BY english DESC NULLS LAST, k;
SELECT k FROM simple ORDER BY k LIMIT NULL;
SELECT k FROM simple ORDER BY k LIMIT ALL OFFSET 3;
-- fails: 2201W
SELECT k FROM simple ORDER BY k LIMIT -1;
-- fails: 2201X
SELECT k FROM simple ORDER BY k OFFSET -1;
-- fails: 2201W
SELECT count(*) FROM simple LIMIT -1;
-- ties
SELECT k, i FROM simple ORDER BY i FETCH FIRST 3 ROWS WITH TIES;
SELECT k FROM simple ORDER BY k OFFSET 1000;
SELECT k FROM simple ORDER BY k LIMIT 0;
SELECT count(*) FROM simple OFFSET 1;
-- with: (3,)
-- with: (None,)
SELECT k FROM simple ORDER BY k LIMIT %s;
-- with: (3, 2)
SELECT k FROM simple ORDER BY k LIMIT %s OFFSET %s;
SELECT k FROM simple ORDER BY k LIMIT '3';
SELECT k FROM simple ORDER BY k LIMIT 2.5;
SELECT k FROM simple ORDER BY k LIMIT 3::numeric;
SELECT k FROM simple ORDER BY k LIMIT (SELECT 2);
SELECT k FROM simple ORDER BY k LIMIT (SELECT count(*) / 10 FROM simple);
SELECT hashtext(k::text) FROM int_keys ORDER BY k LIMIT 2;
SELECT -i AS j FROM simple ORDER BY i, k;
SELECT -i AS i FROM simple ORDER BY i;
SELECT -i AS i FROM simple ORDER BY i + 0;
SELECT i + 0 AS i FROM simple ORDER BY simple.i, k;
SELECT k, i AS k FROM int_keys ORDER BY 1, 2;
SELECT k, k FROM int_keys ORDER BY k;
SELECT DISTINCT english, i FROM simple ORDER BY english DESC, i;
SELECT * FROM int_keys ORDER BY k USING >, i USING <;
SELECT DISTINCT k FROM int_keys ORDER BY k USING >;
SELECT k FROM simple ORDER BY random() LIMIT 0;
SELECT k FROM simple WHERE random() < 2 ORDER BY k;
SELECT k FROM simple WHERE yes IS NOT true ORDER BY yes, k;
SELECT * FROM no_rows;
SELECT * FROM no_rows RIGHT JOIN int_keys ON no_rows.i = int_keys.k ORDER BY int_keys.k, int_keys.i LIMIT 3;
