-- What every server of a cluster has: schema parallel_partition, with what the server itself knows and enforces.
-- Everything is qualified. Functions that may be inlined have no SET clause, and need none: their bodies are bound
-- when they are made.

-- name: create
-- All of it, in one transaction.
CREATE SCHEMA parallel_partition;
COMMENT ON SCHEMA parallel_partition IS 'The parallel_partition library''s own; see its documentation';

-- Who this server is, so that a wrong conninfo is found at once.
CREATE TABLE parallel_partition.identity (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    cluster_id uuid NOT NULL,
    server text NOT NULL
);

-- The partitions whose rows are here, each with the version of the map that put it here.
CREATE TABLE parallel_partition.held (
    part integer PRIMARY KEY,
    state text NOT NULL DEFAULT 'live' CHECK (state = 'live'),
    version bigint NOT NULL
);

-- The latest change of the map, and of the tables, as this server knows it. Sequences, because partition trees are
-- not MVCC: a transaction with an old snapshot meets a partition attached later, and must meet its version too.
CREATE SEQUENCE parallel_partition.map_version AS bigint;
CREATE SEQUENCE parallel_partition.schema_version AS bigint;

-- The outcome of transactions over several servers of which this one is the decider: no row, no decision.
CREATE TABLE parallel_partition.decision (
    xid text PRIMARY KEY,
    committed boolean NOT NULL,
    at timestamp with time zone NOT NULL DEFAULT pg_catalog.clock_timestamp()
);

-- The lock table of snapshots over all servers; it has no rows and no columns.
CREATE TABLE parallel_partition.snapshot_gate ();

-- Enter it before a commit in autocommit, where LOCK TABLE itself is not always allowed.
CREATE FUNCTION parallel_partition.enter_gate() RETURNS void
LANGUAGE plpgsql VOLATILE
AS 'BEGIN LOCK TABLE parallel_partition.snapshot_gate IN ROW SHARE MODE; END';

-- The partition of a key: int(md5(text), 16) % n + 1. The digest's four 32-bit words are folded into the remainder one
-- after the other, which is exact as long as n < 2^31.
CREATE FUNCTION parallel_partition.part_of(key text, num_partitions integer) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN pg_catalog.int4(
    (((('x' || pg_catalog.substr(pg_catalog.md5(coalesce(key, '')), 1, 8))::bit(32)::bigint % num_partitions
       * 4294967296
       + ('x' || pg_catalog.substr(pg_catalog.md5(coalesce(key, '')), 9, 8))::bit(32)::bigint) % num_partitions
      * 4294967296
      + ('x' || pg_catalog.substr(pg_catalog.md5(coalesce(key, '')), 17, 8))::bit(32)::bigint) % num_partitions
     * 4294967296
     + ('x' || pg_catalog.substr(pg_catalog.md5(coalesce(key, '')), 25, 8))::bit(32)::bigint) % num_partitions
    + 1);

