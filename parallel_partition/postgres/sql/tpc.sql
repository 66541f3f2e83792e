-- Two-phase commit by the caller's hand (PEP 249's tpc_prepare, tpc_commit, ...). Each statement runs on one server.

-- name: parts
-- What was prepared so in this database: names, when (microseconds since 1970), and by whom.
SELECT p.gid,
       (pg_catalog.date_part('epoch', p.prepared) operator(pg_catalog.*) 1000000.0::pg_catalog.float8)::pg_catalog.int8,
       r.rolname
FROM pg_catalog.pg_prepared_xact() AS p
LEFT JOIN pg_catalog.pg_roles AS r ON r.oid operator(pg_catalog.=) p.ownerid
WHERE p.dbid operator(pg_catalog.=) (SELECT d.oid FROM pg_catalog.pg_database AS d
                                     WHERE d.datname operator(pg_catalog.=) pg_catalog.current_database())
  AND pg_catalog.starts_with(p.gid, 'ppx:')
ORDER BY p.prepared, p.gid

-- name: decide
-- Whoever is first decides whether a prepared transaction commits or not.
INSERT INTO parallel_partition.decision (xid, committed) VALUES ($1::pg_catalog.text, $2::pg_catalog.bool)
ON CONFLICT (xid) DO NOTHING
