-- The atomic commit over several servers: the first participant decides. Each statement runs on one server.

-- name: transaction_id
-- The transaction's own number, NULL while it has written nothing.
SELECT pg_catalog.pg_current_xact_id_if_assigned()::pg_catalog.text AS number

-- name: prepared_slots
-- How many transactions this server can hold prepared; 0 is PostgreSQL's default.
SELECT pg_catalog.current_setting('max_prepared_transactions')::pg_catalog.int4

-- name: flush_at_commit
-- A decision that is not on disk when it is answered is lost in a crash (measured), so off is raised to on.
SELECT pg_catalog.set_config('synchronous_commit', 'on', true)
WHERE pg_catalog.current_setting('synchronous_commit') operator(pg_catalog.=) 'off'

-- name: hold
-- Tell recovery that this transaction's client is alive. A courtesy: nothing rests on it.
SELECT pg_catalog.pg_try_advisory_lock(pg_catalog.hashtextextended($1::pg_catalog.text, 0))

-- name: let_go
-- The opposite of hold.
SELECT pg_catalog.pg_advisory_unlock(pg_catalog.hashtextextended($1::pg_catalog.text, 0))

-- name: decide
-- Record that the transaction commits, or raise: a COMMIT behind it in the same message is then not reached.
SELECT parallel_partition.decide($1::pg_catalog.text, $2::pg_catalog.interval)

-- name: bury
-- Decide that the transaction aborts, unless it is decided already: whoever inserts first decides.
INSERT INTO parallel_partition.decision (xid, committed) VALUES ($1::pg_catalog.text, false)
ON CONFLICT (xid) DO NOTHING

-- name: decision
-- What was decided; no row while it is not.
SELECT committed FROM parallel_partition.decision WHERE xid operator(pg_catalog.=) $1::pg_catalog.text

-- name: clock
-- The server's time, in seconds since 1970.
SELECT pg_catalog.date_part('epoch', pg_catalog.clock_timestamp())

-- name: transaction_outcome
-- What became of a transaction of this server alone: committed, aborted, in progress, or NULL when too old to know.
SELECT pg_catalog.pg_xact_status($1::pg_catalog.text::pg_catalog.xid8)
