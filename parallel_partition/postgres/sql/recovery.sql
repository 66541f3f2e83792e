-- What is left of transactions over several servers whose client or server was lost in mid-commit, and how it is ended.

-- name: prepared_parts
-- The prepared parts of a cluster in this database: their names and owners, whether the session may end them as it is,
-- and their ages in seconds.
SELECT p.gid, r.rolname,
       p.ownerid operator(pg_catalog.=) me.oid OR me.rolsuper,
       pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() operator(pg_catalog.-) p.prepared)
FROM pg_catalog.pg_prepared_xact() AS p
LEFT JOIN pg_catalog.pg_roles AS r ON r.oid operator(pg_catalog.=) p.ownerid
LEFT JOIN pg_catalog.pg_roles AS me ON me.rolname operator(pg_catalog.=) CURRENT_USER
WHERE p.dbid operator(pg_catalog.=) (SELECT d.oid FROM pg_catalog.pg_database AS d
                                     WHERE d.datname operator(pg_catalog.=) pg_catalog.current_database())
  AND pg_catalog.starts_with(p.gid, $1::pg_catalog.text)
ORDER BY p.prepared, p.gid

-- name: client_lives
-- Whether the client of a transaction that this server decides still has the session in which it is to commit.
SELECT EXISTS (
    SELECT FROM pg_catalog.pg_locks AS l
    WHERE l.locktype operator(pg_catalog.=) 'advisory' AND l.objsubid operator(pg_catalog.=) 1 AND l.granted
      AND l.database operator(pg_catalog.=) (
          SELECT d.oid FROM pg_catalog.pg_database AS d
          WHERE d.datname operator(pg_catalog.=) pg_catalog.current_database())
      AND ((l.classid::pg_catalog.int8 operator(pg_catalog.<<) 32)
           operator(pg_catalog.|) l.objid::pg_catalog.int8)
          operator(pg_catalog.=) pg_catalog.hashtextextended($1::pg_catalog.text, 0))

-- name: take_role
-- Only the role that prepared a part may end it.
SELECT pg_catalog.set_config('role', $1::pg_catalog.text, false)

-- name: may_collect
-- Whether this session may take decisions away.
SELECT pg_catalog.has_table_privilege('parallel_partition.decision', 'DELETE')

-- name: collect
-- Take away decisions that nobody can ask for any more, by this server's own clock; those of parts that are still
-- prepared somewhere stay, also of those that callers prepared by hand. What aborted is asked for by nobody once its client may no longer decide; what committed is
-- kept for its client to look up.
WITH gone AS (
    DELETE FROM parallel_partition.decision AS d
    WHERE d.at operator(pg_catalog.<) (pg_catalog.clock_timestamp() operator(pg_catalog.-) $1::pg_catalog.interval)
      AND (NOT d.committed OR $2::pg_catalog.bool)
      AND NOT d.xid operator(pg_catalog.=) ANY ($3::pg_catalog.text[])
      AND NOT EXISTS (
          SELECT FROM pg_catalog.pg_prepared_xact() AS p
          WHERE pg_catalog.starts_with(d.xid, 'tpc:')
            AND pg_catalog."right"(d.xid, pg_catalog.length(p.gid)) operator(pg_catalog.=) p.gid)
    RETURNING 1
)
SELECT pg_catalog.count(*) FROM gone