-- The text that a key is hashed by, of each type. None depends on a setting of the session.
CREATE FUNCTION parallel_partition.key_text(key smallint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN key::text;

CREATE FUNCTION parallel_partition.key_text(key integer) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN key::text;

CREATE FUNCTION parallel_partition.key_text(key bigint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN key::text;

CREATE FUNCTION parallel_partition.key_text(key text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN key;

CREATE FUNCTION parallel_partition.key_text(key uuid) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN key::text;

CREATE FUNCTION parallel_partition.key_text(key boolean) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN key::text;

CREATE FUNCTION parallel_partition.key_text(key numeric) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN pg_catalog.trim_scale(key)::text;

-- A date's own text follows DateStyle, so the ISO text is put together.
CREATE FUNCTION parallel_partition.key_text(key date) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN key = date 'infinity' THEN 'infinity'
    WHEN key = date '-infinity' THEN '-infinity'
    ELSE pg_catalog.repeat('0', 4 - pg_catalog.length(pg_catalog.abs(extract(year FROM key))::text))
         || pg_catalog.abs(extract(year FROM key))::text
         || '-' || pg_catalog.lpad(extract(month FROM key)::text, 2, '0')
         || '-' || pg_catalog.lpad(extract(day FROM key)::text, 2, '0')
         || CASE WHEN extract(year FROM key) < 0 THEN ' BC' ELSE '' END
END;

-- A value's text as it is read back alike under any settings: times with their offset, floats with all their digits.
-- The text of an enum depends on no setting, and is had for less.
CREATE FUNCTION parallel_partition.exact_text(value anyelement) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET DateStyle = 'ISO, YMD' SET IntervalStyle = postgres SET TimeZone = 'UTC' SET extra_float_digits = 1
AS 'BEGIN RETURN pg_catalog.format(''%s'', value); END';

-- Record that a transaction commits, in that transaction itself, or raise so that its COMMIT is not reached: when it
-- is too old (its decision might have been cleaned away), or when somebody has decided already.
CREATE FUNCTION parallel_partition.decide(xid text, max_age interval) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    IF clock_timestamp() - now() >= max_age THEN
        RAISE EXCEPTION 'transaction % began % ago and may no longer commit', decide.xid, clock_timestamp() - now()
            USING ERRCODE = 'PP002', HINT = 'It is rolled back; run it again.';
    END IF;
    INSERT INTO parallel_partition.decision (xid, committed) VALUES (decide.xid, true)
        ON CONFLICT ON CONSTRAINT decision_pkey DO NOTHING;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'transaction % was decided already', decide.xid
            USING ERRCODE = 'PP003', HINT = 'Recovery has rolled it back; run it again.';
    END IF;
END
$body$;

-- Whether each statement of this transaction has a snapshot of its own.
CREATE FUNCTION parallel_partition.sees_the_latest() RETURNS boolean
LANGUAGE sql STABLE
RETURN pg_catalog.current_setting('transaction_isolation') IN ('read committed', 'read uncommitted');

-- Raise unless the versions here are what the router expects: the highest version of the live partitions among parts
-- (NULL: all that are held), how many those are, the map's version and the tables'.
CREATE FUNCTION parallel_partition.assert_version(
    parts integer[], highest bigint, live bigint, map_version bigint, schema_version bigint
) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    found_highest bigint;
    found_live bigint;
    found_map bigint := pg_sequence_last_value('parallel_partition.map_version');
    found_schema bigint := pg_sequence_last_value('parallel_partition.schema_version');
BEGIN
    SELECT coalesce(max(h.version), 0), count(*)
    INTO found_highest, found_live
    FROM parallel_partition.held AS h
    WHERE h.state = 'live' AND (parts IS NULL OR h.part = ANY (parts));
    IF (found_highest, found_live, found_map, found_schema)
        IS DISTINCT FROM (highest, live, assert_version.map_version, assert_version.schema_version)
    THEN
        RAISE EXCEPTION 'the shard map or the tables have changed'
            USING ERRCODE = 'PP001',
                  DETAIL = format(
                      'Here: partitions v%s, %s live, map v%s, tables v%s; expected: v%s, %s, v%s, v%s.',
                      found_highest, found_live, found_map, found_schema,
                      highest, live, assert_version.map_version, assert_version.schema_version);
    END IF;
END
$body$;

-- The table of this name (quoted and qualified); NULL for none. Looked up in the catalogs, for to_regclass asks for
-- USAGE on the schema. Immutable is a white lie: the plan that a constant of it is folded into depends on the table, and
-- is made anew whenever that changes.
CREATE FUNCTION parallel_partition.relation(name text) RETURNS regclass
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
AS $body$
    SELECT c.oid::regclass
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = (parse_ident(relation.name))[1] AND c.relname = (parse_ident(relation.name))[2]
$body$;

-- The tables of these names: their columns in order, and their primary key. None: there is no such table.
CREATE FUNCTION parallel_partition.columns_of(names text[])
RETURNS TABLE (name text, relation regclass, columns text[])
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
    SELECT n.name, t.oid::regclass,
           ARRAY(SELECT format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod))
                        || coalesce((SELECT format(' COLLATE %I.%I', s.nspname, c.collname)
                                     FROM pg_collation AS c JOIN pg_namespace AS s ON s.oid = c.collnamespace
                                     WHERE c.oid = a.attcollation AND c.collname <> 'default'), '')
                        || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
                 FROM pg_attribute AS a
                 WHERE a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
                 ORDER BY a.attnum)
           || ARRAY(SELECT pg_get_constraintdef(c.oid)
                    FROM pg_constraint AS c
                    WHERE c.conrelid = t.oid AND c.contype = 'p')
    FROM unnest(names) WITH ORDINALITY AS n(name, place)
    CROSS JOIN LATERAL (SELECT parallel_partition.relation(n.name)::oid AS oid) AS t
    ORDER BY n.place
$body$;

-- The same in short: a hash of the columns and keys, and how many children there are; and whether no table is missing.
CREATE FUNCTION parallel_partition.look_at(names text[], OUT shape text, OUT complete boolean)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $body$
    SELECT hashtextextended(string_agg(array_to_string(d.columns, ', '), '; '), 0)
           || '/' || sum((SELECT count(*) FROM pg_inherits AS i
                          WHERE i.inhparent = d.relation AND NOT i.inhdetachpending)),
           count(d.relation) = count(*)
    FROM parallel_partition.columns_of(names) AS d
$body$;

CREATE FUNCTION parallel_partition.shape_now(names text[]) RETURNS text
LANGUAGE sql STABLE
RETURN (parallel_partition.look_at(names)).shape;

-- The same as a constant of a plan, by the same lie. NULL where that constant could go on when it is wrong: a table
-- that is missing leaves no dependency, and who plans under an old snapshot sees old tables.
CREATE FUNCTION parallel_partition.shape(names text[]) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
AS $body$
    SELECT l.shape FROM parallel_partition.look_at(names) AS l
    WHERE l.complete AND parallel_partition.sees_the_latest()
$body$;

-- Which planning this is, and when its transaction began: constants of the plan by the same lie.
CREATE FUNCTION parallel_partition.planning() RETURNS text
LANGUAGE sql IMMUTABLE AS 'SELECT pg_catalog.gen_random_uuid()::text';

CREATE FUNCTION parallel_partition.planned_in() RETURNS timestamptz
LANGUAGE sql IMMUTABLE AS 'SELECT pg_catalog.now()';

-- How the tables look once the plan is there. A change that commits while its constant is computed invalidates a plan
-- that is not there yet, so the constant would stay: plans are dropped, then. Once a planning is enough.
CREATE FUNCTION parallel_partition.shape_again(shape text, planning text, names text[]) RETURNS text
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    found text := parallel_partition.shape_now(names);
BEGIN
    IF found = shape THEN
        PERFORM set_config('parallel_partition.planning', planning, true);
    ELSIF shape IS NOT NULL THEN
        DISCARD PLANS;
    END IF;
    RETURN found;
END
$body$;

-- How the tables look by the constants of a plan: all but the transaction that planned it may rely on them. NULL where
-- the transaction's snapshot may be too old to tell. Has to be inlined.
CREATE FUNCTION parallel_partition.shape_by(
    shape text, planning text, planned_in timestamptz, names text[]
) RETURNS text
LANGUAGE sql VOLATILE
RETURN CASE
    WHEN shape IS NOT NULL
     AND (pg_catalog.now() <> planned_in
          OR pg_catalog.current_setting('parallel_partition.planning', true) = planning)
    THEN shape
    WHEN parallel_partition.sees_the_latest() THEN parallel_partition.shape_again(shape, planning, names)
END;

-- Raise unless the tables look in one of these ways; unless that can be told, too.
CREATE FUNCTION parallel_partition.assert_shape(shape text, wanted text[]) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    IF (shape = ANY (wanted)) IS NOT TRUE THEN
        RAISE EXCEPTION 'the tables have been changed by hand' USING ERRCODE = 'PP001';
    END IF;
END
$body$;

-- Whoever may use a table of the cluster, by whatever role, must be able to check versions and to decide.
GRANT USAGE ON SCHEMA parallel_partition TO PUBLIC;
GRANT SELECT ON parallel_partition.identity, parallel_partition.held TO PUBLIC;
GRANT SELECT ON SEQUENCE parallel_partition.map_version, parallel_partition.schema_version TO PUBLIC;
GRANT SELECT, INSERT ON parallel_partition.decision TO PUBLIC;
-- LOCK TABLE asks for UPDATE; there is nothing in the table to update.
GRANT UPDATE ON parallel_partition.snapshot_gate TO PUBLIC

-- name: identify
-- Say who this server is.
INSERT INTO parallel_partition.identity (cluster_id, server) VALUES (%(cluster_id)s, %(server)s)

-- name: identity
-- Who this server says it is.
SELECT cluster_id, server FROM parallel_partition.identity

-- name: identity_and_left_behind
-- The same; and whether a prepared part of a transaction over several servers is old enough to have been left behind.
SELECT i.cluster_id, i.server,
       EXISTS (SELECT FROM pg_catalog.pg_prepared_xact() AS p
               WHERE pg_catalog.starts_with(p.gid, 'pp1:')
                 AND p.prepared operator(pg_catalog.<)
                     (pg_catalog.clock_timestamp() operator(pg_catalog.-) interval '5 s')
                 AND p.dbid operator(pg_catalog.=)
                     (SELECT d.oid FROM pg_catalog.pg_database AS d
                      WHERE d.datname operator(pg_catalog.=) pg_catalog.current_database()))
FROM parallel_partition.identity AS i

-- name: is_initialised
-- Whether schema parallel_partition is there, and whether it is a catalog's.
SELECT pg_catalog.to_regclass('parallel_partition.identity') IS NOT NULL,
       pg_catalog.to_regclass('parallel_partition.cluster') IS NOT NULL,
       pg_catalog.to_regnamespace('parallel_partition') IS NOT NULL

-- name: take_database
-- Whether nobody else is making this database a server of a cluster; nobody else can until the transaction ends.
SELECT pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended('parallel_partition', 0))

