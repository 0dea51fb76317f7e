-- grain: monthly
-- with: sql/rollups/daily/depot_daily.sql
-- with: sql/rollups/daily/driver_daily.sql
/* rollup
title: Busy days by month
time: day
*/
SELECT date_trunc('month', r.day)::date AS month, r.depot_id, count(*) FILTER (WHERE r.deliveries > 50) AS busy_days,
       CAST(sum(r.revenue) AS DECIMAL(18, 2)) AS revenue
FROM depot_daily r
GROUP BY 1, 2

-- same: another alias
SELECT date_trunc('month', depot_daily.day)::date AS month, depot_daily.depot_id, count(*) FILTER (WHERE depot_daily.deliveries > 50) AS busy_days,
       CAST(sum(depot_daily.revenue) AS DECIMAL(18, 2)) AS revenue
FROM depot_daily
GROUP BY 1, 2

-- same: a CTE
WITH days AS (SELECT day AS d, depot_id AS place, deliveries AS n, revenue AS money FROM depot_daily)
SELECT date_trunc('month', d)::date AS month, place AS depot_id, count(*) FILTER (WHERE n > 50) AS busy_days, CAST(sum(money) AS DECIMAL(18, 2)) AS revenue
FROM days
GROUP BY 1, 2

-- other: busier days
SELECT date_trunc('month', r.day)::date AS month, r.depot_id, count(*) FILTER (WHERE r.deliveries > 60) AS busy_days,
       CAST(sum(r.revenue) AS DECIMAL(18, 2)) AS revenue
FROM depot_daily r
GROUP BY 1, 2

-- other: the best day
SELECT date_trunc('month', r.day)::date AS month, r.depot_id, count(*) FILTER (WHERE r.deliveries > 50) AS busy_days,
       CAST(max(r.revenue) AS DECIMAL(18, 2)) AS revenue
FROM depot_daily r
GROUP BY 1, 2

-- other: days with many customers
SELECT date_trunc('month', r.day)::date AS month, r.depot_id, count(*) FILTER (WHERE r.customers > 50) AS busy_days,
       CAST(sum(r.revenue) AS DECIMAL(18, 2)) AS revenue
FROM depot_daily r
GROUP BY 1, 2

-- other: another rollup
SELECT date_trunc('month', r.day)::date AS month, r.depot_id, count(*) FILTER (WHERE r.stops > 50) AS busy_days,
       CAST(sum(r.pieces) AS DECIMAL(18, 2)) AS revenue
FROM driver_daily r
GROUP BY 1, 2

-- other: the deliveries that the rollup is made of
/* rollup
title: Busy days by month
time: delivered_at
*/
SELECT date_trunc('month', r.day)::date AS month, r.depot_id, count(*) FILTER (WHERE r.deliveries > 50) AS busy_days,
       CAST(sum(r.revenue) AS DECIMAL(18, 2)) AS revenue
FROM (SELECT date_trunc('day', d.delivered_at)::date AS day, d.depot_id, count(*) AS deliveries, CAST(sum(d.amount) AS DECIMAL(18, 2)) AS revenue
      FROM delivery d WHERE d.status = 'completed' GROUP BY 1, 2) r
GROUP BY 1, 2
