-- Functions that return rows.
SELECT * FROM ROWS FROM (generate_series(1, 3), unnest(ARRAY['a', 'b'])) WITH ORDINALITY AS z(a, b, o), int_keys WHERE int_keys.k = a ORDER BY 1, 2, 3, 4, 5;
SELECT * FROM int_keys, generate_series(1, int_keys.i) g ORDER BY 1, 2, 3;
SELECT k, generate_series(1, i) FROM int_keys ORDER BY 1, 2;
SELECT i, generate_series(1, count(*)) FROM int_keys GROUP BY i ORDER BY 1, 2;
SELECT k, unnest(ARRAY[i, k]) FROM int_keys ORDER BY 1, 2 LIMIT 5;
SELECT DISTINCT unnest(ints) FROM rich ORDER BY 1;
SELECT count(*), unnest(ARRAY[1, 2]) FROM int_keys;
SELECT unnest(array_agg(k ORDER BY k)) FROM int_keys LIMIT 4;
SELECT i, jsonb_array_elements_text(doc) FROM rich JOIN simple USING (k) WHERE jsonb_typeof(doc) = 'array' ORDER BY simple.k, 2;
SELECT j.* FROM rich, jsonb_each_text(CASE WHEN jsonb_typeof(doc) = 'object' THEN doc END) j ORDER BY 1, 2 LIMIT 5;
SELECT jsonb_object_agg(k, i) FROM int_keys WHERE i = 3 AND k < 3;
SELECT generate_series(1, 3), max(k) FROM int_keys GROUP BY generate_series(1, 2) ORDER BY 1;
