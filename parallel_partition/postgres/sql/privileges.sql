-- name: may_read_part
-- Whether the session's role may read the column part of the tables ($1 schemas, $2 names).
SELECT pg_catalog.bool_and(pg_catalog.has_column_privilege(c.oid, 'part', 'SELECT'))
FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])) AS n(schema, name)
JOIN pg_catalog.pg_namespace AS s ON s.nspname = n.schema
JOIN pg_catalog.pg_class AS c ON c.relnamespace = s.oid AND c.relname = n.name
