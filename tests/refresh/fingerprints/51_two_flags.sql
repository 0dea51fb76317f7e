-- grain: daily
/* rollup
title: Deliveries to known customers and from known depots
time: delivered_at
*/
SELECT date_trunc('day', d.delivered_at)::date AS day, count(c.flag) AS customers, count(e.flag) AS depots
FROM delivery d
LEFT JOIN (SELECT customer_id, 1 AS flag FROM customer) c ON c.customer_id = d.customer_id
LEFT JOIN (SELECT depot_id, 1 AS flag FROM depot) e ON e.depot_id = d.depot_id
GROUP BY 1

-- same: CTEs and other aliases
WITH known_customer AS (SELECT customer_id AS number, 1 AS is_known FROM customer),
     known_depot AS (SELECT depot_id AS number, 1 AS is_known FROM depot)
SELECT date_trunc('day', x.delivered_at)::date AS day, count(y.is_known) AS customers, count(z.is_known) AS depots
FROM delivery x
LEFT JOIN known_customer y ON y.number = x.customer_id
LEFT JOIN known_depot z ON z.number = x.depot_id
GROUP BY 1

-- same: another layout
SELECT date_trunc('day', d.delivered_at)::date AS day,
       count(c.flag) AS customers,
       count(e.flag) AS depots
FROM delivery d
    LEFT JOIN (SELECT customer_id, 1 AS flag FROM customer) AS c ON (c.customer_id = d.customer_id)
    LEFT JOIN (SELECT depot_id, 1 AS flag FROM depot) AS e ON (e.depot_id = d.depot_id)
GROUP BY 1

-- other: both count customers
SELECT date_trunc('day', d.delivered_at)::date AS day, count(c.flag) AS customers, count(c.flag) AS depots
FROM delivery d
LEFT JOIN (SELECT customer_id, 1 AS flag FROM customer) c ON c.customer_id = d.customer_id
LEFT JOIN (SELECT depot_id, 1 AS flag FROM depot) e ON e.depot_id = d.depot_id
GROUP BY 1

-- other: both count depots
SELECT date_trunc('day', d.delivered_at)::date AS day, count(e.flag) AS customers, count(e.flag) AS depots
FROM delivery d
LEFT JOIN (SELECT customer_id, 1 AS flag FROM customer) c ON c.customer_id = d.customer_id
LEFT JOIN (SELECT depot_id, 1 AS flag FROM depot) e ON e.depot_id = d.depot_id
GROUP BY 1

-- other: each in the place of the other
SELECT date_trunc('day', d.delivered_at)::date AS day, count(e.flag) AS customers, count(c.flag) AS depots
FROM delivery d
LEFT JOIN (SELECT customer_id, 1 AS flag FROM customer) c ON c.customer_id = d.customer_id
LEFT JOIN (SELECT depot_id, 1 AS flag FROM depot) e ON e.depot_id = d.depot_id
GROUP BY 1

-- other: only those without a customer
SELECT date_trunc('day', d.delivered_at)::date AS day, count(c.flag) AS customers, count(e.flag) AS depots
FROM delivery d
LEFT JOIN (SELECT customer_id, 1 AS flag FROM customer) c ON c.customer_id = d.customer_id
LEFT JOIN (SELECT depot_id, 1 AS flag FROM depot) e ON e.depot_id = d.depot_id
WHERE c.flag IS NULL
GROUP BY 1

-- other: only those without a depot
SELECT date_trunc('day', d.delivered_at)::date AS day, count(c.flag) AS customers, count(e.flag) AS depots
FROM delivery d
LEFT JOIN (SELECT customer_id, 1 AS flag FROM customer) c ON c.customer_id = d.customer_id
LEFT JOIN (SELECT depot_id, 1 AS flag FROM depot) e ON e.depot_id = d.depot_id
WHERE e.flag IS NULL
GROUP BY 1
