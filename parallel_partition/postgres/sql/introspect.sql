-- What PostgreSQL knows of a table, for making it again elsewhere. %(table)s is its name, quoted and qualified.

-- name: columns
-- The columns in order.
SELECT a.attname AS name,
       pg_catalog.format_type(a.atttypid, a.atttypmod) AS type,
       a.atttypid::bigint AS oid,
       CASE WHEN t.typnamespace = 'pg_catalog'::regnamespace THEN t.typname::text ELSE '' END AS type_name,
       t.typtype::text AS type_kind,
       a.atttypmod AS typmod,
       a.attnotnull AS not_null,
       CASE WHEN a.attcollation NOT IN (0, 'pg_catalog."default"'::regcollation)
            THEN pg_catalog.format('%%I.%%I', cn.nspname, c.collname) END AS collation,
       coalesce(c.collisdeterministic, true) AS deterministic,
       pg_catalog.pg_get_expr(d.adbin, d.adrelid) AS expression,
       a.attgenerated::text AS generated,
       CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by default' ELSE '' END AS identity,
       (SELECT pg_catalog.json_build_object(
            'name', pg_catalog.format('%%I.%%I', sn.nspname, sc.relname),
            'type', pg_catalog.format_type(s.seqtypid, NULL),
            'start', s.seqstart, 'increment', s.seqincrement, 'minimum', s.seqmin, 'maximum', s.seqmax,
            'cache', s.seqcache, 'cycle', s.seqcycle)
        FROM pg_catalog.pg_depend AS p
        JOIN pg_catalog.pg_sequence AS s ON s.seqrelid = p.objid
        JOIN pg_catalog.pg_class AS sc ON sc.oid = s.seqrelid
        JOIN pg_catalog.pg_namespace AS sn ON sn.oid = sc.relnamespace
        WHERE p.classid = 'pg_catalog.pg_class'::regclass AND p.refclassid = 'pg_catalog.pg_class'::regclass
          AND p.refobjid = a.attrelid AND p.refobjsubid = a.attnum AND p.deptype IN ('a', 'i')) AS sequence,
       CASE WHEN a.attstorage <> t.typstorage THEN
            CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'm' THEN 'MAIN' WHEN 'e' THEN 'EXTERNAL' ELSE 'EXTENDED' END
       END AS storage,
       CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END AS compression,
       pg_catalog.col_description(a.attrelid, a.attnum) AS comment
FROM pg_catalog.pg_attribute AS a
JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
LEFT JOIN pg_catalog.pg_collation AS c ON c.oid = a.attcollation
LEFT JOIN pg_catalog.pg_namespace AS cn ON cn.oid = c.collnamespace
WHERE a.attrelid = %(table)s::regclass AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum

-- name: constraints
-- Primary key, unique, check, exclusion and foreign key constraints. NOT NULL is the columns'.
SELECT c.conname AS name,
       c.contype::text AS kind,
       pg_catalog.pg_get_constraintdef(c.oid) AS definition,
       ARRAY(SELECT a.attname::text
             FROM pg_catalog.unnest(c.conkey) WITH ORDINALITY AS k(attnum, place)
             JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = k.attnum
             ORDER BY k.place) AS columns,
       c.connoinherit AND c.contype = 'c' AS no_inherit,
       -- The column is new in PostgreSQL 18.
       coalesce((pg_catalog.to_jsonb(c) ->> 'conperiod')::boolean, false) AS period
FROM pg_catalog.pg_constraint AS c
WHERE c.conrelid = %(table)s::regclass AND c.conparentid = 0 AND c.contype IN ('p', 'u', 'c', 'x', 'f')
ORDER BY pg_catalog.array_position(ARRAY['p', 'u', 'x', 'c', 'f'], c.contype::text), c.conname

-- name: indexes
-- The indexes that no constraint made.
SELECT i.relname AS name,
       pg_catalog.pg_get_indexdef(x.indexrelid) AS definition,
       x.indisunique AS unique,
       ARRAY(SELECT a.attname::text
             FROM pg_catalog.unnest(x.indkey) WITH ORDINALITY AS k(attnum, place)
             JOIN pg_catalog.pg_attribute AS a ON a.attrelid = x.indrelid AND a.attnum = k.attnum
             WHERE k.place <= x.indnkeyatts
             ORDER BY k.place) AS columns
FROM pg_catalog.pg_index AS x
JOIN pg_catalog.pg_class AS i ON i.oid = x.indexrelid
WHERE x.indrelid = %(table)s::regclass
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS c
                  WHERE c.conindid = x.indexrelid AND c.contype IN ('p', 'u', 'x'))
ORDER BY i.relname

-- name: table
-- Schema, name and comment.
SELECT n.nspname AS schema, c.relname AS name, pg_catalog.obj_description(c.oid, 'pg_class') AS comment
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.oid = %(table)s::regclass
