-- name: cascading
-- A foreign key that changes the rows which refer to a deleted row of the table $1.$2, and their table.
SELECT c.conname, c.conrelid::pg_catalog.regclass
FROM pg_catalog.pg_constraint AS c
WHERE c.contype = 'f' AND c.confdeltype NOT IN ('a', 'r') AND c.conparentid = 0
  AND c.confrelid = (
    SELECT r.oid FROM pg_catalog.pg_class AS r JOIN pg_catalog.pg_namespace AS s ON s.oid = r.relnamespace
    WHERE s.nspname = $1::pg_catalog.text AND r.relname = $2::pg_catalog.text
  )
LIMIT 1
