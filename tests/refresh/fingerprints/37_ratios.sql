-- grain: daily
/* rollup
title: Punctuality by driver
time: delivered_at
*/
SELECT date_trunc('day', d.delivered_at)::date AS day, d.driver_id,
       CAST(count(*) FILTER (WHERE d.delivered_at <= d.promised_at) AS DOUBLE) / nullif(count(*), 0) AS punctuality,
       CAST(sum(d.amount) / nullif(sum(d.quantity), 0) AS DECIMAL(14, 4)) AS price_of_a_piece,
       CAST(100 * count(*) AS DOUBLE) / sum(count(*)) OVER (PARTITION BY date_trunc('day', d.delivered_at)::date) AS share_of_the_day
FROM delivery d
GROUP BY 1, 2

-- same: the parts get names in a subquery
SELECT day, driver_id, CAST(in_time AS DOUBLE) / nullif(n, 0) AS punctuality, CAST(money / nullif(pieces, 0) AS DECIMAL(14, 4)) AS price_of_a_piece,
       CAST(100 * n AS DOUBLE) / sum(n) OVER (PARTITION BY day) AS share_of_the_day
FROM (SELECT date_trunc('day', d.delivered_at)::date AS day, d.driver_id, count(*) AS n, count(*) FILTER (WHERE d.delivered_at <= d.promised_at) AS in_time,
             sum(d.amount) AS money, sum(d.quantity) AS pieces
      FROM delivery d
      GROUP BY 1, 2) parts

-- same: another alias and layout
SELECT date_trunc('day', a.delivered_at)::date AS day, a.driver_id,
       (count(*) FILTER (WHERE a.delivered_at <= a.promised_at))::DOUBLE / nullif(count(*), 0) AS punctuality,
       (sum(a.amount) / nullif(sum(a.quantity), 0))::DECIMAL(14, 4) AS price_of_a_piece,
       (100 * count(*))::DOUBLE / (sum(count(*)) OVER (PARTITION BY date_trunc('day', a.delivered_at)::date)) AS share_of_the_day
FROM delivery a
GROUP BY 1, 2

-- other: whole numbers are divided
SELECT date_trunc('day', d.delivered_at)::date AS day, d.driver_id,
       CAST(count(*) FILTER (WHERE d.delivered_at <= d.promised_at) / nullif(count(*), 0) AS DOUBLE) AS punctuality,
       CAST(sum(d.amount) / nullif(sum(d.quantity), 0) AS DECIMAL(14, 4)) AS price_of_a_piece,
       CAST(100 * count(*) AS DOUBLE) / sum(count(*)) OVER (PARTITION BY date_trunc('day', d.delivered_at)::date) AS share_of_the_day
FROM delivery d
GROUP BY 1, 2

-- other: the other way round
SELECT date_trunc('day', d.delivered_at)::date AS day, d.driver_id,
       CAST(count(*) AS DOUBLE) / nullif(count(*) FILTER (WHERE d.delivered_at <= d.promised_at), 0) AS punctuality,
       CAST(sum(d.amount) / nullif(sum(d.quantity), 0) AS DECIMAL(14, 4)) AS price_of_a_piece,
       CAST(100 * count(*) AS DOUBLE) / sum(count(*)) OVER (PARTITION BY date_trunc('day', d.delivered_at)::date) AS share_of_the_day
FROM delivery d
GROUP BY 1, 2

-- other: the average of prices
SELECT date_trunc('day', d.delivered_at)::date AS day, d.driver_id,
       CAST(count(*) FILTER (WHERE d.delivered_at <= d.promised_at) AS DOUBLE) / nullif(count(*), 0) AS punctuality,
       CAST(avg(d.amount / nullif(d.quantity, 0)) AS DECIMAL(14, 4)) AS price_of_a_piece,
       CAST(100 * count(*) AS DOUBLE) / sum(count(*)) OVER (PARTITION BY date_trunc('day', d.delivered_at)::date) AS share_of_the_day
FROM delivery d
GROUP BY 1, 2

-- other: cast before it is divided
SELECT date_trunc('day', d.delivered_at)::date AS day, d.driver_id,
       CAST(count(*) FILTER (WHERE d.delivered_at <= d.promised_at) AS DOUBLE) / nullif(count(*), 0) AS punctuality,
       CAST(CAST(sum(d.amount) AS DECIMAL(14, 4)) / nullif(sum(d.quantity), 0) AS DECIMAL(14, 4)) AS price_of_a_piece,
       CAST(100 * count(*) AS DOUBLE) / sum(count(*)) OVER (PARTITION BY date_trunc('day', d.delivered_at)::date) AS share_of_the_day
FROM delivery d
GROUP BY 1, 2

-- other: the share of the driver's days
SELECT date_trunc('day', d.delivered_at)::date AS day, d.driver_id,
       CAST(count(*) FILTER (WHERE d.delivered_at <= d.promised_at) AS DOUBLE) / nullif(count(*), 0) AS punctuality,
       CAST(sum(d.amount) / nullif(sum(d.quantity), 0) AS DECIMAL(14, 4)) AS price_of_a_piece,
       CAST(100 * count(*) AS DOUBLE) / sum(count(*)) OVER (PARTITION BY d.driver_id) AS share_of_the_day
FROM delivery d
GROUP BY 1, 2

-- other: how many drivers there are
SELECT date_trunc('day', d.delivered_at)::date AS day, d.driver_id,
       CAST(count(*) FILTER (WHERE d.delivered_at <= d.promised_at) AS DOUBLE) / nullif(count(*), 0) AS punctuality,
       CAST(sum(d.amount) / nullif(sum(d.quantity), 0) AS DECIMAL(14, 4)) AS price_of_a_piece,
       CAST(100 * count(*) AS DOUBLE) / count(*) OVER (PARTITION BY date_trunc('day', d.delivered_at)::date) AS share_of_the_day
FROM delivery d
GROUP BY 1, 2