-- name: hold_partitions
-- These partitions are here from now on, by this version of the map.
INSERT INTO parallel_partition.held (part, version)
SELECT part, %(version)s FROM pg_catalog.unnest(%(parts)s::integer[]) AS part

-- name: set_versions
-- What the routers must expect here from now on; NULL leaves one as it is. At once and for everybody: sequences
-- know no rollback.
SELECT pg_catalog.setval('parallel_partition.map_version', %(map_version)s::bigint),
       pg_catalog.setval('parallel_partition.schema_version', %(schema_version)s::bigint)

-- name: versions
-- The two sequences, as a router sees them.
SELECT pg_catalog.pg_sequence_last_value('parallel_partition.map_version'),
       pg_catalog.pg_sequence_last_value('parallel_partition.schema_version')

-- name: facts
-- What decides whether this database fits into a cluster.
SELECT pg_catalog.current_setting('server_version_num')::integer AS version,
       pg_catalog.current_setting('server_encoding') AS encoding,
       pg_catalog.json_build_object(
           'provider', d.datlocprovider,
           'collation', d.datcollate,
           'character type', d.datctype,
           -- The column has been renamed since PostgreSQL 17.
           'locale', coalesce(pg_catalog.to_jsonb(d) ->> 'datlocale', pg_catalog.to_jsonb(d) ->> 'daticulocale'),
           'collation version', pg_catalog.pg_database_collation_actual_version(d.oid)) AS ordering,
       pg_catalog.has_database_privilege(d.oid, 'CREATE') AS may_create,
       pg_catalog.current_setting('max_prepared_transactions')::integer AS prepared_slots,
       pg_catalog.pg_is_in_recovery() AS standby,
       (SELECT min(gid) FROM pg_catalog.pg_prepared_xacts
        WHERE database = d.datname AND gid LIKE 'pp1:%') AS prepared
FROM pg_catalog.pg_database AS d
WHERE d.datname = pg_catalog.current_database()

-- name: mark_database
-- Leave a mark in this database until the transaction ends.
SELECT pg_catalog.pg_advisory_xact_lock(%(mark)s::bigint)

-- name: marks_of_database
-- The marks in this database.
SELECT (classid::bigint << 32) | objid::bigint FROM pg_catalog.pg_locks
WHERE locktype = 'advisory' AND objsubid = 1 AND granted
  AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())

-- name: status
-- How this server is doing.
SELECT pg_catalog.current_setting('server_version'),
       (SELECT count(*) FROM parallel_partition.held WHERE state = 'live'),
       pg_catalog.pg_sequence_last_value('parallel_partition.map_version'),
       pg_catalog.pg_sequence_last_value('parallel_partition.schema_version'),
       pg_catalog.pg_database_size(pg_catalog.current_database()),
       (SELECT count(*) FROM pg_catalog.pg_prepared_xacts
        WHERE database = pg_catalog.current_database() AND gid LIKE 'pp1:%')
