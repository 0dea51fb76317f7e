/* rollup
title: Revenue by customer and month
description: Completed deliveries of each month, by customer and by the depot that served them.
time: delivered_at
columns:
  month: {description: First day of the month}
  depot_id: {description: Depot that the lorries came from}
  customer_id: {description: Who received the deliveries}
  deliveries: {description: Completed deliveries, unit: deliveries}
  pieces: {description: Pieces delivered, unit: pieces}
  revenue: {description: Value of the deliveries (營收), unit: TWD}
  average_delivery: {description: Average value of a delivery, unit: TWD}
  last_delivered_on: {description: Day of the last delivery in the month}
*/
SELECT date_trunc('month', d.delivered_at)::date      AS month,
       d.depot_id,
       d.customer_id,
       count(*)                                       AS deliveries,
       CAST(sum(d.quantity) AS BIGINT)                AS pieces,
       CAST(sum(d.amount) AS DECIMAL(18, 2))          AS revenue,
       CAST(avg(d.amount) AS DECIMAL(18, 6))          AS average_delivery,
       max(d.delivered_at)::date                      AS last_delivered_on
FROM delivery d
WHERE d.status = 'completed'
GROUP BY 1, 2, 3
