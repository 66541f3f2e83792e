-- name: check_sequences
-- The versions of the map and of the tables that this server last took; seen at once, whatever the snapshot.
SELECT pg_catalog.pg_sequence_last_value('parallel_partition.map_version'),
       pg_catalog.pg_sequence_last_value('parallel_partition.schema_version')

-- name: check_rows
-- The same behind the highest version and the number of the live partitions among $1 (NULL: all that are held).
SELECT coalesce(max(version), 0), count(*),
       pg_catalog.pg_sequence_last_value('parallel_partition.map_version'),
       pg_catalog.pg_sequence_last_value('parallel_partition.schema_version')
FROM parallel_partition.held
WHERE state = 'live' AND ($1::int4[] IS NULL OR part = ANY ($1::int4[]))

-- name: assert_version
-- Raise PP001 unless check_rows would answer $2 (highest version), $3 (how many), $4 (map), $5 (tables).
SELECT parallel_partition.assert_version($1::int4[], $2, $3, $4, $5)

-- name: assert_version_and_enter
-- The same before the commit of a write in autocommit, which enters the snapshot gate.
SELECT parallel_partition.enter_gate(), parallel_partition.assert_version($1::int4[], $2, $3, $4, $5)
