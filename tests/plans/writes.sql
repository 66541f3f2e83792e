INSERT INTO lines VALUES (1, 2, 3, 4, 0.5);
-- strategy: insert
-- head: INSERT INTO lines ("order_id", "line", "product", "qty", "weight", "part") VALUES
-- row: (1, 2, 3, 4, 0.5
-- keys: '1'

INSERT INTO lines VALUES (1, 2), ($1, 3) RETURNING *;
-- strategy: insert
-- head: INSERT INTO lines ("order_id", "line", "part") VALUES
-- row: (1, 2
-- row: ($1, 3
-- keys: '1'; $1
-- tail: RETURNING "lines"."order_id", "lines"."line", "lines"."product", "lines"."qty", "lines"."weight"

INSERT INTO lines (line, order_id) VALUES (1, $1::bigint);
-- strategy: insert
-- head: INSERT INTO lines (line, order_id, "part") VALUES
-- row: (1, $1::bigint
-- keys: $1

INSERT INTO lines AS l (order_id, line) VALUES (1, 2) ON CONFLICT (order_id, line) DO UPDATE SET qty = l.qty + excluded.qty WHERE l.qty > 0 RETURNING l.*, 1;
-- strategy: insert
-- head: INSERT INTO lines AS l (order_id, line, "part") VALUES
-- row: (1, 2
-- keys: '1'
-- tail: ON CONFLICT (order_id, line, "part") DO UPDATE SET qty = l.qty + excluded.qty WHERE l.qty > 0 RETURNING "l"."order_id", "l"."line", "l"."product", "l"."qty", "l"."weight", 1

INSERT INTO lines (order_id, line) VALUES (1, 2) ON CONFLICT DO NOTHING;
-- strategy: insert
-- head: INSERT INTO lines (order_id, line, "part") VALUES
-- row: (1, 2
-- keys: '1'
-- tail: ON CONFLICT DO NOTHING

INSERT INTO lines (order_id, line) VALUES (1, 2) ON CONFLICT ON CONSTRAINT lines_pkey DO NOTHING;
-- strategy: insert
-- head: INSERT INTO lines (order_id, line, "part") VALUES
-- row: (1, 2
-- keys: '1'
-- tail: ON CONFLICT ON CONSTRAINT lines_pkey DO NOTHING

INSERT INTO trips (day) VALUES ('2026-01-01');
-- strategy: insert
-- head: INSERT INTO trips (day, "part") VALUES
-- row: ('2026-01-01'
-- keys: NULL

INSERT INTO trips VALUES (NULL, '2026-01-01'), ('N1', $1);
-- strategy: insert
-- head: INSERT INTO trips ("plane", "day", "part") VALUES
-- row: (NULL, '2026-01-01'
-- row: ('N1', $1
-- keys: NULL; 'N1'

INSERT INTO trips VALUES ($1, $2);
-- strategy: insert
-- head: INSERT INTO trips ("plane", "day", "part") VALUES
-- row: ($1, $2
-- keys: $1

INSERT INTO events (day, tenant) VALUES ('2026-01-01', 'a'), ($1, $2);
-- strategy: insert
-- head: INSERT INTO events (day, tenant, "part") VALUES
-- row: ('2026-01-01', 'a'
-- row: ($1, $2
-- keys: ('a', '2026-01-01'); ($2, $1)

INSERT INTO lines (order_id, line /* , */) VALUES (1, /* ) */ 2 -- )
), (2, 3);
-- strategy: insert
-- head: INSERT INTO lines (order_id, line /* , */, "part") VALUES
-- row: (1, /* ) */ 2
-- row: (2, 3
-- keys: '1'; '2'

INSERT INTO "public" . "lines" ("order_id", "line") VALUES ('1', '(');
-- strategy: insert
-- head: INSERT INTO "public" . "lines" ("order_id", "line", "part") VALUES
-- row: ('1', '('
-- keys: '1'

INSERT INTO lines (order_id, line, weight) VALUES (1, 2, random());
-- strategy: insert
-- head: INSERT INTO lines (order_id, line, weight, "part") VALUES
-- row: (1, 2, random()
-- keys: '1'

INSERT INTO orders (id, placed) VALUES (1, now());
-- strategy: insert
-- head: INSERT INTO orders (id, placed, "part") VALUES
-- row: (1, now()
-- keys: '1'

INSERT INTO orders (id, placed) VALUES (1, now()), (2, now());
-- strategy: insert
-- head: INSERT INTO orders (id, placed, "part") VALUES
-- row: (1, now()
-- row: (2, now()
-- keys: '1'; '2'

INSERT INTO numbered (id, kg) OVERRIDING SYSTEM VALUE VALUES (1, $1), (2, 3.25);
-- strategy: insert
-- head: INSERT INTO numbered (id, kg, "at", "part") OVERRIDING SYSTEM VALUE VALUES
-- row: (1, $1, now()
-- row: (2, 3.25, now()
-- keys: $1; '3.25'

INSERT INTO orders (id, customer) VALUES ($1, $1);
-- strategy: insert
-- head: INSERT INTO orders (id, customer, "part") VALUES
-- row: ($1, $1
-- keys: $1

WITH x AS (SELECT 1) INSERT INTO lines (order_id, line) VALUES (1, (SELECT * FROM x));
-- strategy: insert
-- head: WITH x AS (SELECT 1) INSERT INTO lines (order_id, line, "part") VALUES
-- row: (1, (SELECT * FROM x)
-- keys: '1'

INSERT INTO lines (order_id, line, product) VALUES (1, 2, (SELECT max(id) FROM products));
-- strategy: insert
-- head: INSERT INTO lines (order_id, line, product, "part") VALUES
-- row: (1, 2, (SELECT max(id) FROM products)
-- keys: '1'

UPDATE orders SET state = 'new' WHERE id = $1;
-- strategy: modify
-- where: = $1
-- text: UPDATE orders SET state = 'new' WHERE id = $1

UPDATE orders SET state = 'new';
-- strategy: modify
-- where: not restricted
-- text: UPDATE orders SET state = 'new'

UPDATE orders SET state = 'new', placed = now() WHERE id IN (1, 2) RETURNING *;
-- strategy: modify
-- where: IN ('1', '2')
-- text: UPDATE orders SET state = 'new', placed = now() WHERE id IN (1, 2) RETURNING "orders"."id", "orders"."customer", "orders"."state", "orders"."total", "orders"."placed", "orders"."tag"

UPDATE orders o SET total = l.qty FROM lines l WHERE l.order_id = o.id AND o.id = 5;
-- strategy: modify
-- where: = '5'
-- text: UPDATE orders o SET total = l.qty FROM lines l WHERE l.order_id = o.id AND o.id = 5

UPDATE orders o SET total = l.qty FROM lines l WHERE l.order_id = o.id;
-- strategy: modify
-- where: not restricted
-- text: UPDATE orders o SET total = l.qty FROM lines l WHERE l.order_id = o.id

UPDATE orders SET total = p.price FROM products p WHERE p.id = orders.customer;
-- strategy: modify
-- where: not restricted
-- text: UPDATE orders SET total = p.price FROM products p WHERE p.id = orders.customer

UPDATE orders SET total = (SELECT sum(qty) FROM lines WHERE order_id = orders.id);
-- strategy: modify
-- where: not restricted
-- text: UPDATE orders SET total = (SELECT sum(qty) FROM lines WHERE order_id = orders.id)

UPDATE orders SET total = (SELECT sum(qty) FROM lines);
-- strategy: modify
-- where: not restricted
-- text: UPDATE orders SET total = (SELECT sum(qty) FROM lines)
-- one server only: a subquery over public.lines (SET): its rows are not tied by the key to the row around it; over several servers this is not done: restrict the key (id) to one server

UPDATE orders SET (state, total) = ('a', 1) WHERE id = 1 OR id = 2;
-- strategy: modify
-- where: IN ('1', '2')
-- text: UPDATE orders SET (state, total) = ('a', 1) WHERE id = 1 OR id = 2

DELETE FROM orders WHERE id = 5 RETURNING orders.*, 1;
-- strategy: modify
-- where: = '5'
-- text: DELETE FROM orders WHERE id = 5 RETURNING "orders"."id", "orders"."customer", "orders"."state", "orders"."total", "orders"."placed", "orders"."tag", 1

DELETE FROM lines USING orders o WHERE o.id = lines.order_id AND o.state = 'gone';
-- strategy: modify
-- where: not restricted
-- text: DELETE FROM lines USING orders o WHERE o.id = lines.order_id AND o.state = 'gone'

DELETE FROM lines l WHERE NOT EXISTS (SELECT 1 FROM orders o WHERE o.id = l.order_id);
-- strategy: modify
-- where: not restricted
-- text: DELETE FROM lines l WHERE NOT EXISTS (SELECT 1 FROM orders o WHERE o.id = l.order_id)

DELETE FROM orders WHERE id IN (SELECT order_id FROM lines WHERE qty = 0);
-- strategy: modify
-- where: not restricted
-- text: DELETE FROM orders WHERE id IN (SELECT order_id FROM lines WHERE qty = 0)

DELETE FROM events WHERE tenant = 'a' AND day = '2026-01-01';
-- strategy: modify
-- where: = ('a', '2026-01-01')
-- text: DELETE FROM events WHERE tenant = 'a' AND day = '2026-01-01'

-- Reference tables are written everywhere.
INSERT INTO products (id, name) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET name = excluded.name RETURNING *;
-- strategy: every server
-- text: INSERT INTO products (id, name) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET name = excluded.name RETURNING *

INSERT INTO products VALUES (1, 'a', 2, DEFAULT);
-- strategy: every server
-- text: INSERT INTO products VALUES (1, 'a', 2, DEFAULT)

UPDATE products SET price = price * 2 WHERE id IN (SELECT id FROM products WHERE stocked);
-- strategy: every server
-- text: UPDATE products SET price = price * 2 WHERE id IN (SELECT id FROM products WHERE stocked)

UPDATE products SET stocked = DEFAULT;
-- strategy: every server
-- text: UPDATE products SET stocked = DEFAULT

DELETE FROM products WHERE id = 1;
-- strategy: every server
-- text: DELETE FROM products WHERE id = 1

DELETE FROM products USING shops s WHERE s.code = name;
-- strategy: every server
-- text: DELETE FROM products USING shops s WHERE s.code = name

-- Local tables are the catalog's server's.
INSERT INTO notes SELECT * FROM products;
-- strategy: local

DELETE FROM notes;
-- strategy: local

UPDATE orders SET placed = now() WHERE total > 5 RETURNING now();
-- one server only: RETURNING now(): each server has a clock of its own; pass the value as a parameter; over several servers this is not done: restrict the key (id) to one server

UPDATE orders SET placed = statement_timestamp() WHERE total > 5;
-- one server only: function statement_timestamp: its value may differ between servers; over several servers this is not done: restrict the key (id) to one server

TRUNCATE products;
-- strategy: every server
-- text: TRUNCATE products

TRUNCATE TABLE public.orders, lines RESTART IDENTITY CASCADE;
-- strategy: every server
-- text: TRUNCATE TABLE public.orders, lines RESTART IDENTITY CASCADE
