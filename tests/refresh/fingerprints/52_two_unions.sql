-- grain: daily
/* rollup
title: Deliveries with weights of two lists
time: delivered_at
*/
SELECT date_trunc('day', d.delivered_at)::date AS day, sum(a.w) AS first, sum(b.w) AS second
FROM delivery d
JOIN (SELECT depot_id AS k, 1 AS w FROM depot UNION ALL SELECT product_id AS k, 2 AS w FROM product) a ON a.k = d.depot_id
JOIN (SELECT product_id AS k, 1 AS w FROM product UNION ALL SELECT depot_id AS k, 2 AS w FROM depot) b ON b.k = d.depot_id
JOIN (VALUES (1), (2)) c ON c.column1 = d.product_id
JOIN (VALUES (1), (2)) e ON e.column1 = d.driver_id
GROUP BY 1

-- same: other aliases
SELECT date_trunc('day', x.delivered_at)::date AS day, sum(p.w) AS first, sum(q.w) AS second
FROM delivery x
JOIN (SELECT depot_id AS k, 1 AS w FROM depot UNION ALL SELECT product_id AS k, 2 AS w FROM product) p ON p.k = x.depot_id
JOIN (SELECT product_id AS k, 1 AS w FROM product UNION ALL SELECT depot_id AS k, 2 AS w FROM depot) q ON q.k = x.depot_id
JOIN (VALUES (1), (2)) r ON r.column1 = x.product_id
JOIN (VALUES (1), (2)) s ON s.column1 = x.driver_id
GROUP BY 1

-- same: a CTE
WITH a AS (SELECT depot_id AS k, 1 AS w FROM depot UNION ALL SELECT product_id AS k, 2 AS w FROM product)
SELECT date_trunc('day', d.delivered_at)::date AS day, sum(a.w) AS first, sum(b.w) AS second
FROM delivery d
JOIN a ON a.k = d.depot_id
JOIN (SELECT product_id AS k, 1 AS w FROM product UNION ALL SELECT depot_id AS k, 2 AS w FROM depot) b ON b.k = d.depot_id
JOIN (VALUES (1), (2)) c ON c.column1 = d.product_id
JOIN (VALUES (1), (2)) e ON e.column1 = d.driver_id
GROUP BY 1

-- other: the lists are exchanged
SELECT date_trunc('day', d.delivered_at)::date AS day, sum(b.w) AS first, sum(a.w) AS second
FROM delivery d
JOIN (SELECT depot_id AS k, 1 AS w FROM depot UNION ALL SELECT product_id AS k, 2 AS w FROM product) a ON a.k = d.depot_id
JOIN (SELECT product_id AS k, 1 AS w FROM product UNION ALL SELECT depot_id AS k, 2 AS w FROM depot) b ON b.k = d.depot_id
JOIN (VALUES (1), (2)) c ON c.column1 = d.product_id
JOIN (VALUES (1), (2)) e ON e.column1 = d.driver_id
GROUP BY 1

-- other: a sum of the other rows of values
SELECT date_trunc('day', d.delivered_at)::date AS day, sum(c.column1) AS first, sum(a.w) AS second
FROM delivery d
JOIN (SELECT depot_id AS k, 1 AS w FROM depot UNION ALL SELECT product_id AS k, 2 AS w FROM product) a ON a.k = d.depot_id
JOIN (SELECT product_id AS k, 1 AS w FROM product UNION ALL SELECT depot_id AS k, 2 AS w FROM depot) b ON b.k = d.depot_id
JOIN (VALUES (1), (2)) c ON c.column1 = d.product_id
JOIN (VALUES (1), (2)) e ON e.column1 = d.driver_id
GROUP BY 1

-- other: a sum of one of two equal rows of values
SELECT date_trunc('day', d.delivered_at)::date AS day, sum(e.column1) AS first, sum(a.w) AS second
FROM delivery d
JOIN (SELECT depot_id AS k, 1 AS w FROM depot UNION ALL SELECT product_id AS k, 2 AS w FROM product) a ON a.k = d.depot_id
JOIN (SELECT product_id AS k, 1 AS w FROM product UNION ALL SELECT depot_id AS k, 2 AS w FROM depot) b ON b.k = d.depot_id
JOIN (VALUES (1), (2)) c ON c.column1 = d.product_id
JOIN (VALUES (1), (2)) e ON e.column1 = d.driver_id
GROUP BY 1
