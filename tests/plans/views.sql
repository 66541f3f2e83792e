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
-- gathered: public.orders (id, state, total) where (("state" = CAST('new' AS "text")))

WITH recent_orders AS (SELECT id FROM public.recent_orders) SELECT count(*) FROM recent_orders;
-- strategy: split
