-- name: names_of_types
-- The names of the types with numbers $1, and whether their binary form has numbers of types in it.
SELECT t.oid, pg_catalog.format('%I.%I', s.nspname, t.typname), t.typtype = 'c' OR t.typcategory = 'A'
FROM pg_catalog.pg_type AS t
JOIN pg_catalog.pg_namespace AS s ON s.oid = t.typnamespace
WHERE t.oid = ANY ($1)

-- name: numbers_of_types
-- The numbers of the types named $1, in their order; NULL for those that are not there.
SELECT pg_catalog.to_regtype(n.name)::pg_catalog.oid
FROM pg_catalog.unnest($1) WITH ORDINALITY AS n(name, place)
ORDER BY n.place
