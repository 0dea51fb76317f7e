-- grain: yearly
/* rollup
title: Sales by year
time: delivered_at
*/
SELECT date_trunc('year', d.delivered_at)::date      AS year,
       date_trunc('month', d.delivered_at)::date     AS month,
       d.product_id,
       CAST(sum(d.amount) AS DECIMAL(18, 2))         AS revenue
FROM delivery d
GROUP BY 1, 2, 3

-- same: a subquery gives the buckets
SELECT year, month, product_id, CAST(sum(amount) AS DECIMAL(18, 2)) AS revenue
FROM (SELECT date_trunc('year', delivered_at)::date AS year, date_trunc('month', delivered_at)::date AS month, product_id, amount FROM delivery) AS facts
GROUP BY year, month, product_id

-- same: a CTE gives the buckets, in another order, with more columns
WITH facts AS (
    SELECT amount, rating, product_id, date_trunc('month', delivered_at)::date AS m, date_trunc('year', delivered_at)::date AS y
    FROM delivery
)
SELECT y AS year, m AS month, product_id, CAST(sum(amount) AS DECIMAL(18, 2)) AS revenue
FROM facts
GROUP BY y, m, product_id

-- other: a rollup with one row a month
-- grain: monthly
SELECT date_trunc('year', d.delivered_at)::date AS year, date_trunc('month', d.delivered_at)::date AS month, d.product_id,
       CAST(sum(d.amount) AS DECIMAL(18, 2)) AS revenue
FROM delivery d
GROUP BY 1, 2, 3

-- other: quarters in place of months
SELECT date_trunc('year', d.delivered_at)::date AS year, date_trunc('quarter', d.delivered_at)::date AS month, d.product_id,
       CAST(sum(d.amount) AS DECIMAL(18, 2)) AS revenue
FROM delivery d
GROUP BY 1, 2, 3

-- other: the month that was promised
SELECT date_trunc('year', d.delivered_at)::date AS year, date_trunc('month', d.promised_at)::date AS month, d.product_id,
       CAST(sum(d.amount) AS DECIMAL(18, 2)) AS revenue
FROM delivery d
GROUP BY 1, 2, 3

-- other: the time in the header is another one that the query reads
/* rollup
title: Sales by year
time: promised_at
*/
SELECT date_trunc('year', d.promised_at)::date AS year, date_trunc('month', d.delivered_at)::date AS month, d.product_id,
       CAST(sum(d.amount) AS DECIMAL(18, 2)) AS revenue
FROM delivery d
GROUP BY 1, 2, 3

-- other: the names of two columns are exchanged
SELECT date_trunc('year', d.delivered_at)::date AS month, date_trunc('month', d.delivered_at)::date AS year, d.product_id,
       CAST(sum(d.amount) AS DECIMAL(18, 2)) AS revenue
FROM delivery d
GROUP BY 1, 2, 3
