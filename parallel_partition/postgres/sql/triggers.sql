-- name: changes_rows
-- A trigger of the table $1.$2, or of one of its children, that may change a row before it is written.
SELECT t.tgname
FROM pg_catalog.pg_class AS r
JOIN pg_catalog.pg_namespace AS s ON s.oid = r.relnamespace
CROSS JOIN LATERAL pg_catalog.pg_partition_tree(r.oid) AS p
JOIN pg_catalog.pg_trigger AS t ON t.tgrelid = p.relid
WHERE s.nspname = $1::pg_catalog.text AND r.relname = $2::pg_catalog.text
  -- BEFORE is 2, FOR EACH ROW 1; INSERT, DELETE and UPDATE are 4, 8 and 16.
  AND NOT t.tgisinternal AND t.tgenabled <> 'D' AND t.tgtype & 3 = 3 AND t.tgtype & 28 <> 0
LIMIT 1
