-- name: draw
-- The next $2 values of the sequence $1, in order.
SELECT pg_catalog.array_agg(d.value ORDER BY d.number)
FROM (
  SELECT g.number, pg_catalog.nextval($1::pg_catalog.regclass) AS value
  FROM pg_catalog.generate_series(1, $2) AS g(number)
) AS d
