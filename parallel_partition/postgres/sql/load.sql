-- What a bulk load asks of the servers besides COPY.

-- name: input_settings
-- How the catalog's server reads texts; all servers of a load must read them alike.
SELECT name, pg_catalog.current_setting(name)
FROM pg_catalog.unnest(ARRAY['DateStyle', 'IntervalStyle', 'TimeZone', 'lc_monetary', 'xmloption']) AS name

-- name: take_setting
-- Use a setting until the end of the transaction ($1 name, $2 value).
SELECT pg_catalog.set_config($1, $2, true)
