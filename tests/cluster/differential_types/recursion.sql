-- Recursion over one table and over several.
WITH RECURSIVE r(n) AS (SELECT count(*) FROM varchar_keys UNION ALL SELECT n - 1 FROM r WHERE n > 10) SELECT * FROM r ORDER BY 1;
WITH RECURSIVE r(i, d) AS (SELECT i, 0 FROM simple WHERE k = 3 UNION ALL SELECT varchar_keys.i, d + 1 FROM r JOIN varchar_keys ON varchar_keys.i = r.i + 1 WHERE d < 3) SELECT i, d, count(*) FROM r GROUP BY 1, 2 ORDER BY 1, 2;
WITH RECURSIVE r AS (SELECT i, 1 d FROM int_keys WHERE k = 1 UNION SELECT int_keys.k, d + 1 FROM r JOIN int_keys ON int_keys.i = r.i WHERE d < 4) SEARCH DEPTH FIRST BY i SET o SELECT i, d, o FROM r ORDER BY o;
WITH RECURSIVE r AS (SELECT i, 1 d FROM int_keys WHERE k = 1 UNION ALL SELECT int_keys.k, d + 1 FROM r JOIN int_keys ON int_keys.i = r.i) CYCLE i SET cy USING p SELECT * FROM r ORDER BY i, d, p LIMIT 20;
WITH RECURSIVE r AS (SELECT k, i FROM int_keys WHERE k = 1 UNION ALL SELECT int_keys.k, int_keys.i FROM int_keys, (SELECT max(i) m FROM int_keys) z, r WHERE int_keys.k = r.i AND z.m > r.k AND r.k < int_keys.k) SELECT * FROM r ORDER BY 1, 2;
