-- name: check_sequences
-- The versions of the map and of the tables that this server last took; seen at once, whatever the snapshot.
SELECT pg_catalog.pg_sequence_last_value('parallel_partition.map_version'),
       pg_catalog.pg_sequence_last_value('parallel_partition.schema_version')

-- name: shape_of_tables
-- How the tables of the names {names} look. That is computed when the server plans it, and again when one of the tables
-- has changed: the plan depends on {relations}, which are never looked at. NULL where the transaction's snapshot may be
-- too old to tell.
CASE WHEN pg_catalog.pg_sequence_last_value('parallel_partition.map_version') IS NULL
     THEN {relations}
     ELSE parallel_partition.shape_by(parallel_partition.shape(ARRAY[{names}]), parallel_partition.planning(),
                                      parallel_partition.planned_in(), ARRAY[{names}])
END

-- name: check_sequences_and_tables
-- check_sequences, and how the tables look.
SELECT pg_catalog.pg_sequence_last_value('parallel_partition.map_version'),
       pg_catalog.pg_sequence_last_value('parallel_partition.schema_version'),
       {shape}

-- name: assert_shape
-- Raise PP001 unless the tables look in one of the ways {wanted}.
SELECT parallel_partition.assert_shape({shape}, ARRAY[{wanted}])

-- name: described
-- The columns and the primary key of the tables of these names, and which partitions have a child table.
SELECT t.name, t.columns,
       ARRAY(SELECT pg_catalog.substring(pg_catalog.pg_get_expr(c.relpartbound, c.oid), '[0-9]+')::integer
             FROM pg_catalog.pg_inherits AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
             WHERE i.inhparent = t.relation AND NOT i.inhdetachpending)
FROM parallel_partition.columns_of(%s::text[]) AS t

-- name: shape
-- The same in short, as check_sequences_and_tables has it.
SELECT parallel_partition.shape_now(%s::text[])

-- name: plan_latest_begin
-- Where each statement has a snapshot of its own, a look is planned by how the tables are.
BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY

-- name: plan_latest_again
-- Forget what was planned under an old snapshot.
DISCARD PLANS

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
