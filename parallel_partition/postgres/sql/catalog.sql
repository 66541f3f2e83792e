-- The catalog: what the cluster is. It is in schema parallel_partition of one server, beside that server's own part.

-- name: create
-- All of it, in one transaction, after the server's own part.
CREATE TABLE parallel_partition.cluster (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    cluster_id uuid NOT NULL,
    format_version integer NOT NULL,
    num_partitions integer NOT NULL CHECK (num_partitions > 0),
    schema_version bigint NOT NULL,
    created timestamp with time zone NOT NULL DEFAULT pg_catalog.clock_timestamp()
);

-- Whoever changes the cluster holds a lock on its row, so changes follow each other. Versions are drawn here: they
-- only grow, and gaps are fine. Version 1 is the new cluster's.
CREATE SEQUENCE parallel_partition.version AS bigint START 2;

-- conninfo says where the server is and who connects, nothing else, and never a password.
CREATE TABLE parallel_partition.server (
    name text PRIMARY KEY,
    position integer NOT NULL UNIQUE,
    conninfo text NOT NULL,
    map_version bigint NOT NULL
);

-- Where each partition is. A key is in it when its hash modulo modulus is remainder.
CREATE TABLE parallel_partition.shard_map (
    part integer PRIMARY KEY,
    modulus integer NOT NULL,
    remainder integer NOT NULL,
    server text NOT NULL REFERENCES parallel_partition.server,
    version bigint NOT NULL
);

-- The tables of the cluster; their columns and constraints are PostgreSQL's to know.
CREATE TABLE parallel_partition.declared_table (
    schema_name text NOT NULL,
    table_name text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('sharded', 'reference')),
    key text[] NOT NULL,
    key_types text[] NOT NULL,
    PRIMARY KEY (schema_name, table_name)
);

-- The columns that the catalog's sequences fill; on the servers these columns have no default.
CREATE TABLE parallel_partition.column_sequence (
    schema_name text NOT NULL,
    table_name text NOT NULL,
    column_name text NOT NULL,
    sequence text NOT NULL,
    identity text NOT NULL CHECK (identity IN ('', 'always', 'by default')),
    PRIMARY KEY (schema_name, table_name, column_name),
    FOREIGN KEY (schema_name, table_name) REFERENCES parallel_partition.declared_table ON DELETE CASCADE
);

GRANT SELECT ON parallel_partition.cluster, parallel_partition.server, parallel_partition.shard_map,
    parallel_partition.declared_table, parallel_partition.column_sequence TO PUBLIC

-- name: insert_cluster
-- The cluster's row.
INSERT INTO parallel_partition.cluster (cluster_id, format_version, num_partitions, schema_version)
VALUES (%(cluster_id)s, %(format_version)s, %(num_partitions)s, %(version)s)

-- name: insert_server
-- A server, behind those that are there.
INSERT INTO parallel_partition.server (name, position, conninfo, map_version)
SELECT %(name)s, coalesce(max(position), 0) + 1, %(conninfo)s, %(version)s FROM parallel_partition.server

-- name: insert_shard_map
-- The homes of all partitions, in the partitions' order.
INSERT INTO parallel_partition.shard_map (part, modulus, remainder, server, version)
SELECT part, %(num_partitions)s, part - 1, server, %(version)s
FROM pg_catalog.unnest(%(homes)s::text[]) WITH ORDINALITY AS homes(server, part)

-- name: insert_table
-- A table of the cluster.
INSERT INTO parallel_partition.declared_table (schema_name, table_name, kind, key, key_types)
VALUES (%(schema)s, %(name)s, %(kind)s, %(key)s, %(key_types)s)

-- name: insert_column_sequence
-- A column that a sequence fills.
INSERT INTO parallel_partition.column_sequence (schema_name, table_name, column_name, sequence, identity)
VALUES (%(schema)s, %(name)s, %(column)s, %(sequence)s, %(identity)s)

-- name: delete_table
-- The opposite of insert_table, its column sequences included.
DELETE FROM parallel_partition.declared_table WHERE schema_name = %(schema)s AND table_name = %(name)s

-- name: draw_version
-- A version that nobody had before.
SELECT pg_catalog.nextval('parallel_partition.version')

-- name: lock_cluster
-- Wait for whoever changes the cluster, and keep others from it until this transaction ends.
SELECT schema_version FROM parallel_partition.cluster FOR UPDATE

-- name: set_schema_version
-- The tables have this version from now on.
UPDATE parallel_partition.cluster SET schema_version = %(version)s

-- name: load_cluster
-- The cluster, and which of its servers this is.
SELECT c.cluster_id, c.format_version, c.num_partitions, c.schema_version, i.server
FROM parallel_partition.cluster AS c CROSS JOIN parallel_partition.identity AS i

-- name: load_servers
-- All servers, in the order in which they are taken.
SELECT name, conninfo, map_version FROM parallel_partition.server ORDER BY position

-- name: load_shard_map
-- All partitions.
SELECT part, server, version FROM parallel_partition.shard_map ORDER BY part

