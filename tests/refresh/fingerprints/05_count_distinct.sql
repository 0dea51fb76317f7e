-- grain: daily
/* rollup
title: Different customers by day
time: delivered_at
*/
SELECT date_trunc('day', d.delivered_at)::date AS day, d.depot_id,
       count(DISTINCT d.customer_id) AS customers, count(DISTINCT d.driver_id) AS drivers
FROM delivery d
GROUP BY 1, 2

-- same: a CTE in between
WITH stop AS (SELECT delivered_at AS at, depot_id, customer_id AS who, driver_id AS driver FROM delivery)
SELECT date_trunc('day', at)::date AS day, depot_id, count(DISTINCT who) AS customers, count(DISTINCT driver) AS drivers
FROM stop
GROUP BY 1, 2

-- same: the CTE under another name, with other names for its columns
WITH unused_name (t, s, c, d) AS (SELECT delivered_at, depot_id, customer_id, driver_id FROM delivery)
SELECT date_trunc('day', x.t)::date AS day, x.s AS depot_id, count(DISTINCT x.c) AS customers, count(DISTINCT x.d) AS drivers
FROM unused_name x
GROUP BY 1, 2

-- other: not the different ones
SELECT date_trunc('day', d.delivered_at)::date AS day, d.depot_id, count(d.customer_id) AS customers, count(DISTINCT d.driver_id) AS drivers
FROM delivery d
GROUP BY 1, 2

-- other: the other two
SELECT date_trunc('day', d.delivered_at)::date AS day, d.depot_id, count(DISTINCT d.driver_id) AS customers, count(DISTINCT d.customer_id) AS drivers
FROM delivery d
GROUP BY 1, 2

-- other: different orders
SELECT date_trunc('day', d.delivered_at)::date AS day, d.depot_id, count(DISTINCT d.order_id) AS customers, count(DISTINCT d.driver_id) AS drivers
FROM delivery d
GROUP BY 1, 2

-- other: different among the completed ones
SELECT date_trunc('day', d.delivered_at)::date AS day, d.depot_id,
       count(DISTINCT d.customer_id) FILTER (WHERE d.status = 'completed') AS customers, count(DISTINCT d.driver_id) AS drivers
FROM delivery d
GROUP BY 1, 2

-- other: different texts of one letter
SELECT date_trunc('day', d.delivered_at)::date AS day, d.depot_id, count(DISTINCT left(CAST(d.customer_id AS VARCHAR), 1)) AS customers,
       count(DISTINCT d.driver_id) AS drivers
FROM delivery d
GROUP BY 1, 2
