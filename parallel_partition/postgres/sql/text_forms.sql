-- name: columns_of_temporary
-- The columns of the temporary table $1: their types, their collations where they are not the types', whether their
-- values must travel as text as they have not the same binary form on every server, and whether they are enums.
SELECT a.attname,
  pg_catalog.format_type(a.atttypid, a.atttypmod),
  COALESCE(
    CASE WHEN a.attcollation <> t.typcollation THEN pg_catalog.format(' COLLATE %I.%I', s.nspname, c.collname) END, ''
  ),
  a.atttypid >= 16384 OR t.typsend = 0 OR t.typname IN (
    'aclitem', '_aclitem', 'regconfig', '_regconfig', 'regdictionary', '_regdictionary'
  ),
  t.typtype = 'e'
FROM pg_catalog.pg_attribute AS a
JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
LEFT JOIN pg_catalog.pg_collation AS c ON c.oid = a.attcollation
LEFT JOIN pg_catalog.pg_namespace AS s ON s.oid = c.collnamespace
WHERE a.attrelid = pg_catalog.to_regclass(pg_catalog.format('pg_temp.%I', $1)) AND a.attnum > 0
ORDER BY a.attnum
