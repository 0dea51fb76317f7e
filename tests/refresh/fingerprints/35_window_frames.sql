-- grain: monthly
/* rollup
title: Months beside the months before
time: delivered_at
*/
SELECT month, depot_id, revenue,
       lag(revenue) OVER (PARTITION BY depot_id ORDER BY month)                                                     AS month_before,
       sum(revenue) OVER (PARTITION BY depot_id ORDER BY month ROWS BETWEEN 2 PRECEDING AND CURRENT ROW)            AS quarter,
       CAST(rank() OVER (PARTITION BY month ORDER BY revenue DESC) AS BIGINT)                                       AS place,
       lag(rating) IGNORE NULLS OVER (PARTITION BY depot_id ORDER BY month) AS rating
FROM (SELECT date_trunc('month', d.delivered_at)::date AS month, d.depot_id, CAST(sum(d.amount) AS DECIMAL(18, 2)) AS revenue, max(d.rating) AS rating
      FROM delivery d
      GROUP BY 1, 2) months

-- same: a CTE, other names
WITH m AS (
    SELECT date_trunc('month', x.delivered_at)::date AS bucket, x.depot_id AS place_of, CAST(sum(x.amount) AS DECIMAL(18, 2)) AS money, max(x.rating) AS best
    FROM delivery x
    GROUP BY 1, 2
)
SELECT bucket AS month, place_of AS depot_id, money AS revenue, lag(money) OVER (PARTITION BY place_of ORDER BY bucket) AS month_before,
       sum(money) OVER (PARTITION BY place_of ORDER BY bucket ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS quarter,
       CAST(rank() OVER (PARTITION BY bucket ORDER BY money DESC) AS BIGINT) AS place,
       lag(best) IGNORE NULLS OVER (PARTITION BY place_of ORDER BY bucket) AS rating
FROM m

-- same: the frame in its short form
SELECT month, depot_id, revenue, lag(revenue) OVER (PARTITION BY depot_id ORDER BY month) AS month_before,
       sum(revenue) OVER (PARTITION BY depot_id ORDER BY month ROWS 2 PRECEDING) AS quarter,
       CAST(rank() OVER (PARTITION BY month ORDER BY revenue DESC) AS BIGINT) AS place,
       lag(rating) IGNORE NULLS OVER (PARTITION BY depot_id ORDER BY month) AS rating
FROM (SELECT date_trunc('month', d.delivered_at)::date AS month, d.depot_id, CAST(sum(d.amount) AS DECIMAL(18, 2)) AS revenue, max(d.rating) AS rating
      FROM delivery d
      GROUP BY 1, 2) months

-- other: the month after
SELECT month, depot_id, revenue, lead(revenue) OVER (PARTITION BY depot_id ORDER BY month) AS month_before,
       sum(revenue) OVER (PARTITION BY depot_id ORDER BY month ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS quarter,
       CAST(rank() OVER (PARTITION BY month ORDER BY revenue DESC) AS BIGINT) AS place,
       lag(rating) IGNORE NULLS OVER (PARTITION BY depot_id ORDER BY month) AS rating
FROM (SELECT date_trunc('month', d.delivered_at)::date AS month, d.depot_id, CAST(sum(d.amount) AS DECIMAL(18, 2)) AS revenue, max(d.rating) AS rating
      FROM delivery d
      GROUP BY 1, 2) months

-- other: two months before
SELECT month, depot_id, revenue, lag(revenue, 2) OVER (PARTITION BY depot_id ORDER BY month) AS month_before,
       sum(revenue) OVER (PARTITION BY depot_id ORDER BY month ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS quarter,
       CAST(rank() OVER (PARTITION BY month ORDER BY revenue DESC) AS BIGINT) AS place,
       lag(rating) IGNORE NULLS OVER (PARTITION BY depot_id ORDER BY month) AS rating
FROM (SELECT date_trunc('month', d.delivered_at)::date AS month, d.depot_id, CAST(sum(d.amount) AS DECIMAL(18, 2)) AS revenue, max(d.rating) AS rating
      FROM delivery d
      GROUP BY 1, 2) months

-- other: a number where there is none before
SELECT month, depot_id, revenue, lag(revenue, 1, 0) OVER (PARTITION BY depot_id ORDER BY month) AS month_before,
       sum(revenue) OVER (PARTITION BY depot_id ORDER BY month ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS quarter,
       CAST(rank() OVER (PARTITION BY month ORDER BY revenue DESC) AS BIGINT) AS place,
       lag(rating) IGNORE NULLS OVER (PARTITION BY depot_id ORDER BY month) AS rating
FROM (SELECT date_trunc('month', d.delivered_at)::date AS month, d.depot_id, CAST(sum(d.amount) AS DECIMAL(18, 2)) AS revenue, max(d.rating) AS rating
      FROM delivery d
      GROUP BY 1, 2) months

-- other: a longer frame
SELECT month, depot_id, revenue, lag(revenue) OVER (PARTITION BY depot_id ORDER BY month) AS month_before,
       sum(revenue) OVER (PARTITION BY depot_id ORDER BY month ROWS BETWEEN 3 PRECEDING AND CURRENT ROW) AS quarter,
       CAST(rank() OVER (PARTITION BY month ORDER BY revenue DESC) AS BIGINT) AS place,
       lag(rating) IGNORE NULLS OVER (PARTITION BY depot_id ORDER BY month) AS rating
FROM (SELECT date_trunc('month', d.delivered_at)::date AS month, d.depot_id, CAST(sum(d.amount) AS DECIMAL(18, 2)) AS revenue, max(d.rating) AS rating
      FROM delivery d
      GROUP BY 1, 2) months

-- other: the frame reaches forward
SELECT month, depot_id, revenue, lag(revenue) OVER (PARTITION BY depot_id ORDER BY month) AS month_before,
       sum(revenue) OVER (PARTITION BY depot_id ORDER BY month ROWS BETWEEN CURRENT ROW AND 2 FOLLOWING) AS quarter,
       CAST(rank() OVER (PARTITION BY month ORDER BY revenue DESC) AS BIGINT) AS place,
       lag(rating) IGNORE NULLS OVER (PARTITION BY depot_id ORDER BY month) AS rating
FROM (SELECT date_trunc('month', d.delivered_at)::date AS month, d.depot_id, CAST(sum(d.amount) AS DECIMAL(18, 2)) AS revenue, max(d.rating) AS rating
      FROM delivery d
      GROUP BY 1, 2) months

-- other: groups of peers in place of rows
SELECT month, depot_id, revenue, lag(revenue) OVER (PARTITION BY depot_id ORDER BY month) AS month_before,
       sum(revenue) OVER (PARTITION BY depot_id ORDER BY month GROUPS BETWEEN 2 PRECEDING AND CURRENT ROW) AS quarter,
       CAST(rank() OVER (PARTITION BY month ORDER BY revenue DESC) AS BIGINT) AS place,
       lag(rating) IGNORE NULLS OVER (PARTITION BY depot_id ORDER BY month) AS rating
FROM (SELECT date_trunc('month', d.delivered_at)::date AS month, d.depot_id, CAST(sum(d.amount) AS DECIMAL(18, 2)) AS revenue, max(d.rating) AS rating
      FROM delivery d
      GROUP BY 1, 2) months

-- other: places without gaps
SELECT month, depot_id, revenue, lag(revenue) OVER (PARTITION BY depot_id ORDER BY month) AS month_before,
       sum(revenue) OVER (PARTITION BY depot_id ORDER BY month ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS quarter,
       CAST(dense_rank() OVER (PARTITION BY month ORDER BY revenue DESC) AS BIGINT) AS place,
       lag(rating) IGNORE NULLS OVER (PARTITION BY depot_id ORDER BY month) AS rating
FROM (SELECT date_trunc('month', d.delivered_at)::date AS month, d.depot_id, CAST(sum(d.amount) AS DECIMAL(18, 2)) AS revenue, max(d.rating) AS rating
      FROM delivery d
      GROUP BY 1, 2) months

-- other: the least revenue first
SELECT month, depot_id, revenue, lag(revenue) OVER (PARTITION BY depot_id ORDER BY month) AS month_before,
       sum(revenue) OVER (PARTITION BY depot_id ORDER BY month ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS quarter,
       CAST(rank() OVER (PARTITION BY month ORDER BY revenue) AS BIGINT) AS place,
       lag(rating) IGNORE NULLS OVER (PARTITION BY depot_id ORDER BY month) AS rating
FROM (SELECT date_trunc('month', d.delivered_at)::date AS month, d.depot_id, CAST(sum(d.amount) AS DECIMAL(18, 2)) AS revenue, max(d.rating) AS rating
      FROM delivery d
      GROUP BY 1, 2) months

-- other: NULL counts
SELECT month, depot_id, revenue, lag(revenue) OVER (PARTITION BY depot_id ORDER BY month) AS month_before,
       sum(revenue) OVER (PARTITION BY depot_id ORDER BY month ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS quarter,
       CAST(rank() OVER (PARTITION BY month ORDER BY revenue DESC) AS BIGINT) AS place,
       lag(rating) OVER (PARTITION BY depot_id ORDER BY month) AS rating
FROM (SELECT date_trunc('month', d.delivered_at)::date AS month, d.depot_id, CAST(sum(d.amount) AS DECIMAL(18, 2)) AS revenue, max(d.rating) AS rating
      FROM delivery d
      GROUP BY 1, 2) months
