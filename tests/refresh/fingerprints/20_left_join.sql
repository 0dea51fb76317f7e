-- grain: daily
/* rollup
title: Customers by kind, also those that were removed
time: delivered_at
*/
SELECT date_trunc('day', d.delivered_at)::date AS day, coalesce(c.customer_type, 'removed') AS customer_type,
       count(DISTINCT d.customer_id) AS customers, CAST(sum(d.amount) AS DECIMAL(18, 2)) AS revenue
FROM delivery d
LEFT JOIN customer c ON c.customer_id = d.customer_id
WHERE d.status = 'completed'
GROUP BY 1, 2

-- same: OUTER, other aliases
SELECT date_trunc('day', l.delivered_at)::date AS day, coalesce(r.customer_type, 'removed') AS customer_type,
       count(DISTINCT l.customer_id) AS customers, CAST(sum(l.amount) AS DECIMAL(18, 2)) AS revenue
FROM delivery l
LEFT OUTER JOIN customer r ON (r.customer_id = l.customer_id)
WHERE l.status = 'completed'
GROUP BY 1, 2

-- same: columns of the joined table get other names in a subquery
SELECT date_trunc('day', d.delivered_at)::date AS day, coalesce(c.kind, 'removed') AS customer_type,
       count(DISTINCT d.customer_id) AS customers, CAST(sum(d.amount) AS DECIMAL(18, 2)) AS revenue
FROM delivery d
LEFT JOIN (SELECT customer_type AS kind, customer_id AS id FROM customer) c ON c.id = d.customer_id
WHERE d.status = 'completed'
GROUP BY 1, 2

-- other: INNER
SELECT date_trunc('day', d.delivered_at)::date AS day, coalesce(c.customer_type, 'removed') AS customer_type,
       count(DISTINCT d.customer_id) AS customers, CAST(sum(d.amount) AS DECIMAL(18, 2)) AS revenue
FROM delivery d
JOIN customer c ON c.customer_id = d.customer_id
WHERE d.status = 'completed'
GROUP BY 1, 2

-- other: a condition of the join and not of the rows
SELECT date_trunc('day', d.delivered_at)::date AS day, coalesce(c.customer_type, 'removed') AS customer_type,
       count(DISTINCT d.customer_id) AS customers, CAST(sum(d.amount) AS DECIMAL(18, 2)) AS revenue
FROM delivery d
LEFT JOIN customer c ON c.customer_id = d.customer_id AND d.status = 'completed'
GROUP BY 1, 2

-- other: a condition on the joined rows above the join
SELECT date_trunc('day', d.delivered_at)::date AS day, coalesce(c.customer_type, 'removed') AS customer_type,
       count(DISTINCT d.customer_id) AS customers, CAST(sum(d.amount) AS DECIMAL(18, 2)) AS revenue
FROM delivery d
LEFT JOIN customer c ON c.customer_id = d.customer_id
WHERE d.status = 'completed' AND NOT c.is_deleted
GROUP BY 1, 2

-- other: the same condition below the join
SELECT date_trunc('day', d.delivered_at)::date AS day, coalesce(c.customer_type, 'removed') AS customer_type,
       count(DISTINCT d.customer_id) AS customers, CAST(sum(d.amount) AS DECIMAL(18, 2)) AS revenue
FROM delivery d
LEFT JOIN (SELECT * FROM customer WHERE NOT is_deleted) c ON c.customer_id = d.customer_id
WHERE d.status = 'completed'
GROUP BY 1, 2

-- other: the same condition in the join
SELECT date_trunc('day', d.delivered_at)::date AS day, coalesce(c.customer_type, 'removed') AS customer_type,
       count(DISTINCT d.customer_id) AS customers, CAST(sum(d.amount) AS DECIMAL(18, 2)) AS revenue
FROM delivery d
LEFT JOIN customer c ON c.customer_id = d.customer_id AND NOT c.is_deleted
WHERE d.status = 'completed'
GROUP BY 1, 2

-- other: customers without a delivery alone are missing
SELECT date_trunc('day', d.delivered_at)::date AS day, coalesce(c.customer_type, 'removed') AS customer_type,
       count(DISTINCT c.customer_id) AS customers, CAST(sum(d.amount) AS DECIMAL(18, 2)) AS revenue
FROM delivery d
LEFT JOIN customer c ON c.customer_id = d.customer_id
WHERE d.status = 'completed'
GROUP BY 1, 2

-- other: the sides are exchanged
SELECT date_trunc('day', d.delivered_at)::date AS day, coalesce(c.customer_type, 'removed') AS customer_type,
       count(DISTINCT d.customer_id) AS customers, CAST(sum(d.amount) AS DECIMAL(18, 2)) AS revenue
FROM customer c
LEFT JOIN delivery d ON c.customer_id = d.customer_id
WHERE d.status = 'completed'
GROUP BY 1, 2
