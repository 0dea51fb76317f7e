-- grain: daily
/* rollup
title: Deliveries that were paid
time: delivered_at
*/
SELECT date_trunc('day', d.delivered_at)::date AS day, count(*) AS deliveries
FROM (SELECT delivered_at, order_id AS number, customer_id AS who FROM delivery) d
WHERE EXISTS (SELECT 1 FROM payment p WHERE p.order_id = d.number AND p.method = 'cash')
GROUP BY 1

-- same: another alias inside
SELECT date_trunc('day', d.delivered_at)::date AS day, count(*) AS deliveries
FROM (SELECT delivered_at, order_id AS number, customer_id AS who FROM delivery) d
WHERE EXISTS (SELECT 1 FROM payment m WHERE m.method = 'cash' AND m.order_id = d.number)
GROUP BY 1

-- same: another alias outside
SELECT date_trunc('day', stop.delivered_at)::date AS day, count(*) AS deliveries
FROM (SELECT delivered_at, order_id AS number, customer_id AS who FROM delivery) stop
WHERE EXISTS (SELECT 1 FROM payment p WHERE p.order_id = stop.number AND p.method = 'cash')
GROUP BY 1

-- same: the table itself
SELECT date_trunc('day', d.delivered_at)::date AS day, count(*) AS deliveries
FROM delivery d
WHERE EXISTS (SELECT 1 FROM payment p WHERE p.order_id = d.order_id AND p.method = 'cash')
GROUP BY 1

-- other: unpaid ones
SELECT date_trunc('day', d.delivered_at)::date AS day, count(*) AS deliveries
FROM (SELECT delivered_at, order_id AS number, customer_id AS who FROM delivery) d
WHERE NOT EXISTS (SELECT 1 FROM payment p WHERE p.order_id = d.number AND p.method = 'cash')
GROUP BY 1

-- other: another way of payment
SELECT date_trunc('day', d.delivered_at)::date AS day, count(*) AS deliveries
FROM (SELECT delivered_at, order_id AS number, customer_id AS who FROM delivery) d
WHERE EXISTS (SELECT 1 FROM payment p WHERE p.order_id = d.number AND p.method = 'card')
GROUP BY 1

-- other: the number is another column
SELECT date_trunc('day', d.delivered_at)::date AS day, count(*) AS deliveries
FROM (SELECT delivered_at, delivery_id AS number, customer_id AS who FROM delivery) d
WHERE EXISTS (SELECT 1 FROM payment p WHERE p.order_id = d.number AND p.method = 'cash')
GROUP BY 1

-- other: the names of two columns are exchanged
SELECT date_trunc('day', d.delivered_at)::date AS day, count(*) AS deliveries
FROM (SELECT delivered_at, order_id AS who, customer_id AS number FROM delivery) d
WHERE EXISTS (SELECT 1 FROM payment p WHERE p.order_id = d.number AND p.method = 'cash')
GROUP BY 1

-- other: by the customer on both sides
SELECT date_trunc('day', d.delivered_at)::date AS day, count(*) AS deliveries
FROM (SELECT delivered_at, order_id AS number, customer_id AS who FROM delivery) d
WHERE EXISTS (SELECT 1 FROM payment p WHERE p.customer_id = d.who AND p.method = 'cash')
GROUP BY 1
