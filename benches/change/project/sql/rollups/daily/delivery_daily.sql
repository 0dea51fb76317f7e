/* rollup
title: Deliveries by day
time: delivered_at
columns:
  day: {description: Day of the deliveries}
  depot_id: {description: Depot that the lorries came from}
  product_id: {description: What was delivered}
  deliveries: {description: Completed deliveries (送貨次數), unit: deliveries}
  pieces: {description: Pieces delivered, unit: pieces}
  revenue: {description: Value of the deliveries (營收), unit: TWD}
  smallest_delivery: {description: Value of the smallest single delivery, unit: TWD}
  largest_delivery: {description: Value of the largest single delivery, unit: TWD}
  average_price: {description: Average price of a piece over the deliveries, unit: TWD}
*/
SELECT date_trunc('day', d.delivered_at)::date        AS day,
       d.depot_id,
       d.product_id,
       count(*)                                       AS deliveries,
       CAST(sum(d.quantity) AS BIGINT)                AS pieces,
       CAST(sum(d.amount) AS DECIMAL(18, 2))          AS revenue,
       min(d.amount)                                  AS smallest_delivery,
       max(d.amount)                                  AS largest_delivery,
       CAST(avg(d.unit_price) AS DECIMAL(14, 6))      AS average_price
FROM delivery d
WHERE d.status = 'completed'
GROUP BY 1, 2, 3
