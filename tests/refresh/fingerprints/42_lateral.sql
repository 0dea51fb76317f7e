-- grain: daily
/* rollup
title: Deliveries beside the customers of their depots
time: delivered_at
*/
SELECT date_trunc('day', d.delivered_at)::date AS day, l.customers, count(*) AS deliveries
FROM (SELECT delivered_at, depot_id AS place, product_id FROM delivery) d
CROSS JOIN LATERAL (SELECT count(*) AS customers FROM customer c WHERE c.depot_id = d.place) l
GROUP BY 1, 2

-- same: other aliases
SELECT date_trunc('day', x.delivered_at)::date AS day, y.customers, count(*) AS deliveries
FROM (SELECT delivered_at, depot_id AS place, product_id FROM delivery) x
CROSS JOIN LATERAL (SELECT count(*) AS customers FROM customer z WHERE z.depot_id = x.place) y
GROUP BY 1, 2

-- same: CTEs
WITH stop AS (SELECT delivered_at AS at, depot_id AS p FROM delivery), who AS (SELECT depot_id AS home FROM customer)
SELECT date_trunc('day', stop.at)::date AS day, l.n AS customers, count(*) AS deliveries
FROM stop
CROSS JOIN LATERAL (SELECT count(*) AS n FROM who WHERE who.home = stop.p) l
GROUP BY 1, 2

-- other: the place is another column
SELECT date_trunc('day', d.delivered_at)::date AS day, l.customers, count(*) AS deliveries
FROM (SELECT delivered_at, driver_id AS place, product_id FROM delivery) d
CROSS JOIN LATERAL (SELECT count(*) AS customers FROM customer c WHERE c.depot_id = d.place) l
GROUP BY 1, 2

-- other: without those that were removed
SELECT date_trunc('day', d.delivered_at)::date AS day, l.customers, count(*) AS deliveries
FROM (SELECT delivered_at, depot_id AS place, product_id FROM delivery) d
CROSS JOIN LATERAL (SELECT count(*) AS customers FROM customer c WHERE c.depot_id = d.place AND NOT c.is_deleted) l
GROUP BY 1, 2

-- other: different kinds of customers
SELECT date_trunc('day', d.delivered_at)::date AS day, l.customers, count(*) AS deliveries
FROM (SELECT delivered_at, depot_id AS place, product_id FROM delivery) d
CROSS JOIN LATERAL (SELECT count(DISTINCT c.customer_type) AS customers FROM customer c WHERE c.depot_id = d.place) l
GROUP BY 1, 2

-- other: of all depots
SELECT date_trunc('day', d.delivered_at)::date AS day, l.customers, count(*) AS deliveries
FROM (SELECT delivered_at, depot_id AS place, product_id FROM delivery) d
CROSS JOIN (SELECT count(*) AS customers FROM customer c) l
GROUP BY 1, 2
