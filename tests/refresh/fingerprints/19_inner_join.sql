-- grain: daily
/* rollup
title: Deliveries by region
time: delivered_at
*/
SELECT date_trunc('day', d.delivered_at)::date AS day, p.region, count(*) AS deliveries
FROM delivery d
JOIN depot p ON p.depot_id = d.depot_id AND p.capacity_cylinders > 100
GROUP BY 1, 2

-- same: INNER, and the conditions in another order
SELECT date_trunc('day', a.delivered_at)::date AS day, b.region, count(*) AS deliveries
FROM delivery AS a
INNER JOIN depot AS b ON (b.capacity_cylinders > 100) AND (b.depot_id = a.depot_id)
GROUP BY 1, 2

-- same: CTEs in another order than they are joined
WITH place AS (SELECT depot_id, region AS r, capacity_cylinders AS c FROM depot), fact AS (SELECT * FROM delivery)
SELECT date_trunc('day', fact.delivered_at)::date AS day, place.r AS region, count(*) AS deliveries
FROM fact JOIN place ON place.depot_id = fact.depot_id AND place.c > 100
GROUP BY 1, 2

-- same: the CTEs have other names, of which one is that of a table
WITH delivery AS (SELECT * FROM delivery), x AS (SELECT * FROM depot)
SELECT date_trunc('day', delivery.delivered_at)::date AS day, x.region, count(*) AS deliveries
FROM delivery JOIN x ON x.depot_id = delivery.depot_id AND x.capacity_cylinders > 100
GROUP BY 1, 2

-- other: LEFT
SELECT date_trunc('day', d.delivered_at)::date AS day, p.region, count(*) AS deliveries
FROM delivery d
LEFT JOIN depot p ON p.depot_id = d.depot_id AND p.capacity_cylinders > 100
GROUP BY 1, 2

-- other: RIGHT
SELECT date_trunc('day', d.delivered_at)::date AS day, p.region, count(*) AS deliveries
FROM delivery d
RIGHT JOIN depot p ON p.depot_id = d.depot_id AND p.capacity_cylinders > 100
GROUP BY 1, 2

-- other: FULL
SELECT date_trunc('day', d.delivered_at)::date AS day, p.region, count(*) AS deliveries
FROM delivery d
FULL JOIN depot p ON p.depot_id = d.depot_id AND p.capacity_cylinders > 100
GROUP BY 1, 2

-- other: joined by another column
SELECT date_trunc('day', d.delivered_at)::date AS day, p.region, count(*) AS deliveries
FROM delivery d
JOIN depot p ON p.depot_id = d.driver_id AND p.capacity_cylinders > 100
GROUP BY 1, 2

-- other: another comparison
SELECT date_trunc('day', d.delivered_at)::date AS day, p.region, count(*) AS deliveries
FROM delivery d
JOIN depot p ON p.depot_id >= d.depot_id AND p.capacity_cylinders > 100
GROUP BY 1, 2

-- other: also where both are NULL
SELECT date_trunc('day', d.delivered_at)::date AS day, p.region, count(*) AS deliveries
FROM delivery d
JOIN depot p ON (p.depot_id IS NOT DISTINCT FROM d.depot_id) AND p.capacity_cylinders > 100
GROUP BY 1, 2

-- other: another condition
SELECT date_trunc('day', d.delivered_at)::date AS day, p.region, count(*) AS deliveries
FROM delivery d
JOIN depot p ON p.depot_id = d.depot_id AND p.capacity_cylinders > 200
GROUP BY 1, 2

-- other: all pairs of rows
SELECT date_trunc('day', d.delivered_at)::date AS day, p.region, count(*) AS deliveries
FROM delivery d
CROSS JOIN depot p
WHERE p.capacity_cylinders > 100
GROUP BY 1, 2

-- other: another table
SELECT date_trunc('day', d.delivered_at)::date AS day, p.customer_type AS region, count(*) AS deliveries
FROM delivery d
JOIN customer p ON p.depot_id = d.depot_id
GROUP BY 1, 2
