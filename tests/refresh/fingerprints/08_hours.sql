-- grain: hourly
/* rollup
title: Orders by hour
time: ordered_at
*/
SELECT date_trunc('hour', o.ordered_at)          AS hour,
       date_trunc('day', o.ordered_at)::date     AS day,
       o.channel,
       count(*)                                  AS orders,
       CAST(sum(o.amount) AS DECIMAL(18, 2))     AS amount
FROM sales_order o
WHERE o.status <> 'cancelled'
GROUP BY 1, 2, 3

-- same: unequal written the other way
select date_trunc('hour', t.ordered_at) hour, date_trunc('day', t.ordered_at)::date "day", t.channel, count(*) orders,
       cast(sum(t.amount) as decimal(18,2)) amount
from sales_order t
where t.status != 'cancelled'
group by 1, 2, 3

-- same: a CTE filters
WITH valid AS (SELECT * FROM sales_order WHERE status <> 'cancelled')
SELECT date_trunc('hour', ordered_at) AS hour, date_trunc('day', ordered_at)::date AS day, channel, count(*) AS orders,
       CAST(sum(amount) AS DECIMAL(18, 2)) AS amount
FROM valid
GROUP BY 1, 2, 3

-- other: the filter is gone
SELECT date_trunc('hour', o.ordered_at) AS hour, date_trunc('day', o.ordered_at)::date AS day, o.channel, count(*) AS orders,
       CAST(sum(o.amount) AS DECIMAL(18, 2)) AS amount
FROM sales_order o
GROUP BY 1, 2, 3

-- other: equal in place of unequal
SELECT date_trunc('hour', o.ordered_at) AS hour, date_trunc('day', o.ordered_at)::date AS day, o.channel, count(*) AS orders,
       CAST(sum(o.amount) AS DECIMAL(18, 2)) AS amount
FROM sales_order o
WHERE o.status = 'cancelled'
GROUP BY 1, 2, 3

-- other: the hour lies behind the day
SELECT date_trunc('day', o.ordered_at)::date AS day, date_trunc('hour', o.ordered_at) AS hour, o.channel, count(*) AS orders,
       CAST(sum(o.amount) AS DECIMAL(18, 2)) AS amount
FROM sales_order o
WHERE o.status <> 'cancelled'
GROUP BY 1, 2, 3

-- other: also by minute
SELECT date_trunc('hour', o.ordered_at) AS hour, date_trunc('day', o.ordered_at)::date AS day, o.channel, count(*) AS orders,
       CAST(sum(o.amount) AS DECIMAL(18, 2)) AS amount
FROM sales_order o
WHERE o.status <> 'cancelled'
GROUP BY 1, 2, 3, date_trunc('minute', o.ordered_at)

-- other: a rollup with one row a day
-- grain: daily
SELECT date_trunc('hour', o.ordered_at) AS hour, date_trunc('day', o.ordered_at)::date AS day, o.channel, count(*) AS orders,
       CAST(sum(o.amount) AS DECIMAL(18, 2)) AS amount
FROM sales_order o
WHERE o.status <> 'cancelled'
GROUP BY 1, 2, 3
