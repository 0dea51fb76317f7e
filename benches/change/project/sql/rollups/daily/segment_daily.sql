/* rollup
title: Sales by depot and kind of customer
time: delivered_at
columns:
  day: {description: Day of the deliveries}
  depot_id: {description: Depot that the lorries came from}
  segment: {description: Kind of customer}
  deliveries: {description: Completed deliveries, unit: deliveries}
  pieces: {description: Pieces delivered, unit: pieces}
  revenue: {description: Value of the deliveries (營收), unit: TWD}
  largest_delivery: {description: Value of the largest single delivery, unit: TWD}
*/
SELECT date_trunc('day', d.delivered_at)::date        AS day,
       d.depot_id,
       c.segment,
       count(*)                                       AS deliveries,
       CAST(sum(d.quantity) AS BIGINT)                AS pieces,
       CAST(sum(d.amount) AS DECIMAL(18, 2))          AS revenue,
       max(d.amount)                                  AS largest_delivery
FROM delivery d
JOIN customer c ON c.customer_id = d.customer_id
WHERE d.status = 'completed'
GROUP BY 1, 2, 3
