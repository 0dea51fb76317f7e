-- grain: monthly
/* rollup
title: Customers by what they bought in a month
time: delivered_at
*/
WITH stop AS (
    SELECT date_trunc('month', delivered_at)::date AS month, customer_id, depot_id, amount FROM delivery WHERE status = 'completed'
), bought AS (
    SELECT month, depot_id, customer_id, sum(amount) AS total, count(*) AS stops FROM stop GROUP BY 1, 2, 3
), large AS (
    SELECT * FROM bought WHERE total > 1000
)
SELECT month, depot_id, count(*) AS customers, CAST(sum(total) AS DECIMAL(18, 2)) AS revenue, CAST(sum(stops) AS BIGINT) AS stops
FROM large
GROUP BY 1, 2

-- same: one in another
SELECT month, depot_id, count(*) AS customers, CAST(sum(total) AS DECIMAL(18, 2)) AS revenue, CAST(sum(stops) AS BIGINT) AS stops
FROM (SELECT month, depot_id, customer_id, sum(amount) AS total, count(*) AS stops
      FROM (SELECT date_trunc('month', delivered_at)::date AS month, customer_id, depot_id, amount FROM delivery WHERE status = 'completed') stop
      GROUP BY 1, 2, 3) bought
WHERE total > 1000
GROUP BY 1, 2

-- same: HAVING in the chain, other names
WITH x AS (
    SELECT date_trunc('month', d.delivered_at)::date AS m, d.depot_id AS p, d.customer_id AS c, sum(d.amount) AS s, count(*) AS n
    FROM delivery d
    WHERE d.status = 'completed'
    GROUP BY date_trunc('month', d.delivered_at)::date, d.depot_id, d.customer_id
    HAVING sum(d.amount) > 1000
)
SELECT m AS month, p AS depot_id, count(*) AS customers, CAST(sum(s) AS DECIMAL(18, 2)) AS revenue, CAST(sum(n) AS BIGINT) AS stops
FROM x
GROUP BY m, p

-- same: a CTE in a CTE
WITH outer_one AS (
    WITH inner_one AS (
        SELECT date_trunc('month', delivered_at)::date AS month, depot_id, customer_id, sum(amount) AS total, count(*) AS stops
        FROM delivery WHERE status = 'completed' GROUP BY 1, 2, 3
    )
    SELECT * FROM inner_one WHERE total > 1000
)
SELECT month, depot_id, count(*) AS customers, CAST(sum(total) AS DECIMAL(18, 2)) AS revenue, CAST(sum(stops) AS BIGINT) AS stops
FROM outer_one
GROUP BY 1, 2

-- other: deliveries are counted, and not customers
WITH bought AS (
    SELECT date_trunc('month', delivered_at)::date AS month, depot_id, customer_id, sum(amount) AS total, count(*) AS stops
    FROM delivery WHERE status = 'completed' GROUP BY 1, 2, 3
)
SELECT month, depot_id, CAST(sum(stops) AS BIGINT) AS customers, CAST(sum(total) AS DECIMAL(18, 2)) AS revenue, CAST(sum(stops) AS BIGINT) AS stops
FROM bought
WHERE total > 1000
GROUP BY 1, 2

-- other: customers are counted twice
WITH bought AS (
    SELECT date_trunc('month', delivered_at)::date AS month, depot_id, customer_id, sum(amount) AS total, count(*) AS stops
    FROM delivery WHERE status = 'completed' GROUP BY 1, 2, 3
)
SELECT month, depot_id, count(*) AS customers, CAST(sum(total) AS DECIMAL(18, 2)) AS revenue, count(*) AS stops
FROM bought
WHERE total > 1000
GROUP BY 1, 2

-- other: the condition is on each delivery
WITH bought AS (
    SELECT date_trunc('month', delivered_at)::date AS month, depot_id, customer_id, sum(amount) AS total, count(*) AS stops
    FROM delivery WHERE status = 'completed' AND amount > 1000 GROUP BY 1, 2, 3
)
SELECT month, depot_id, count(*) AS customers, CAST(sum(total) AS DECIMAL(18, 2)) AS revenue, CAST(sum(stops) AS BIGINT) AS stops
FROM bought
GROUP BY 1, 2

-- other: the condition is on all customers of a depot
WITH bought AS (
    SELECT date_trunc('month', delivered_at)::date AS month, depot_id, customer_id, sum(amount) AS total, count(*) AS stops
    FROM delivery WHERE status = 'completed' GROUP BY 1, 2, 3
)
SELECT month, depot_id, count(*) AS customers, CAST(sum(total) AS DECIMAL(18, 2)) AS revenue, CAST(sum(stops) AS BIGINT) AS stops
FROM bought
GROUP BY 1, 2
HAVING sum(total) > 1000

-- other: products in place of customers
WITH bought AS (
    SELECT date_trunc('month', delivered_at)::date AS month, depot_id, product_id, sum(amount) AS total, count(*) AS stops
    FROM delivery WHERE status = 'completed' GROUP BY 1, 2, 3
)
SELECT month, depot_id, count(*) AS customers, CAST(sum(total) AS DECIMAL(18, 2)) AS revenue, CAST(sum(stops) AS BIGINT) AS stops
FROM bought
WHERE total > 1000
GROUP BY 1, 2
