-- name: relations_over_tables
-- Of the relations named ($1 schemas or NULL, $2 names), those that read one of the tables $3/$4, and through what.
WITH RECURSIVE named AS (
    SELECT pg_catalog.to_regclass(
               CASE WHEN n.schema IS NULL THEN pg_catalog.quote_ident(n.name)
                    ELSE pg_catalog.format('%I.%I', n.schema, n.name) END) AS oid
    FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])) AS n(schema, name)
), reads AS (
    SELECT named.oid AS root, named.oid::pg_catalog.oid AS oid FROM named WHERE named.oid IS NOT NULL
    UNION
    SELECT reads.root, d.refobjid
    FROM reads
    JOIN pg_catalog.pg_rewrite AS r ON r.ev_class = reads.oid
    JOIN pg_catalog.pg_depend AS d
      ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = r.oid
     AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
    WHERE d.refobjid <> reads.oid
)
SELECT reads.root::pg_catalog.regclass::text, pg_catalog.format('%I.%I', s.nspname, c.relname)
FROM reads
JOIN pg_catalog.pg_class AS c ON c.oid = reads.oid
JOIN pg_catalog.pg_namespace AS s ON s.oid = c.relnamespace
JOIN ROWS FROM (pg_catalog.unnest($3::text[]), pg_catalog.unnest($4::text[])) AS t(schema, name) ON t.schema = s.nspname AND t.name = c.relname
WHERE reads.root <> c.oid
LIMIT 1

-- name: functions_that_may_read
-- Of the functions named ($1 schemas or NULL, $2 names), one outside pg_catalog whose body may read tables.
SELECT pg_catalog.format('%I.%I', s.nspname, p.proname)
FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])) AS n(schema, name)
JOIN pg_catalog.pg_proc AS p ON p.proname = n.name
JOIN pg_catalog.pg_namespace AS s ON s.oid = p.pronamespace AND (n.schema IS NULL OR s.nspname = n.schema)
JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang
WHERE s.nspname NOT IN ('pg_catalog', 'information_schema', 'parallel_partition')
  AND p.provolatile <> 'i'
  AND l.lanname NOT IN ('c', 'internal')
LIMIT 1

-- name: relations_there_are
-- Of the relations named ($1 schemas, $2 names), one that exists.
SELECT pg_catalog.format('%I.%I', s.nspname, c.relname)
FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])) AS n(schema, name)
JOIN pg_catalog.pg_namespace AS s ON s.nspname = n.schema
JOIN pg_catalog.pg_class AS c ON c.relnamespace = s.oid AND c.relname = n.name
LIMIT 1

-- name: stamps_of_views
-- What changes whenever the views named ($1 schemas, $2 names) do, in their order; fewer rows where one is gone.
SELECT r.oid || '/' || r.xmin
FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])) WITH ORDINALITY AS n(schema, name, place)
JOIN pg_catalog.pg_namespace AS s ON s.nspname = n.schema
JOIN pg_catalog.pg_class AS c ON c.relnamespace = s.oid AND c.relname = n.name
JOIN pg_catalog.pg_rewrite AS r ON r.ev_class = c.oid AND r.rulename = '_RETURN'
ORDER BY n.place

-- name: overloads
-- What users made that may be meant by names of PostgreSQL's own, and is not what those are, in schemas $1: its kind, how
-- to call it, its name, and how many arguments it takes. A function may be meant that computes its value from arguments
-- alone; an aggregate is split as PostgreSQL's own, and comparisons lead to rows. A cast is named by its target; one
-- that needs no naming has no name. What extensions have they have for types of their own, or under their own names.
WITH readers AS (
    SELECT p.oid
    FROM pg_catalog.pg_proc AS p
    JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang
    WHERE p.oid >= 16384 AND p.provolatile <> 'i' AND l.lanname NOT IN ('c', 'internal')
), compared AS (
    SELECT t.oid FROM pg_catalog.pg_type AS t
    WHERE t.typnamespace = 'pg_catalog'::pg_catalog.regnamespace AND t.typname IN (
        'bool', 'int2', 'int4', 'int8', 'numeric', 'float4', 'float8', 'text', 'varchar', 'bpchar', 'name', 'uuid',
        'date', 'timestamp', 'timestamptz')
)
SELECT 'function',
       pg_catalog.format('%s %I.%I', CASE p.prokind WHEN 'a' THEN 'aggregate' ELSE 'function' END, s.nspname, p.proname),
       p.proname, p.pronargs - p.pronargdefaults, CASE p.provariadic WHEN 0 THEN p.pronargs ELSE 1000 END
FROM pg_catalog.pg_proc AS p
JOIN pg_catalog.pg_namespace AS s ON s.oid = p.pronamespace AND s.nspname = ANY ($1::text[])
WHERE p.oid >= 16384
  AND EXISTS (SELECT FROM pg_catalog.pg_proc AS o
              WHERE o.proname = p.proname AND o.pronamespace = 'pg_catalog'::pg_catalog.regnamespace)
  AND (p.oid IN (SELECT r.oid FROM readers AS r)
       OR (p.prokind <> 'f' AND NOT EXISTS (
           SELECT FROM pg_catalog.pg_depend AS d
           WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid AND d.deptype = 'e')))
UNION ALL
SELECT 'operator', pg_catalog.format('operator %I.%s', s.nspname, o.oprname), o.oprname, 0, 0
FROM pg_catalog.pg_operator AS o
JOIN pg_catalog.pg_namespace AS s ON s.oid = o.oprnamespace AND s.nspname = ANY ($1::text[])
WHERE o.oid >= 16384
  AND (o.oprcode IN (SELECT r.oid FROM readers AS r)
       OR (o.oprname IN ('=', '<>', '<', '>', '<=', '>=')
           AND o.oprleft IN (SELECT c.oid FROM compared AS c) AND o.oprright IN (SELECT c.oid FROM compared AS c)))
UNION ALL
SELECT 'cast',
       pg_catalog.format('the cast from %s to %s',
           pg_catalog.format_type(c.castsource, NULL), pg_catalog.format_type(c.casttarget, NULL)),
       CASE c.castcontext WHEN 'i' THEN '' ELSE t.typname END, 0, 0
FROM pg_catalog.pg_cast AS c
JOIN pg_catalog.pg_type AS t ON t.oid = c.casttarget
WHERE c.castfunc IN (SELECT r.oid FROM readers AS r)
