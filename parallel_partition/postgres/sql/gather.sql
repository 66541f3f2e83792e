-- name: begin
-- The merge session's transaction: rolled back at the end, with all that it made.
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE

-- name: look_in_temporary_first
-- Let names mean temporary tables before those of the schemas in $1, a list of identifiers. ANALYZE of them looks at
-- 6,000 rows, where it would at 30,000 by default: that takes a fifth of the time, and their joins need no more.
SELECT pg_catalog.set_config('search_path', 'pg_temp, ' || $1, true),
  pg_catalog.set_config(
    'default_statistics_target',
    LEAST(20, pg_catalog.current_setting('default_statistics_target')::pg_catalog.int4)::pg_catalog.text, true
  )

-- name: locked_tables
-- Of the tables named ($1 schemas, $2 names), one that the transaction of this session has read.
SELECT pg_catalog.format('%I.%I', s.nspname, c.relname)
FROM pg_catalog.pg_locks AS l
JOIN pg_catalog.pg_class AS c ON c.oid = l.relation
JOIN pg_catalog.pg_namespace AS s ON s.oid = c.relnamespace
JOIN ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])) AS n(schema, name)
  ON n.schema = s.nspname AND n.name = c.relname
WHERE l.locktype = 'relation' AND l.pid = pg_catalog.pg_backend_pid()
  AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
LIMIT 1

-- name: begin_one_moment
-- A transaction of a server whose statements all see the same.
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY

-- name: wait_for_no_lock
-- The caller's own transaction may have locked a table, and would wait for itself.
SELECT pg_catalog.set_config('lock_timeout', '50ms', true)

-- name: may_make_temporary
-- Whether the session's role may make temporary tables; the role, and the database.
SELECT pg_catalog.has_database_privilege(pg_catalog.current_database(), 'TEMPORARY'),
  pg_catalog.quote_ident(CURRENT_USER), pg_catalog.quote_ident(pg_catalog.current_database())
