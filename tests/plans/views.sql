-- A view's definition takes the place of its name.
SELECT * FROM recent_orders WHERE id = 5;
-- strategy: one server
-- one: SELECT * FROM (SELECT id,\n    total\n   FROM public.orders\n  WHERE state = 'new'::text) AS "recent_orders" WHERE id = 5

SELECT r.id FROM public.recent_orders AS r (id, t), lines l WHERE l.order_id = r.id ORDER BY t;
-- strategy: whole
-- one: SELECT r.id FROM (SELECT id,\n    total\n   FROM public.orders\n  WHERE state = 'new'::text) AS r (id, t), lines l WHERE l.order_id = r.id ORDER BY t

-- Views of views, and views beside a CTE of the name.
SELECT n FROM other.summed;
-- strategy: gather
-- reason: not whole: an aggregate without GROUP BY: its rows are on several servers
-- answered first: answered_1 (n): split, SELECT "count"(*) AS "c1" FROM (SELECT "id", "total" FROM "public"."orders" WHERE "state" = CAST('new' AS "text")) AS "recent_orders"
-- merged: SELECT n FROM (SELECT "n" FROM pg_temp."answered_1") AS "summed"

WITH recent_orders AS (SELECT id FROM public.recent_orders) SELECT count(*) FROM recent_orders;
-- strategy: split

-- A row of a view has a type of its own, which matters where it is shown.
SELECT recent_orders FROM recent_orders;
-- refused: the whole row recent_orders: a view's row has a type of its own; name the columns, or ROW(v.*)

SELECT 1 FROM recent_orders AS r WHERE r = ANY (SELECT r);
-- refused: the whole row r: a view's row has a type of its own; name the columns, or ROW(v.*)

SELECT row_to_json(r), r IS NULL FROM recent_orders AS r WHERE id = 5;
-- strategy: one server
