-- grain: daily
/* rollup
title: Punctual deliveries by day
time: delivered_at
*/
SELECT date_trunc('day', d.delivered_at)::date                                                        AS day,
       d.depot_id,
       count(*) FILTER (WHERE d.status = 'completed' AND d.delivered_at <= d.promised_at)             AS on_time,
       CAST(coalesce(sum(d.quantity) FILTER (WHERE d.status = 'completed'), 0) AS BIGINT)             AS pieces,
       count(d.rating)                                                                                AS ratings
FROM delivery d
GROUP BY 1, 2

-- same: another layout and alias
SELECT date_trunc('day', z.delivered_at)::date AS day, z.depot_id,
       count(*) FILTER (
           WHERE z.status = 'completed'
             AND z.delivered_at <= z.promised_at
       ) AS on_time,
       CAST(coalesce(sum(z.quantity) FILTER (WHERE (z.status = 'completed')), 0) AS BIGINT) AS pieces,
       count(z.rating) AS ratings
FROM delivery z
GROUP BY 1, 2

-- same: the condition gets a name
WITH stop AS (SELECT *, status = 'completed' AS done FROM delivery)
SELECT date_trunc('day', delivered_at)::date AS day, depot_id, count(*) FILTER (WHERE done AND delivered_at <= promised_at) AS on_time,
       CAST(coalesce(sum(quantity) FILTER (WHERE done), 0) AS BIGINT) AS pieces, count(rating) AS ratings
FROM stop
GROUP BY 1, 2

-- other: not later becomes earlier
SELECT date_trunc('day', d.delivered_at)::date AS day, d.depot_id,
       count(*) FILTER (WHERE d.status = 'completed' AND d.delivered_at < d.promised_at) AS on_time,
       CAST(coalesce(sum(d.quantity) FILTER (WHERE d.status = 'completed'), 0) AS BIGINT) AS pieces, count(d.rating) AS ratings
FROM delivery d
GROUP BY 1, 2

-- other: or in place of and
SELECT date_trunc('day', d.delivered_at)::date AS day, d.depot_id,
       count(*) FILTER (WHERE d.status = 'completed' OR d.delivered_at <= d.promised_at) AS on_time,
       CAST(coalesce(sum(d.quantity) FILTER (WHERE d.status = 'completed'), 0) AS BIGINT) AS pieces, count(d.rating) AS ratings
FROM delivery d
GROUP BY 1, 2

-- other: one filter for all, which also takes the groups away
SELECT date_trunc('day', d.delivered_at)::date AS day, d.depot_id, count(*) FILTER (WHERE d.delivered_at <= d.promised_at) AS on_time,
       CAST(coalesce(sum(d.quantity), 0) AS BIGINT) AS pieces, count(d.rating) AS ratings
FROM delivery d
WHERE d.status = 'completed'
GROUP BY 1, 2

-- other: the filter moves to the next aggregate
SELECT date_trunc('day', d.delivered_at)::date AS day, d.depot_id,
       count(*) FILTER (WHERE d.status = 'completed' AND d.delivered_at <= d.promised_at) AS on_time,
       CAST(coalesce(sum(d.quantity), 0) AS BIGINT) AS pieces, count(d.rating) FILTER (WHERE d.status = 'completed') AS ratings
FROM delivery d
GROUP BY 1, 2

-- other: a sum of nothing is NULL
SELECT date_trunc('day', d.delivered_at)::date AS day, d.depot_id,
       count(*) FILTER (WHERE d.status = 'completed' AND d.delivered_at <= d.promised_at) AS on_time,
       CAST(sum(d.quantity) FILTER (WHERE d.status = 'completed') AS BIGINT) AS pieces, count(d.rating) AS ratings
FROM delivery d
GROUP BY 1, 2

-- other: a sum of nothing is another number
SELECT date_trunc('day', d.delivered_at)::date AS day, d.depot_id,
       count(*) FILTER (WHERE d.status = 'completed' AND d.delivered_at <= d.promised_at) AS on_time,
       CAST(coalesce(sum(d.quantity) FILTER (WHERE d.status = 'completed'), -1) AS BIGINT) AS pieces, count(d.rating) AS ratings
FROM delivery d
GROUP BY 1, 2

-- other: different ratings
SELECT date_trunc('day', d.delivered_at)::date AS day, d.depot_id,
       count(*) FILTER (WHERE d.status = 'completed' AND d.delivered_at <= d.promised_at) AS on_time,
       CAST(coalesce(sum(d.quantity) FILTER (WHERE d.status = 'completed'), 0) AS BIGINT) AS pieces, count(DISTINCT d.rating) AS ratings
FROM delivery d
GROUP BY 1, 2
