-- grain: daily
/* rollup
title: Deliveries to restaurants, beside the largest depot
time: delivered_at
*/
SELECT date_trunc('day', d.delivered_at)::date AS day, (SELECT max(p.capacity_cylinders) FROM depot p WHERE p.region <> 'east') AS capacity,
       count(*) AS deliveries
FROM delivery d
WHERE d.customer_id IN (SELECT c.customer_id FROM customer c WHERE c.customer_type = 'restaurant')
GROUP BY 1, 2

-- same: other aliases, inside and outside
SELECT date_trunc('day', a.delivered_at)::date AS day, (SELECT max(b.capacity_cylinders) FROM depot b WHERE b.region <> 'east') AS capacity,
       count(*) AS deliveries
FROM delivery a
WHERE a.customer_id IN (SELECT e.customer_id FROM customer e WHERE e.customer_type = 'restaurant')
GROUP BY 1, 2

-- same: CTEs inside
WITH restaurant AS (SELECT customer_id AS id FROM customer WHERE customer_type = 'restaurant'),
     capacity AS (SELECT max(capacity_cylinders) AS most FROM depot WHERE region <> 'east')
SELECT date_trunc('day', d.delivered_at)::date AS day, (SELECT most FROM capacity) AS capacity, count(*) AS deliveries
FROM delivery d
WHERE d.customer_id IN (SELECT id FROM restaurant)
GROUP BY 1, 2

-- other: all others
SELECT date_trunc('day', d.delivered_at)::date AS day, (SELECT max(p.capacity_cylinders) FROM depot p WHERE p.region <> 'east') AS capacity,
       count(*) AS deliveries
FROM delivery d
WHERE d.customer_id NOT IN (SELECT c.customer_id FROM customer c WHERE c.customer_type = 'restaurant')
GROUP BY 1, 2

-- other: another kind
SELECT date_trunc('day', d.delivered_at)::date AS day, (SELECT max(p.capacity_cylinders) FROM depot p WHERE p.region <> 'east') AS capacity,
       count(*) AS deliveries
FROM delivery d
WHERE d.customer_id IN (SELECT c.customer_id FROM customer c WHERE c.customer_type = 'household')
GROUP BY 1, 2

-- other: another column of the customer
SELECT date_trunc('day', d.delivered_at)::date AS day, (SELECT max(p.capacity_cylinders) FROM depot p WHERE p.region <> 'east') AS capacity,
       count(*) AS deliveries
FROM delivery d
WHERE d.customer_id IN (SELECT c.depot_id FROM customer c WHERE c.customer_type = 'restaurant')
GROUP BY 1, 2

-- other: another column of the delivery
SELECT date_trunc('day', d.delivered_at)::date AS day, (SELECT max(p.capacity_cylinders) FROM depot p WHERE p.region <> 'east') AS capacity,
       count(*) AS deliveries
FROM delivery d
WHERE d.driver_id IN (SELECT c.customer_id FROM customer c WHERE c.customer_type = 'restaurant')
GROUP BY 1, 2

-- other: the smallest depot
SELECT date_trunc('day', d.delivered_at)::date AS day, (SELECT min(p.capacity_cylinders) FROM depot p WHERE p.region <> 'east') AS capacity,
       count(*) AS deliveries
FROM delivery d
WHERE d.customer_id IN (SELECT c.customer_id FROM customer c WHERE c.customer_type = 'restaurant')
GROUP BY 1, 2

-- other: another region
SELECT date_trunc('day', d.delivered_at)::date AS day, (SELECT max(p.capacity_cylinders) FROM depot p WHERE p.region <> 'west') AS capacity,
       count(*) AS deliveries
FROM delivery d
WHERE d.customer_id IN (SELECT c.customer_id FROM customer c WHERE c.customer_type = 'restaurant')
GROUP BY 1, 2
