-- The key is stated: a constant, a parameter, several of them.
SELECT id FROM orders WHERE id = 5;
-- strategy: one server
-- where: = '5'

SELECT id FROM orders WHERE 5 = id AND state = 'new';
-- strategy: one server
-- where: = '5'

SELECT id FROM orders WHERE id = '007';
-- strategy: one server
-- where: = '7'

SELECT id FROM orders WHERE id = 5.0;
-- strategy: one server
-- where: = '5'

SELECT id FROM orders WHERE id = 5::bigint;
-- strategy: one server
-- where: = '5'

SELECT id FROM orders WHERE id = -5;
-- strategy: one server
-- where: = '-5'

SELECT id FROM orders WHERE id = $1;
-- strategy: whole
-- where: = $1

SELECT id FROM orders WHERE id = $1::int;
-- strategy: whole
-- where: = $1

SELECT id FROM orders WHERE id IN (1, 2, NULL, $1);
-- strategy: whole
-- where: IN ('1', '2', $1)

SELECT id FROM orders WHERE id = ANY($1);
-- strategy: whole
-- where: = ANY($1)

SELECT id FROM orders WHERE id = ANY(ARRAY[1, $1]);
-- strategy: whole
-- where: IN ('1', $1)

SELECT id FROM orders WHERE id = ANY('{3,NULL,4}');
-- strategy: whole
-- where: IN ('3', '4')

SELECT id FROM orders WHERE id = 1 OR id = 2 OR (id = 3 AND state = 'new');
-- strategy: whole
-- where: IN ('1', '2', '3')

SELECT id FROM orders WHERE (id = 1 OR id = 2) AND (id = 2 OR id = 3);
-- strategy: one server
-- where: = '2'

SELECT id FROM orders WHERE id IS NULL;
-- strategy: one server
-- where: = NULL

SELECT plane FROM trips WHERE plane IS NULL OR plane = 'N1';
-- strategy: whole
-- where: IN (NULL, 'N1')

SELECT plane FROM trips WHERE (plane, day) = ('N1', '2026-01-01');
-- strategy: one server
-- where: = 'N1'

SELECT plane FROM trips WHERE (plane, day) IN (('N1', '2026-01-01'), ('N2', '2026-01-01'));
-- strategy: whole
-- where: IN ('N1', 'N2')

-- Contradictions: no partition, which any one server answers.
SELECT count(*) FROM orders WHERE id = 1 AND id = 2;
-- strategy: one server
-- where: contradictory

SELECT count(*) FROM orders WHERE id = NULL;
-- strategy: one server
-- where: contradictory

-- Composite keys need all columns.
SELECT kind FROM events WHERE tenant = 'a' AND day = '2026-01-01';
-- strategy: one server
-- where: = ('a', '2026-01-01')

SELECT kind FROM events WHERE tenant = $1 AND day = $2::date;
-- strategy: whole
-- where: = ($1, $2)

SELECT kind FROM events WHERE tenant IN ('a', 'b') AND day = '2026-01-01';
-- strategy: whole
-- where: IN (('a', '2026-01-01'), ('b', '2026-01-01'))

SELECT kind FROM events WHERE (tenant = 'a' AND day = '2026-01-01') OR (tenant = 'b' AND day = '2026-01-02');
-- strategy: whole
-- where: IN (('a', '2026-01-01'), ('b', '2026-01-02'))

SELECT kind FROM events WHERE (tenant, day) IN (('a', '2026-01-01'), ('b', '2026-01-02'));
-- strategy: whole
-- where: IN (('a', '2026-01-01'), ('b', '2026-01-02'))

SELECT kind FROM events WHERE tenant = 'a';
-- strategy: whole
-- where: not restricted

-- What is not certain restricts nothing.
SELECT id FROM orders WHERE id = 5.5;
-- strategy: whole
-- where: not restricted

SELECT id FROM orders WHERE id = 5::numeric;
-- strategy: whole
-- where: not restricted

SELECT id FROM orders WHERE id::text = '5';
-- strategy: whole
-- where: not restricted

SELECT id FROM orders WHERE id + 0 = 5;
-- strategy: whole
-- where: not restricted

SELECT id FROM orders WHERE id = 2 + 3;
-- strategy: whole
-- where: not restricted

SELECT id FROM orders WHERE NOT id = 5;
-- strategy: whole
-- where: not restricted

SELECT id FROM orders WHERE id <> 5;
-- strategy: whole
-- where: not restricted

SELECT id FROM orders WHERE id NOT IN (5, 6);
-- strategy: whole
-- where: not restricted

SELECT id FROM orders WHERE id = 5 OR state = 'new';
-- strategy: whole
-- where: not restricted

SELECT id FROM orders WHERE id = 5 IS TRUE;
-- strategy: whole
-- where: not restricted

SELECT id FROM orders WHERE id = ALL (ARRAY[5]);
-- strategy: whole
-- where: not restricted

SELECT id FROM orders WHERE id OPERATOR(public.=) 5;
-- strategy: whole
-- where: not restricted

SELECT id FROM orders WHERE id OPERATOR(pg_catalog.=) 5;
-- strategy: one server
-- where: = '5'

SELECT id FROM orders WHERE id = ANY('{1,x}');
-- strategy: whole
-- where: not restricted

