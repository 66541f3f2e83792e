SELECT id, state FROM orders;
-- strategy: whole
-- where: not restricted

SELECT id FROM orders WHERE state = 'new' AND total > $1;
-- strategy: whole
-- where: not restricted

SELECT * FROM orders ORDER BY total DESC, id;
-- strategy: whole
-- where: not restricted
-- order: 4 desc, 1

SELECT id FROM orders ORDER BY state, total LIMIT 10;
-- strategy: whole
-- where: not restricted
-- shard: SELECT id, "state" AS "sort_1", "total" AS "sort_2" FROM orders ORDER BY state, total LIMIT 10
-- order: 2, 3
-- limit: 10
-- hidden: 2

SELECT id, total * 2 AS t FROM orders ORDER BY t NULLS FIRST, total * 2, total + 1;
-- strategy: whole
-- where: not restricted
-- shard: SELECT id, total * 2 AS t, "total" + 1 AS "sort_1" FROM orders ORDER BY t NULLS FIRST, total * 2, total + 1
-- order: 2 nulls first, 2, 3
-- hidden: 1

SELECT state AS total FROM orders ORDER BY total;
-- strategy: whole
-- where: not restricted
-- order: 1

SELECT -id AS id FROM orders ORDER BY id, orders.id;
-- strategy: whole
-- where: not restricted
-- shard: SELECT -id AS id, "orders"."id" AS "sort_1" FROM orders ORDER BY id, orders.id
-- order: 1, 2
-- hidden: 1

SELECT id FROM orders ORDER BY 1 LIMIT 5 OFFSET 2;
-- strategy: whole
-- where: not restricted
-- shard: SELECT id FROM orders ORDER BY 1 LIMIT 7
-- order: 1
-- limit: 5
-- offset: 2

SELECT id FROM orders ORDER BY 1 LIMIT $1 OFFSET $2;
-- strategy: whole
-- where: not restricted
-- shard: SELECT id FROM orders ORDER BY 1 LIMIT CASE WHEN $1::bigint < 0 THEN $1::bigint ELSE $1::bigint + greatest($2::bigint, 0) END OFFSET least($2::bigint, 0)
-- order: 1
-- limit: $1
-- offset: $2

SELECT id FROM orders ORDER BY 1 OFFSET 3;
-- strategy: whole
-- where: not restricted
-- shard: SELECT id FROM orders ORDER BY 1 OFFSET least((3)::bigint, 0)
-- order: 1
-- offset: 3

SELECT id FROM orders ORDER BY state LIMIT 3 OFFSET 1 FOR UPDATE OF orders;
-- strategy: refused
-- where: not restricted
-- locking: yes

SELECT id FROM orders LIMIT 5;
-- strategy: whole
-- where: not restricted
-- limit: 5

SELECT id FROM orders FETCH FIRST 5 ROWS ONLY;
-- strategy: whole
-- where: not restricted
-- limit: 5

SELECT id FROM orders ORDER BY tag, lower(state), state COLLATE "de_DE" DESC;
-- strategy: whole
-- where: not restricted
-- shard: SELECT id, "tag" AS "sort_1", "lower"("state") AS "sort_2", "state" COLLATE "de_DE" AS "sort_3" FROM orders ORDER BY tag, lower(state), state COLLATE "de_DE" DESC
-- order: 2 collate "C", 3, 4 desc collate "de_DE"
-- hidden: 3

SELECT id AS "from", state AS limit FROM orders ORDER BY total;
-- strategy: whole
-- where: not restricted
-- shard: SELECT id AS "from", state AS limit, "total" AS "sort_1" FROM orders ORDER BY total
-- order: 3
-- hidden: 1

SELECT state IS DISTINCT FROM 'new' FROM orders ORDER BY total;
-- strategy: whole
-- where: not restricted
-- shard: SELECT state IS DISTINCT FROM 'new', "total" AS "sort_1" FROM orders ORDER BY total
-- order: 2
-- hidden: 1

SELECT extract(year FROM placed) AS y FROM orders ORDER BY placed LIMIT 1;
-- strategy: whole
-- where: not restricted
-- shard: SELECT extract(year FROM placed) AS y, "placed" AS "sort_1" FROM orders ORDER BY placed LIMIT 1
-- order: 2
-- limit: 1
-- hidden: 1

WITH o AS (SELECT * FROM orders LIMIT ALL) SELECT id FROM o ORDER BY total LIMIT 3;
-- strategy: whole
-- where: not restricted
-- shard: WITH o AS (SELECT "orders"."id", "orders"."customer", "orders"."state", "orders"."total", "orders"."placed", "orders"."tag" FROM orders LIMIT ALL) SELECT id, "total" AS "sort_1" FROM o ORDER BY total LIMIT 3
-- order: 2
-- limit: 3
-- hidden: 1

WITH o AS (SELECT * FROM orders) SELECT id FROM o ORDER BY total LIMIT 3 OFFSET 1;
-- strategy: whole
-- where: not restricted
-- shard: WITH o AS (SELECT "orders"."id", "orders"."customer", "orders"."state", "orders"."total", "orders"."placed", "orders"."tag" FROM orders) SELECT id, "total" AS "sort_1" FROM o ORDER BY total LIMIT 4
-- order: 2
-- limit: 3
-- offset: 1
-- hidden: 1

SELECT DISTINCT id, state FROM orders;
-- strategy: whole
-- where: not restricted

