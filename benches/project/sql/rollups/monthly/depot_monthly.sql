/* rollup
title: Revenue by depot and month
description: Completed deliveries of each month, by depot.
time: delivered_at
columns:
  month: {description: First day of the month}
  depot_id: {description: Depot that the lorries came from}
  deliveries: {description: Completed deliveries, unit: deliveries}
  on_time: {description: Deliveries not later than promised (準時), unit: deliveries}
  pieces: {description: Pieces delivered, unit: pieces}
  revenue: {description: Value of the deliveries (營收), unit: TWD}
  largest_delivery: {description: Value of the largest single delivery, unit: TWD}
*/
SELECT date_trunc('month', d.delivered_at)::date                     AS month,
       d.depot_id,
       count(*)                                                      AS deliveries,
       count(*) FILTER (WHERE d.delivered_at <= d.promised_at)       AS on_time,
       CAST(sum(d.quantity) AS BIGINT)                               AS pieces,
       CAST(sum(d.amount) AS DECIMAL(18, 2))                         AS revenue,
       max(d.amount)                                                 AS largest_delivery
FROM delivery d
WHERE d.status = 'completed'
GROUP BY 1, 2
