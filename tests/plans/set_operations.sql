-- UNION ALL is the rows of all servers; the others compare rows, which must be on one server.
SELECT id FROM orders UNION SELECT order_id FROM lines;
-- strategy: whole

SELECT * FROM (SELECT id FROM orders UNION ALL SELECT order_id FROM lines) u;
-- strategy: whole

SELECT id FROM orders WHERE id = 5 UNION ALL SELECT order_id FROM lines;
-- strategy: whole

SELECT id, state FROM orders EXCEPT ALL SELECT order_id, 'new' FROM lines WHERE qty > 3 ORDER BY 2 DESC, 1 LIMIT 3;
-- strategy: whole
-- order: 2 desc, 1
-- limit: 3

SELECT count(*) FROM (SELECT state FROM orders UNION ALL SELECT state FROM orders) u;
-- strategy: split

-- Gathered: the keys are elsewhere or of other types, an arm is cut, or every server has its rows.
SELECT state FROM orders UNION SELECT state FROM orders;
-- strategy: gather
-- reason: not whole: UNION, INTERSECT or EXCEPT: its arms do not have their keys in the same columns

SELECT id, customer FROM orders INTERSECT SELECT line, order_id FROM lines;
-- strategy: gather
-- reason: not whole: UNION, INTERSECT or EXCEPT: its arms do not have their keys in the same columns

SELECT id::text FROM orders UNION SELECT plane FROM trips;
-- strategy: gather
-- reason: not whole: UNION, INTERSECT or EXCEPT: its arms do not have their keys in the same columns

SELECT id FROM orders UNION ALL SELECT id FROM products;
-- strategy: gather
-- reason: not whole: UNION, INTERSECT or EXCEPT: the rows of an arm over reference tables are on every server

SELECT id FROM orders UNION ALL VALUES (1);
-- strategy: gather
-- reason: not whole: VALUES: its rows are on every server

SELECT id FROM orders UNION ALL (SELECT order_id FROM lines LIMIT 1);
-- strategy: gather
-- reason: not whole: LIMIT: in a subquery it would cut the rows of each server by itself
