-- name: loses_as_text
-- Of types ($1 their names) one with dates or times inside, which are written so that all sessions read the same
-- in DateStyle ISO alone. Types are looked into: elements, fields, bounds, and what domains are over.
WITH RECURSIVE inside (name, oid) AS (
  SELECT n.name, CAST(pg_catalog.to_regtype(n.name) AS pg_catalog.oid) FROM pg_catalog.unnest($1::text[]) AS n(name)
  UNION
  SELECT i.name, b.oid
  FROM inside AS i
  JOIN pg_catalog.pg_type AS t ON t.oid = i.oid
  CROSS JOIN LATERAL (
    SELECT t.typelem
    UNION ALL SELECT t.typbasetype
    UNION ALL
    SELECT a.atttypid FROM pg_catalog.pg_attribute AS a
    WHERE t.typrelid <> 0 AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT r.rngsubtype FROM pg_catalog.pg_range AS r WHERE t.oid IN (r.rngtypid, r.rngmultitypid)
  ) AS b(oid)
  WHERE b.oid <> 0
)
SELECT i.name
FROM inside AS i
WHERE i.oid IN (1082, 1114, 1184) AND pg_catalog.current_setting('DateStyle') NOT LIKE 'ISO%'
LIMIT 1

-- name: columns_as_text
-- The columns of the temporary table $1 whose values have not the same binary form on every server, and their types.
SELECT a.attname,
  pg_catalog.format_type(a.atttypid, a.atttypmod),
  COALESCE(
    CASE WHEN a.attcollation <> t.typcollation THEN pg_catalog.format(' COLLATE %I.%I', s.nspname, c.collname) END, ''
  )
FROM pg_catalog.pg_attribute AS a
JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
LEFT JOIN pg_catalog.pg_collation AS c ON c.oid = a.attcollation
LEFT JOIN pg_catalog.pg_namespace AS s ON s.oid = c.collnamespace
WHERE a.attrelid = pg_catalog.to_regclass(pg_catalog.format('pg_temp.%I', $1)) AND a.attnum > 0
  AND (
    a.atttypid >= 16384 OR t.typsend = 0
    OR t.typname IN (
      'aclitem', '_aclitem', 'regconfig', '_regconfig', 'regdictionary', '_regdictionary'
    )
  )
ORDER BY a.attnum
