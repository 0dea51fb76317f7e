/* report
title: Top customers
description: The ten customers with the greatest revenue at each depot in each month. Equal revenue is ordered by the customer's number.
owner: sales
checks:
  not_null: [month, depot_id, position, customer_id, revenue]
  unique: [month, depot_id, position]
*/
WITH monthly AS (
    SELECT date_trunc('month', d.delivered_at)::date     AS month,
           d.depot_id,
           d.customer_id,
           count(*)                                      AS deliveries,
           CAST(sum(d.quantity) AS BIGINT)               AS pieces,
           CAST(sum(d.amount) AS DECIMAL(18, 2))         AS revenue
    FROM delivery d
    WHERE d.status = 'completed'
    GROUP BY 1, 2, 3
),
ranked AS (
    SELECT m.*, row_number() OVER (PARTITION BY m.month, m.depot_id ORDER BY m.revenue DESC, m.customer_id) AS place
    FROM monthly m
)
SELECT r.month,
       r.depot_id,
       CAST(r.place AS BIGINT)     AS position,
       r.customer_id,
       c.name,
       c.customer_type,
       c.district,
       r.deliveries,
       r.pieces,
       r.revenue
FROM ranked r
LEFT JOIN customer c ON c.customer_id = r.customer_id
WHERE r.place <= 10
ORDER BY r.month, r.depot_id, r.place