SELECT DISTINCT ON (id) id, state FROM orders ORDER BY id, state;
-- strategy: whole
-- where: not restricted
-- order: 1, 2

SELECT DISTINCT part, state FROM orders;
-- strategy: whole
-- where: not restricted

SELECT order_id, count(*), array_agg(line) FROM lines GROUP BY order_id HAVING count(*) > 1;
-- strategy: whole
-- where: not restricted

SELECT order_id AS o, stddev(qty) FROM lines GROUP BY o ORDER BY 2;
-- strategy: whole
-- where: not restricted
-- order: 2

SELECT o.id, count(*) FROM orders o JOIN lines l ON l.order_id = o.id GROUP BY l.order_id, o.id;
-- strategy: whole
-- where: not restricted

SELECT l.order_id, count(*) FROM orders o JOIN lines l ON l.order_id = o.id GROUP BY l.order_id;
-- strategy: whole
-- where: not restricted

SELECT p.id, count(*) FROM orders o JOIN products p ON p.id = o.id GROUP BY p.id;
-- strategy: whole
-- where: not restricted

SELECT part, count(*) FROM orders GROUP BY part;
-- strategy: whole
-- where: not restricted

SELECT order_id, rank() OVER (PARTITION BY order_id ORDER BY qty) FROM lines;
-- strategy: whole
-- where: not restricted

SELECT order_id, sum(qty) OVER w FROM lines WINDOW w AS (PARTITION BY order_id);
-- strategy: whole
-- where: not restricted

SELECT o.id, l.qty FROM orders o JOIN lines l ON l.order_id = o.id;
-- strategy: whole
-- where: not restricted

SELECT o.id FROM orders o, lines l, products p WHERE o.id = l.order_id AND p.id = l.product;
-- strategy: whole
-- where: not restricted

SELECT o.id FROM orders o JOIN products p ON p.id = o.customer LEFT JOIN lines l ON l.order_id = o.id;
-- strategy: whole
-- where: not restricted

SELECT o.id FROM orders o LEFT JOIN lines l ON l.order_id = o.id LEFT JOIN products p ON p.id = l.product;
-- strategy: whole
-- where: not restricted

SELECT l.qty FROM lines l RIGHT JOIN orders o ON l.order_id = o.id;
-- strategy: whole
-- where: not restricted

SELECT l.qty FROM lines l FULL JOIN orders o ON l.order_id = o.id;
-- strategy: whole
-- where: not restricted

SELECT 1 FROM orders a JOIN orders b ON a.id = b.id JOIN lines l ON l.order_id = b.id;
-- strategy: whole
-- where: not restricted

SELECT 1 FROM events a JOIN events b ON a.day = b.day AND b.tenant = a.tenant;
-- strategy: whole
-- where: not restricted

SELECT 1 FROM events a JOIN events b USING (tenant, day);
-- strategy: whole
-- where: not restricted

SELECT 1 FROM orders o JOIN (SELECT order_id, sum(qty) AS n FROM lines GROUP BY order_id) s ON s.order_id = o.id;
-- strategy: whole
-- where: not restricted

SELECT 1 FROM orders o, LATERAL (SELECT qty FROM lines l WHERE l.order_id = o.id ORDER BY qty LIMIT 1) x;
-- strategy: whole
-- where: not restricted

SELECT id FROM orders o WHERE EXISTS (SELECT 1 FROM lines l WHERE l.order_id = o.id);
-- strategy: whole
-- where: not restricted

SELECT id FROM orders o WHERE NOT EXISTS (SELECT 1 FROM lines l WHERE l.order_id = o.id AND l.qty > 1);
-- strategy: whole
-- where: not restricted

SELECT id FROM orders WHERE id IN (SELECT order_id FROM lines WHERE qty > 1);
-- strategy: whole
-- where: not restricted

SELECT id FROM orders WHERE customer IN (SELECT id FROM products WHERE price > 1);
-- strategy: whole
-- where: not restricted

SELECT id, (SELECT max(qty) FROM lines l WHERE l.order_id = o.id) FROM orders o;
-- strategy: whole
-- where: not restricted

SELECT id, (SELECT name FROM products p WHERE p.id = o.customer) FROM orders o;
-- strategy: whole
-- where: not restricted

SELECT id FROM orders WHERE total > (SELECT avg(price) FROM products);
-- strategy: whole
-- where: not restricted

SELECT id FROM orders, generate_series(1, 3) AS n WHERE n > 1;
-- strategy: whole
-- where: not restricted

SELECT id FROM orders FOR UPDATE;
-- strategy: whole
-- where: not restricted
-- locking: yes

SELECT order_id, percentile_cont(0.5) WITHIN GROUP (ORDER BY qty) FROM lines GROUP BY order_id ORDER BY max(qty) + 1;
-- strategy: whole
-- where: not restricted
-- shard: SELECT order_id, percentile_cont(0.5) WITHIN GROUP (ORDER BY qty), "max"("qty") + 1 AS "sort_1" FROM lines GROUP BY order_id ORDER BY max(qty) + 1
-- order: 3
-- hidden: 1

SELECT id FROM orders ORDER BY total + $1;
-- oids: numeric
-- strategy: whole
-- where: not restricted
-- shard: SELECT id, "total" + $1 AS "sort_1" FROM orders ORDER BY total + $1
-- order: 2
-- hidden: 1

SELECT o.id FROM orders o LEFT JOIN lines l ON l.order_id = o.id WHERE l.order_id = $1;
-- strategy: whole
-- where: = $1
