-- grain: monthly
/* rollup
title: Prices by month
time: delivered_at
*/
SELECT date_trunc('month', d.delivered_at)::date      AS month,
       d.product_id,
       min(d.unit_price)                              AS lowest_price,
       max(d.unit_price)                              AS highest_price,
       CAST(avg(d.unit_price) AS DECIMAL(14, 6))      AS average_price,
       avg(CAST(d.rating AS DOUBLE))                  AS average_rating,
       max(d.delivered_at)::date                      AS last_delivered_on
FROM delivery d
GROUP BY 1, 2

-- same: the facts as a CTE, another name for the mean
WITH facts AS (SELECT * FROM delivery)
SELECT date_trunc('month', f.delivered_at)::date AS month, f.product_id, min(f.unit_price) AS lowest_price, max(f.unit_price) AS highest_price,
       CAST(mean(f.unit_price) AS DECIMAL(14, 6)) AS average_price, avg(f.rating::double) AS average_rating,
       CAST(max(f.delivered_at) AS DATE) AS last_delivered_on
FROM facts f
GROUP BY 1, 2

-- same: a bucket that is named before it is used
SELECT d.month, d.product_id, min(d.unit_price) AS lowest_price, max(d.unit_price) AS highest_price,
       CAST(avg(d.unit_price) AS DECIMAL(14, 6)) AS average_price, avg(CAST(d.rating AS DOUBLE)) AS average_rating,
       max(d.delivered_at)::date AS last_delivered_on
FROM (SELECT *, date_trunc('month', delivered_at)::date AS month FROM delivery) d
GROUP BY d.month, d.product_id

-- other: the extremes in each other's place
SELECT date_trunc('month', d.delivered_at)::date AS month, d.product_id, max(d.unit_price) AS lowest_price, min(d.unit_price) AS highest_price,
       CAST(avg(d.unit_price) AS DECIMAL(14, 6)) AS average_price, avg(CAST(d.rating AS DOUBLE)) AS average_rating,
       max(d.delivered_at)::date AS last_delivered_on
FROM delivery d
GROUP BY 1, 2

-- other: the average of different prices
SELECT date_trunc('month', d.delivered_at)::date AS month, d.product_id, min(d.unit_price) AS lowest_price, max(d.unit_price) AS highest_price,
       CAST(avg(DISTINCT d.unit_price) AS DECIMAL(14, 6)) AS average_price, avg(CAST(d.rating AS DOUBLE)) AS average_rating,
       max(d.delivered_at)::date AS last_delivered_on
FROM delivery d
GROUP BY 1, 2

-- other: no rating is a rating of none
SELECT date_trunc('month', d.delivered_at)::date AS month, d.product_id, min(d.unit_price) AS lowest_price, max(d.unit_price) AS highest_price,
       CAST(avg(d.unit_price) AS DECIMAL(14, 6)) AS average_price, avg(CAST(coalesce(d.rating, 0) AS DOUBLE)) AS average_rating,
       max(d.delivered_at)::date AS last_delivered_on
FROM delivery d
GROUP BY 1, 2

-- other: the rating is cast to a shorter float
SELECT date_trunc('month', d.delivered_at)::date AS month, d.product_id, min(d.unit_price) AS lowest_price, max(d.unit_price) AS highest_price,
       CAST(avg(d.unit_price) AS DECIMAL(14, 6)) AS average_price, CAST(avg(CAST(d.rating AS REAL)) AS DOUBLE) AS average_rating,
       max(d.delivered_at)::date AS last_delivered_on
FROM delivery d
GROUP BY 1, 2

-- other: the rating is no double
SELECT date_trunc('month', d.delivered_at)::date AS month, d.product_id, min(d.unit_price) AS lowest_price, max(d.unit_price) AS highest_price,
       CAST(avg(d.unit_price) AS DECIMAL(14, 6)) AS average_price, avg(d.rating) AS average_rating,
       max(d.delivered_at)::date AS last_delivered_on
FROM delivery d
GROUP BY 1, 2

-- other: the last time that was promised
SELECT date_trunc('month', d.delivered_at)::date AS month, d.product_id, min(d.unit_price) AS lowest_price, max(d.unit_price) AS highest_price,
       CAST(avg(d.unit_price) AS DECIMAL(14, 6)) AS average_price, avg(CAST(d.rating AS DOUBLE)) AS average_rating,
       max(d.promised_at)::date AS last_delivered_on
FROM delivery d
GROUP BY 1, 2

-- other: the first day in place of the last one
SELECT date_trunc('month', d.delivered_at)::date AS month, d.product_id, min(d.unit_price) AS lowest_price, max(d.unit_price) AS highest_price,
       CAST(avg(d.unit_price) AS DECIMAL(14, 6)) AS average_price, avg(CAST(d.rating AS DOUBLE)) AS average_rating,
       min(d.delivered_at)::date AS last_delivered_on
FROM delivery d
GROUP BY 1, 2
