-- grain: daily
/* rollup
title: Deliveries of an order that was delivered before
time: delivered_at
*/
SELECT date_trunc('day', d.delivered_at)::date AS day, d.depot_id, count(*) AS deliveries
FROM delivery earlier
RIGHT SEMI JOIN delivery d ON earlier.order_id = d.order_id AND earlier.delivered_at < d.delivered_at
GROUP BY 1, 2

-- same: other aliases
SELECT date_trunc('day', b.delivered_at)::date AS day, b.depot_id, count(*) AS deliveries
FROM delivery a
RIGHT SEMI JOIN delivery b ON a.order_id = b.order_id AND a.delivered_at < b.delivered_at
GROUP BY 1, 2

-- same: two CTEs
WITH first AS (SELECT order_id AS number, delivered_at AS at FROM delivery), second AS (SELECT * FROM delivery)
SELECT date_trunc('day', second.delivered_at)::date AS day, second.depot_id, count(*) AS deliveries
FROM first
RIGHT SEMI JOIN second ON first.number = second.order_id AND first.at < second.delivered_at
GROUP BY 1, 2

-- other: of one that was not
SELECT date_trunc('day', d.delivered_at)::date AS day, d.depot_id, count(*) AS deliveries
FROM delivery earlier
RIGHT ANTI JOIN delivery d ON earlier.order_id = d.order_id AND earlier.delivered_at < d.delivered_at
GROUP BY 1, 2

-- other: the earlier ones
SELECT date_trunc('day', d.delivered_at)::date AS day, d.depot_id, count(*) AS deliveries
FROM delivery d
LEFT SEMI JOIN delivery later ON d.order_id = later.order_id AND d.delivered_at < later.delivered_at
GROUP BY 1, 2

-- other: once for each
SELECT date_trunc('day', d.delivered_at)::date AS day, d.depot_id, count(*) AS deliveries
FROM delivery earlier
JOIN delivery d ON earlier.order_id = d.order_id AND earlier.delivered_at < d.delivered_at
GROUP BY 1, 2

-- other: also at the same time
SELECT date_trunc('day', d.delivered_at)::date AS day, d.depot_id, count(*) AS deliveries
FROM delivery earlier
RIGHT SEMI JOIN delivery d ON earlier.order_id = d.order_id AND earlier.delivered_at <= d.delivered_at
GROUP BY 1, 2