-- name: load_tables
-- The tables of the cluster, and what PostgreSQL knows of them here.
SELECT d.schema_name, d.table_name, d.kind, d.key, d.key_types,
       (SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
            'name', a.attname,
            'type', pg_catalog.format_type(a.atttypid, a.atttypmod),
            'oid', a.atttypid::bigint,
            'not_null', a.attnotnull,
            'default', CASE WHEN a.attgenerated = '' THEN pg_catalog.pg_get_expr(f.adbin, f.adrelid) END,
            'collation', CASE WHEN a.attcollation NOT IN (0, 'pg_catalog."default"'::regcollation)
                         THEN pg_catalog.format('%I.%I', n.nspname, o.collname) END,
            'generated', CASE a.attgenerated WHEN 's' THEN 'stored' WHEN 'v' THEN 'virtual' ELSE '' END,
            'expression', CASE a.attgenerated WHEN 'v' THEN pg_catalog.pg_get_expr(f.adbin, f.adrelid) END,
            'identity', coalesce(s.identity, ''),
            'sequence', s.sequence) ORDER BY a.attnum)
        FROM pg_catalog.pg_attribute AS a
        LEFT JOIN pg_catalog.pg_attrdef AS f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
        LEFT JOIN pg_catalog.pg_collation AS o ON o.oid = a.attcollation
        LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = o.collnamespace
        LEFT JOIN parallel_partition.column_sequence AS s
            ON (s.schema_name, s.table_name, s.column_name) = (d.schema_name, d.table_name, a.attname)
        WHERE a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
       (SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
            'primary', x.indisprimary,
            'columns', (SELECT pg_catalog.json_agg(a.attname ORDER BY k.place)
                        FROM pg_catalog.unnest(x.indkey) WITH ORDINALITY AS k(attnum, place)
                        JOIN pg_catalog.pg_attribute AS a ON a.attrelid = t.oid AND a.attnum = k.attnum
                        WHERE k.place <= x.indnkeyatts)) ORDER BY x.indisprimary DESC, i.relname)
        FROM pg_catalog.pg_index AS x JOIN pg_catalog.pg_class AS i ON i.oid = x.indexrelid
        WHERE x.indrelid = t.oid AND x.indisunique AND x.indpred IS NULL AND x.indexprs IS NULL) AS uniques
FROM parallel_partition.declared_table AS d
LEFT JOIN (pg_catalog.pg_class AS t JOIN pg_catalog.pg_namespace AS u ON u.oid = t.relnamespace)
    ON (u.nspname, t.relname) = (d.schema_name, d.table_name)
ORDER BY d.schema_name, d.table_name

-- name: load_shape
-- How all of them look here in short, without their children; NULL for no tables.
SELECT pg_catalog.split_part(
           parallel_partition.shape_now(
               pg_catalog.array_agg(pg_catalog.format('%I.%I', schema_name, table_name)
                                    ORDER BY schema_name, table_name)), '/', 1)
FROM parallel_partition.declared_table

-- name: load_views
-- Every view, materialised or not, that reads a sharded table or one of its children, directly or through others.
WITH RECURSIVE found AS (
    SELECT t.oid, d.table_name
    FROM parallel_partition.declared_table AS d
    CROSS JOIN LATERAL (
        SELECT p.relid::oid AS oid
        FROM pg_catalog.pg_partition_tree(
            parallel_partition.relation(pg_catalog.format('%I.%I', d.schema_name, d.table_name))) AS p
    ) AS t
    WHERE d.kind = 'sharded'
    UNION
    SELECT r.ev_class, found.table_name
    FROM found
    JOIN pg_catalog.pg_depend AS p
        ON p.refclassid = 'pg_catalog.pg_class'::regclass AND p.refobjid = found.oid
        AND p.classid = 'pg_catalog.pg_rewrite'::regclass
    JOIN pg_catalog.pg_rewrite AS r ON r.oid = p.objid
)
SELECT n.nspname, c.relname, min(found.table_name), pg_catalog.pg_get_viewdef(c.oid), r.oid || '/' || r.xmin,
       c.relkind = 'm'
FROM found
JOIN pg_catalog.pg_class AS c ON c.oid = found.oid AND c.relkind IN ('v', 'm')
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_rewrite AS r ON r.ev_class = c.oid AND r.rulename = '_RETURN'
GROUP BY n.nspname, c.relname, c.oid, c.relkind, r.oid, r.xmin

-- name: load_functions
-- The names of PostgreSQL's own functions, by what they may do.
SELECT pg_catalog.array_agg(DISTINCT proname::text) AS functions,
       pg_catalog.array_agg(DISTINCT proname::text) FILTER (WHERE provolatile = 'v') AS volatile,
       pg_catalog.array_agg(DISTINCT proname::text) FILTER (WHERE provolatile = 's') AS stable,
       pg_catalog.array_agg(DISTINCT proname::text) FILTER (WHERE prokind = 'a') AS aggregates,
       pg_catalog.array_agg(DISTINCT proname::text) FILTER (WHERE prokind = 'w') AS windows
FROM pg_catalog.pg_proc
WHERE pronamespace = 'pg_catalog'::regnamespace

-- name: load_settings
-- What a new session here starts with, of the settings that decide what values mean and how they read.
SELECT name, setting FROM pg_catalog.pg_settings WHERE name = ANY (%(names)s::text[])

-- name: load_search_path
-- Where a new session looks for unqualified names.
SELECT pg_catalog.current_schemas(false)::text[]
