-- grain: daily
/* rollup
title: Deliveries beside what was ordered at most, by depot and in all
time: delivered_at
*/
SELECT date_trunc('day', d.delivered_at)::date AS day, r.depot_id, r.newest, count(*) AS deliveries
FROM delivery d
JOIN (
    SELECT o.depot_id, count(*) AS orders, max(o.who) AS newest
    FROM (SELECT depot_id, product_id, customer_id AS who FROM sales_order) o
    GROUP BY ROLLUP (o.depot_id, o.product_id)
) r ON r.depot_id = d.depot_id
GROUP BY 1, 2, 3

-- same: another alias
SELECT date_trunc('day', d.delivered_at)::date AS day, r.depot_id, r.newest, count(*) AS deliveries
FROM delivery d
JOIN (
    SELECT x.depot_id, count(*) AS orders, max(x.who) AS newest
    FROM (SELECT depot_id, product_id, customer_id AS who FROM sales_order) x
    GROUP BY ROLLUP (x.depot_id, x.product_id)
) r ON r.depot_id = d.depot_id
GROUP BY 1, 2, 3

-- same: a CTE
WITH o AS (SELECT depot_id, product_id, customer_id AS who FROM sales_order),
     r AS (SELECT o.depot_id, count(*) AS orders, max(o.who) AS newest FROM o GROUP BY ROLLUP (o.depot_id, o.product_id))
SELECT date_trunc('day', d.delivered_at)::date AS day, r.depot_id, r.newest, count(*) AS deliveries
FROM delivery d
JOIN r ON r.depot_id = d.depot_id
GROUP BY 1, 2, 3

-- other: the greatest number of an order
SELECT date_trunc('day', d.delivered_at)::date AS day, r.depot_id, r.newest, count(*) AS deliveries
FROM delivery d
JOIN (
    SELECT o.depot_id, count(*) AS orders, max(o.who) AS newest
    FROM (SELECT depot_id, product_id, order_id AS who FROM sales_order) o
    GROUP BY ROLLUP (o.depot_id, o.product_id)
) r ON r.depot_id = d.depot_id
GROUP BY 1, 2, 3

-- other: every set of the keys
SELECT date_trunc('day', d.delivered_at)::date AS day, r.depot_id, r.newest, count(*) AS deliveries
FROM delivery d
JOIN (
    SELECT o.depot_id, count(*) AS orders, max(o.who) AS newest
    FROM (SELECT depot_id, product_id, customer_id AS who FROM sales_order) o
    GROUP BY CUBE (o.depot_id, o.product_id)
) r ON r.depot_id = d.depot_id
GROUP BY 1, 2, 3

-- other: by both keys alone
SELECT date_trunc('day', d.delivered_at)::date AS day, r.depot_id, r.newest, count(*) AS deliveries
FROM delivery d
JOIN (
    SELECT o.depot_id, count(*) AS orders, max(o.who) AS newest
    FROM (SELECT depot_id, product_id, customer_id AS who FROM sales_order) o
    GROUP BY o.depot_id, o.product_id
) r ON r.depot_id = d.depot_id
GROUP BY 1, 2, 3

-- other: the keys in another order
SELECT date_trunc('day', d.delivered_at)::date AS day, r.depot_id, r.newest, count(*) AS deliveries
FROM delivery d
JOIN (
    SELECT o.depot_id, count(*) AS orders, max(o.who) AS newest
    FROM (SELECT depot_id, product_id, customer_id AS who FROM sales_order) o
    GROUP BY ROLLUP (o.product_id, o.depot_id)
) r ON r.depot_id = d.depot_id
GROUP BY 1, 2, 3

-- other: the keys have each other's meaning
SELECT date_trunc('day', d.delivered_at)::date AS day, r.depot_id, r.newest, count(*) AS deliveries
FROM delivery d
JOIN (
    SELECT o.depot_id, count(*) AS orders, max(o.who) AS newest
    FROM (SELECT product_id AS depot_id, depot_id AS product_id, customer_id AS who FROM sales_order) o
    GROUP BY ROLLUP (o.depot_id, o.product_id)
) r ON r.depot_id = d.depot_id
GROUP BY 1, 2, 3
