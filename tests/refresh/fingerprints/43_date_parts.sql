-- grain: daily
/* rollup
title: Deliveries by hour of the day
time: delivered_at
*/
SELECT date_trunc('day', d.delivered_at)::date AS day, CAST(date_part('hour', d.delivered_at) AS INTEGER) AS hour, count(*) AS deliveries
FROM delivery d
GROUP BY 1, 2

-- same: another alias, another way to write a cast
SELECT date_trunc('day', x.delivered_at)::date AS day, date_part('hour', x.delivered_at)::integer AS hour, count(*) AS deliveries
FROM delivery x
GROUP BY 1, 2

-- same: a CTE
WITH stop AS (SELECT delivered_at AS at, CAST(date_part('hour', delivered_at) AS INTEGER) AS part FROM delivery)
SELECT date_trunc('day', at)::date AS day, part AS hour, count(*) AS deliveries
FROM stop
GROUP BY 1, 2

-- other: another part
SELECT date_trunc('day', d.delivered_at)::date AS day, CAST(date_part('minute', d.delivered_at) AS INTEGER) AS hour, count(*) AS deliveries
FROM delivery d
GROUP BY 1, 2

-- other: the part of another time
SELECT date_trunc('day', d.delivered_at)::date AS day, CAST(date_part('hour', d.promised_at) AS INTEGER) AS hour, count(*) AS deliveries
FROM delivery d
GROUP BY 1, 2

-- other: a wider number
SELECT date_trunc('day', d.delivered_at)::date AS day, CAST(date_part('hour', d.delivered_at) AS BIGINT) AS hour, count(*) AS deliveries
FROM delivery d
GROUP BY 1, 2

-- other: by the time without its zone
SELECT date_trunc('day', d.delivered_at)::date AS day, CAST(date_part('hour', CAST(d.delivered_at AS TIMESTAMP)) AS INTEGER) AS hour, count(*) AS deliveries
FROM delivery d
GROUP BY 1, 2