SELECT plane FROM trips WHERE plane = 'N123456'::varchar(3);
-- strategy: whole
-- where: not restricted

SELECT plane FROM trips WHERE plane COLLATE "C" = 'N1';
-- strategy: whole
-- where: not restricted

SELECT plane FROM trips WHERE plane = 'N1'::name;
-- strategy: whole
-- where: not restricted

SELECT kind FROM events WHERE tenant = 'a' AND day = '2026-01-01'::timestamp;
-- strategy: whole
-- where: not restricted

-- A parameter without a type takes it from where it stands first.
SELECT plane FROM trips WHERE plane = $1 AND plane <> $1;
-- strategy: whole
-- where: = $1

SELECT plane FROM trips WHERE plane = $1 AND minutes = length($1);
-- strategy: whole
-- where: not restricted

SELECT plane FROM trips WHERE plane = $1 AND minutes = length($1);
-- oids: text
-- strategy: whole
-- where: = $1

-- Joined on the key.
SELECT 1 FROM orders o JOIN lines l ON l.order_id = o.id WHERE o.id = 5;
-- strategy: one server
-- where: = '5'

SELECT 1 FROM orders o, lines l WHERE l.order_id = o.id AND l.order_id = $1;
-- strategy: whole
-- where: = $1

SELECT 1 FROM orders o JOIN lines l ON l.order_id = o.id AND o.id IN (1, 2);
-- strategy: whole
-- where: IN ('1', '2')

SELECT 1 FROM orders o LEFT JOIN lines l ON l.order_id = o.id WHERE o.id = 5;
-- strategy: one server
-- where: = '5'

SELECT 1 FROM orders o LEFT JOIN lines l ON l.order_id = o.id WHERE l.order_id = 5;
-- strategy: one server
-- where: = '5'

SELECT 1 FROM orders o LEFT JOIN lines l ON l.order_id = o.id AND o.id = 5;
-- strategy: whole
-- where: not restricted

SELECT 1 FROM products p LEFT JOIN orders o ON o.id = 5;
-- strategy: one server
-- where: = '5'

SELECT 1 FROM products p JOIN orders o ON o.id = p.id WHERE p.id = 3;
-- strategy: one server
-- where: = '3'

SELECT 1 FROM orders o FULL JOIN lines l ON l.order_id = o.id AND o.id = 5;
-- strategy: whole
-- where: not restricted

SELECT 1 FROM orders o JOIN lines l ON l.order_id = o.id AND l.qty = 3 WHERE l.order_id = o.id AND o.id = 4 ORDER BY l.qty;
-- strategy: one server
-- where: = '4'

SELECT 1 FROM orders JOIN lines ON id = order_id JOIN products p ON p.id = product WHERE order_id = 9;
-- strategy: one server
-- where: = '9'

-- Every occurrence counts, in every scope.
SELECT 1 FROM orders WHERE id = 5 AND EXISTS (SELECT 1 FROM lines WHERE order_id = 5);
-- strategy: one server
-- where: = '5'

SELECT 1 FROM orders o WHERE id = 5 AND EXISTS (SELECT 1 FROM lines l WHERE l.order_id = o.id);
-- strategy: one server
-- where: = '5'

SELECT (SELECT count(*) FROM lines l WHERE l.order_id = o.id) FROM orders o WHERE o.id = $1;
-- strategy: whole
-- where: = $1

SELECT id FROM orders WHERE id = 5 UNION ALL SELECT order_id FROM lines WHERE order_id = 5;
-- strategy: one server
-- where: = '5'

WITH o AS (SELECT * FROM orders WHERE id = 5) SELECT o.id FROM o JOIN lines l ON l.order_id = o.id;
-- strategy: one server
-- where: = '5'

WITH o AS (SELECT id FROM orders) SELECT id FROM o WHERE id = 5;
-- strategy: whole
-- where: not restricted

SELECT s.id FROM (SELECT id, state FROM orders) s WHERE s.id = 5;
-- strategy: one server
-- where: = '5'

SELECT s.id FROM (SELECT id, count(*) FROM orders GROUP BY id) s WHERE s.id = 5;
-- strategy: one server
-- where: = '5'

SELECT 1 FROM orders o LEFT JOIN LATERAL (SELECT * FROM lines l WHERE l.order_id = o.id LIMIT 1) x ON true WHERE o.id = 5;
-- strategy: one server
-- where: = '5'

SELECT 1 FROM orders WHERE id IN (SELECT order_id FROM lines WHERE order_id = 5);
-- strategy: one server
-- where: = '5'

-- Anything may stand in it then.
SELECT rank() OVER (ORDER BY total), now(), random() FROM orders WHERE id = 5;
-- strategy: one server
-- where: = '5'

SELECT string_agg(state, ',') FROM orders WHERE id = 5 GROUP BY ROLLUP (state);
-- strategy: one server
-- where: = '5'

SELECT amount FROM sales.deals WHERE id = '{123E4567-e89b-12d3-a456-426614174000}';
-- strategy: one server
-- where: = '123e4567-e89b-12d3-a456-426614174000'

SELECT id FROM orders WHERE id = 5 FOR UPDATE SKIP LOCKED;
-- strategy: one server
-- where: = '5'
