-- grain: daily
/* rollup
title: Deliveries beside three numbers
time: delivered_at
*/
SELECT date_trunc('day', d.delivered_at)::date AS day, g.value AS number, count(*) AS deliveries
FROM delivery d
CROSS JOIN LATERAL generate_series(1, 3) AS g
GROUP BY 1, 2

-- same: other aliases
SELECT date_trunc('day', x.delivered_at)::date AS day, y.value AS number, count(*) AS deliveries
FROM delivery x
CROSS JOIN LATERAL generate_series(1, 3) AS y
GROUP BY 1, 2

-- same: a CTE
WITH stop AS (SELECT delivered_at AS at FROM delivery)
SELECT date_trunc('day', at)::date AS day, value AS number, count(*) AS deliveries
FROM stop CROSS JOIN LATERAL generate_series(1, 3) AS g
GROUP BY 1, 2

-- other: four numbers
SELECT date_trunc('day', d.delivered_at)::date AS day, g.value AS number, count(*) AS deliveries
FROM delivery d
CROSS JOIN LATERAL generate_series(1, 4) AS g
GROUP BY 1, 2

-- other: from 0 on
SELECT date_trunc('day', d.delivered_at)::date AS day, g.value AS number, count(*) AS deliveries
FROM delivery d
CROSS JOIN LATERAL generate_series(0, 3) AS g
GROUP BY 1, 2

-- other: every second number
SELECT date_trunc('day', d.delivered_at)::date AS day, g.value AS number, count(*) AS deliveries
FROM delivery d
CROSS JOIN LATERAL generate_series(1, 3, 2) AS g
GROUP BY 1, 2

-- other: without the last number
SELECT date_trunc('day', d.delivered_at)::date AS day, g.value AS number, count(*) AS deliveries
FROM delivery d
CROSS JOIN LATERAL range(1, 3) AS g
GROUP BY 1, 2
