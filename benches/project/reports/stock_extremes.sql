/* report
title: Stock extremes
description: The lowest and the highest running balance of cylinders in each depot, product and month, movement by movement.
owner: operations
checks:
  not_null: [month, depot_id, product_id, movements]
  unique: [month, depot_id, product_id]
*/
WITH stock AS (
    SELECT depot_id,
           product_id,
           moved_at,
           quantity,
           sum(quantity) OVER (PARTITION BY depot_id, product_id ORDER BY moved_at, movement_id
                               ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS balance
    FROM cylinder_movement
)
SELECT date_trunc('month', s.moved_at)::date      AS month,
       s.depot_id,
       p.name                                     AS depot,
       s.product_id,
       count(*)                                   AS movements,
       CAST(sum(s.quantity) AS BIGINT)            AS change,
       CAST(min(s.balance) AS BIGINT)             AS lowest,
       CAST(max(s.balance) AS BIGINT)             AS highest
FROM stock s
JOIN depot p ON p.depot_id = s.depot_id
GROUP BY 1, 2, 3, 4
ORDER BY 1, 2, 4
