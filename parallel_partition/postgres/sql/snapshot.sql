-- The snapshot gate: the lock table of every server by which snapshots over all servers keep apart from commits.

-- name: enter_alone
-- Before the COMMIT of a transaction that wrote on this server only: strict snapshots wait for it.
LOCK TABLE parallel_partition.snapshot_gate IN ROW SHARE MODE

-- name: enter_together
-- Before this server's part of a transaction over several servers is prepared or committed: all snapshots wait for it.
LOCK TABLE parallel_partition.snapshot_gate IN ROW EXCLUSIVE MODE

-- name: remember
-- To this place a snapshot transaction goes back, so that it keeps neither the gate nor its settings.
SAVEPOINT parallel_partition_snapshot

-- name: wait_briefly
-- Whoever waits for the gate stops those behind it.
SET LOCAL lock_timeout = '100ms'

-- name: hold_briefly
-- Should this client be paused while it holds the gate, the server ends the session.
SET LOCAL idle_in_transaction_session_timeout = '5s'

-- name: close
-- Keep away the commits of transactions over several servers.
LOCK TABLE parallel_partition.snapshot_gate IN SHARE MODE

-- name: close_strictly
-- Keep away every commit of a transaction that wrote.
LOCK TABLE parallel_partition.snapshot_gate IN EXCLUSIVE MODE

-- name: look
-- The first query of a transaction takes its snapshot; LOCK, SET and SAVEPOINT take none.
SELECT 1

-- name: go_back
-- Let go of the gate and take back the settings; the snapshot stays.
ROLLBACK TO SAVEPOINT parallel_partition_snapshot

-- name: forget
-- The savepoint has done its work.
RELEASE SAVEPOINT parallel_partition_snapshot

-- name: holders
-- Who is in the gate: sessions, and what is prepared, the oldest first.
SELECT pg_catalog.format('prepared transaction %s of %s', p.gid, p.prepared)
FROM (SELECT gid, prepared FROM pg_catalog.pg_prepared_xacts
      WHERE database = pg_catalog.current_database() AND gid LIKE 'pp1:%' ORDER BY prepared LIMIT 3) AS p
UNION ALL
SELECT pg_catalog.format('%s of process %s', l.mode, l.pid)
FROM (SELECT mode, pid FROM pg_catalog.pg_locks
      WHERE locktype = 'relation' AND relation = 'parallel_partition.snapshot_gate'::regclass
        AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
        AND granted AND pid <> pg_catalog.pg_backend_pid() LIMIT 3) AS l
