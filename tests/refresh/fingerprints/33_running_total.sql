-- grain: daily
/* rollup
title: Cylinder balance
time: moved_at
*/
SELECT date_trunc('day', m.moved_at)::date AS day, m.depot_id, m.product_id,
       CAST(sum(m.quantity) AS BIGINT) AS change,
       CAST(sum(sum(m.quantity)) OVER (PARTITION BY m.depot_id, m.product_id ORDER BY date_trunc('day', m.moved_at)::date) AS BIGINT) AS balance
FROM cylinder_movement m
GROUP BY 1, 2, 3

-- same: the window has a name
SELECT date_trunc('day', c.moved_at)::date AS day, c.depot_id, c.product_id, CAST(sum(c.quantity) AS BIGINT) AS change,
       CAST(sum(sum(c.quantity)) OVER so_far AS BIGINT) AS balance
FROM cylinder_movement c
GROUP BY 1, 2, 3
WINDOW so_far AS (PARTITION BY c.depot_id, c.product_id ORDER BY date_trunc('day', c.moved_at)::date)

-- same: the usual frame and direction written out
SELECT date_trunc('day', m.moved_at)::date AS day, m.depot_id, m.product_id, CAST(sum(m.quantity) AS BIGINT) AS change,
       CAST(sum(sum(m.quantity)) OVER (PARTITION BY m.depot_id, m.product_id ORDER BY date_trunc('day', m.moved_at)::date ASC NULLS LAST
                                       RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS BIGINT) AS balance
FROM cylinder_movement m
GROUP BY 1, 2, 3

-- same: the days are a CTE, and the window stands above
WITH days AS (
    SELECT date_trunc('day', moved_at)::date AS d, depot_id AS p, product_id AS k, sum(quantity) AS q FROM cylinder_movement GROUP BY 1, 2, 3
)
SELECT d AS day, p AS depot_id, k AS product_id, CAST(q AS BIGINT) AS change, CAST(sum(q) OVER (PARTITION BY p, k ORDER BY d) AS BIGINT) AS balance
FROM days

-- other: for each depot alone
SELECT date_trunc('day', m.moved_at)::date AS day, m.depot_id, m.product_id, CAST(sum(m.quantity) AS BIGINT) AS change,
       CAST(sum(sum(m.quantity)) OVER (PARTITION BY m.depot_id ORDER BY date_trunc('day', m.moved_at)::date) AS BIGINT) AS balance
FROM cylinder_movement m
GROUP BY 1, 2, 3

-- other: from the end
SELECT date_trunc('day', m.moved_at)::date AS day, m.depot_id, m.product_id, CAST(sum(m.quantity) AS BIGINT) AS change,
       CAST(sum(sum(m.quantity)) OVER (PARTITION BY m.depot_id, m.product_id ORDER BY date_trunc('day', m.moved_at)::date DESC) AS BIGINT) AS balance
FROM cylinder_movement m
GROUP BY 1, 2, 3

-- other: of the whole time
SELECT date_trunc('day', m.moved_at)::date AS day, m.depot_id, m.product_id, CAST(sum(m.quantity) AS BIGINT) AS change,
       CAST(sum(sum(m.quantity)) OVER (PARTITION BY m.depot_id, m.product_id) AS BIGINT) AS balance
FROM cylinder_movement m
GROUP BY 1, 2, 3

-- other: of a week
SELECT date_trunc('day', m.moved_at)::date AS day, m.depot_id, m.product_id, CAST(sum(m.quantity) AS BIGINT) AS change,
       CAST(sum(sum(m.quantity)) OVER (PARTITION BY m.depot_id, m.product_id ORDER BY date_trunc('day', m.moved_at)::date
                                       RANGE BETWEEN INTERVAL '6 days' PRECEDING AND CURRENT ROW) AS BIGINT) AS balance
FROM cylinder_movement m
GROUP BY 1, 2, 3

-- other: of ten days
SELECT date_trunc('day', m.moved_at)::date AS day, m.depot_id, m.product_id, CAST(sum(m.quantity) AS BIGINT) AS change,
       CAST(sum(sum(m.quantity)) OVER (PARTITION BY m.depot_id, m.product_id ORDER BY date_trunc('day', m.moved_at)::date
                                       RANGE BETWEEN INTERVAL '9 days' PRECEDING AND CURRENT ROW) AS BIGINT) AS balance
FROM cylinder_movement m
GROUP BY 1, 2, 3

-- other: of seven rows
SELECT date_trunc('day', m.moved_at)::date AS day, m.depot_id, m.product_id, CAST(sum(m.quantity) AS BIGINT) AS change,
       CAST(sum(sum(m.quantity)) OVER (PARTITION BY m.depot_id, m.product_id ORDER BY date_trunc('day', m.moved_at)::date
                                       ROWS BETWEEN 6 PRECEDING AND CURRENT ROW) AS BIGINT) AS balance
FROM cylinder_movement m
GROUP BY 1, 2, 3

-- other: a sum of days with a movement
SELECT date_trunc('day', m.moved_at)::date AS day, m.depot_id, m.product_id, CAST(sum(m.quantity) AS BIGINT) AS change,
       CAST(sum(count(*)) OVER (PARTITION BY m.depot_id, m.product_id ORDER BY date_trunc('day', m.moved_at)::date) AS BIGINT) AS balance
FROM cylinder_movement m
GROUP BY 1, 2, 3

-- other: the average so far
SELECT date_trunc('day', m.moved_at)::date AS day, m.depot_id, m.product_id, CAST(sum(m.quantity) AS BIGINT) AS change,
       CAST(avg(sum(m.quantity)) OVER (PARTITION BY m.depot_id, m.product_id ORDER BY date_trunc('day', m.moved_at)::date) AS BIGINT) AS balance
FROM cylinder_movement m
GROUP BY 1, 2, 3
