-- grain: monthly
/* rollup
title: Deliveries away from home, by the regions of both depots
time: delivered_at
*/
SELECT date_trunc('month', d.delivered_at)::date AS month, served.region AS served_from, home.region AS home, count(*) AS deliveries
FROM delivery d
JOIN customer c ON c.customer_id = d.customer_id
JOIN depot served ON served.depot_id = d.depot_id
LEFT JOIN depot home ON home.depot_id = c.depot_id
WHERE served.depot_id <> home.depot_id
GROUP BY 1, 2, 3

-- same: other aliases, which a reader may confuse
SELECT date_trunc('month', t.delivered_at)::date AS month, home.region AS served_from, served.region AS home, count(*) AS deliveries
FROM delivery t
JOIN customer k ON k.customer_id = t.customer_id
JOIN depot home ON home.depot_id = t.depot_id
LEFT JOIN depot served ON served.depot_id = k.depot_id
WHERE home.depot_id <> served.depot_id
GROUP BY 1, 2, 3

-- same: one CTE that is joined twice
WITH place AS (SELECT depot_id AS id, region AS area FROM depot)
SELECT date_trunc('month', d.delivered_at)::date AS month, a.area AS served_from, b.area AS home, count(*) AS deliveries
FROM delivery d
JOIN customer c ON c.customer_id = d.customer_id
JOIN place a ON a.id = d.depot_id
LEFT JOIN place b ON b.id = c.depot_id
WHERE a.id <> b.id
GROUP BY 1, 2, 3

-- same: two CTEs in its place
WITH one AS (SELECT * FROM depot), two AS (SELECT * FROM depot)
SELECT date_trunc('month', d.delivered_at)::date AS month, one.region AS served_from, two.region AS home, count(*) AS deliveries
FROM delivery d
JOIN customer c ON c.customer_id = d.customer_id
JOIN one ON one.depot_id = d.depot_id
LEFT JOIN two ON two.depot_id = c.depot_id
WHERE one.depot_id <> two.depot_id
GROUP BY 1, 2, 3

-- other: one region twice
SELECT date_trunc('month', d.delivered_at)::date AS month, served.region AS served_from, served.region AS home, count(*) AS deliveries
FROM delivery d
JOIN customer c ON c.customer_id = d.customer_id
JOIN depot served ON served.depot_id = d.depot_id
LEFT JOIN depot home ON home.depot_id = c.depot_id
WHERE served.depot_id <> home.depot_id
GROUP BY 1, 2, home.region

-- other: the regions are exchanged
SELECT date_trunc('month', d.delivered_at)::date AS month, home.region AS served_from, served.region AS home, count(*) AS deliveries
FROM delivery d
JOIN customer c ON c.customer_id = d.customer_id
JOIN depot served ON served.depot_id = d.depot_id
LEFT JOIN depot home ON home.depot_id = c.depot_id
WHERE served.depot_id <> home.depot_id
GROUP BY 1, 2, 3

-- other: the joins are exchanged
SELECT date_trunc('month', d.delivered_at)::date AS month, served.region AS served_from, home.region AS home, count(*) AS deliveries
FROM delivery d
JOIN customer c ON c.customer_id = d.customer_id
LEFT JOIN depot served ON served.depot_id = d.depot_id
JOIN depot home ON home.depot_id = c.depot_id
WHERE served.depot_id <> home.depot_id
GROUP BY 1, 2, 3

-- other: both from the delivery
SELECT date_trunc('month', d.delivered_at)::date AS month, served.region AS served_from, home.region AS home, count(*) AS deliveries
FROM delivery d
JOIN customer c ON c.customer_id = d.customer_id
JOIN depot served ON served.depot_id = d.depot_id
LEFT JOIN depot home ON home.depot_id = d.depot_id
WHERE served.depot_id <> home.depot_id
GROUP BY 1, 2, 3

-- other: at home
SELECT date_trunc('month', d.delivered_at)::date AS month, served.region AS served_from, home.region AS home, count(*) AS deliveries
FROM delivery d
JOIN customer c ON c.customer_id = d.customer_id
JOIN depot served ON served.depot_id = d.depot_id
LEFT JOIN depot home ON home.depot_id = c.depot_id
WHERE served.depot_id = home.depot_id
GROUP BY 1, 2, 3
