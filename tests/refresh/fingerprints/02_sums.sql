-- grain: daily
/* rollup
title: What was delivered by day
time: delivered_at
*/
SELECT date_trunc('day', d.delivered_at)::date    AS day,
       d.product_id,
       CAST(sum(d.quantity) AS BIGINT)            AS pieces,
       CAST(sum(d.amount) AS DECIMAL(18, 2))      AS revenue,
       sum(d.distance_km)                         AS distance_km
FROM delivery d
GROUP BY 1, 2

-- same: one line, other alias, casts with colons
SELECT date_trunc('day', x.delivered_at)::date AS day, x.product_id, sum(x.quantity)::BIGINT AS pieces, sum(x.amount)::DECIMAL(18,2) AS revenue, sum(x.distance_km) AS distance_km FROM delivery x GROUP BY 1, 2

-- same: the other name of a type, grouped by the name of the bucket
SELECT date_trunc('day', d.delivered_at)::date AS day, d.product_id, CAST(sum(d.quantity) AS INT8) AS pieces,
       CAST(sum(d.amount) AS NUMERIC(18, 2)) AS revenue, sum(d.distance_km) AS distance_km
FROM delivery d
GROUP BY day, d.product_id

-- same: the rows come out of a subquery with names of its own
SELECT bucket AS day, what AS product_id, CAST(sum(q) AS BIGINT) AS pieces, CAST(sum(money) AS DECIMAL(18, 2)) AS revenue, sum(km) AS distance_km
FROM (SELECT date_trunc('day', delivered_at)::date AS bucket, product_id AS what, quantity AS q, amount AS money, distance_km AS km FROM delivery) facts
GROUP BY 1, 2

-- other: another number is added up
SELECT date_trunc('day', d.delivered_at)::date AS day, d.product_id, CAST(sum(d.rating) AS BIGINT) AS pieces,
       CAST(sum(d.amount) AS DECIMAL(18, 2)) AS revenue, sum(d.distance_km) AS distance_km
FROM delivery d
GROUP BY 1, 2

-- other: different values alone are added up
SELECT date_trunc('day', d.delivered_at)::date AS day, d.product_id, CAST(sum(DISTINCT d.quantity) AS BIGINT) AS pieces,
       CAST(sum(d.amount) AS DECIMAL(18, 2)) AS revenue, sum(d.distance_km) AS distance_km
FROM delivery d
GROUP BY 1, 2

-- other: more digits before the point
SELECT date_trunc('day', d.delivered_at)::date AS day, d.product_id, CAST(sum(d.quantity) AS BIGINT) AS pieces,
       CAST(sum(d.amount) AS DECIMAL(20, 2)) AS revenue, sum(d.distance_km) AS distance_km
FROM delivery d
GROUP BY 1, 2

-- other: fewer digits after the point
SELECT date_trunc('day', d.delivered_at)::date AS day, d.product_id, CAST(sum(d.quantity) AS BIGINT) AS pieces,
       CAST(sum(d.amount) AS DECIMAL(18, 1)) AS revenue, sum(d.distance_km) AS distance_km
FROM delivery d
GROUP BY 1, 2

-- other: rounded first, then cast
SELECT date_trunc('day', d.delivered_at)::date AS day, d.product_id, CAST(sum(d.quantity) AS BIGINT) AS pieces,
       CAST(CAST(sum(d.amount) AS DECIMAL(18, 0)) AS DECIMAL(18, 2)) AS revenue, sum(d.distance_km) AS distance_km
FROM delivery d
GROUP BY 1, 2

-- other: each value is cast, and not the sum
SELECT date_trunc('day', d.delivered_at)::date AS day, d.product_id, CAST(sum(d.quantity) AS BIGINT) AS pieces,
       CAST(sum(CAST(d.amount AS DECIMAL(14, 0))) AS DECIMAL(18, 2)) AS revenue, sum(d.distance_km) AS distance_km
FROM delivery d
GROUP BY 1, 2

-- other: an average in place of a sum
SELECT date_trunc('day', d.delivered_at)::date AS day, d.product_id, CAST(sum(d.quantity) AS BIGINT) AS pieces,
       CAST(sum(d.amount) AS DECIMAL(18, 2)) AS revenue, avg(d.distance_km) AS distance_km
FROM delivery d
GROUP BY 1, 2

-- other: two sums in each other's place
SELECT date_trunc('day', d.delivered_at)::date AS day, d.product_id, CAST(sum(d.amount) AS BIGINT) AS pieces,
       CAST(sum(d.quantity) AS DECIMAL(18, 2)) AS revenue, sum(d.distance_km) AS distance_km
FROM delivery d
GROUP BY 1, 2
