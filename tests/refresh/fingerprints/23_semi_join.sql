-- grain: daily
/* rollup
title: Deliveries to customers that are known
time: delivered_at
*/
SELECT date_trunc('day', d.delivered_at)::date AS day, d.depot_id, count(*) AS deliveries
FROM delivery d
LEFT SEMI JOIN customer c ON c.customer_id = d.customer_id AND c.customer_type = 'restaurant'
GROUP BY 1, 2

-- same: other aliases and order
SELECT date_trunc('day', f.delivered_at)::date AS day, f.depot_id, count(*) AS deliveries
FROM delivery f
LEFT SEMI JOIN customer k ON k.customer_type = 'restaurant' AND k.customer_id = f.customer_id
GROUP BY 1, 2

-- same: a CTE
WITH known AS (SELECT customer_id AS id, customer_type AS kind FROM customer)
SELECT date_trunc('day', d.delivered_at)::date AS day, d.depot_id, count(*) AS deliveries
FROM delivery d
LEFT SEMI JOIN known ON known.id = d.customer_id AND known.kind = 'restaurant'
GROUP BY 1, 2

-- other: those that are not
SELECT date_trunc('day', d.delivered_at)::date AS day, d.depot_id, count(*) AS deliveries
FROM delivery d
LEFT ANTI JOIN customer c ON c.customer_id = d.customer_id AND c.customer_type = 'restaurant'
GROUP BY 1, 2

-- other: once for each partner
SELECT date_trunc('day', d.delivered_at)::date AS day, d.depot_id, count(*) AS deliveries
FROM delivery d
JOIN customer c ON c.customer_id = d.customer_id AND c.customer_type = 'restaurant'
GROUP BY 1, 2

-- other: another kind
SELECT date_trunc('day', d.delivered_at)::date AS day, d.depot_id, count(*) AS deliveries
FROM delivery d
LEFT SEMI JOIN customer c ON c.customer_id = d.customer_id AND c.customer_type = 'household'
GROUP BY 1, 2

-- other: by another column
SELECT date_trunc('day', d.delivered_at)::date AS day, d.depot_id, count(*) AS deliveries
FROM delivery d
LEFT SEMI JOIN customer c ON c.depot_id = d.depot_id AND c.customer_type = 'restaurant'
GROUP BY 1, 2
