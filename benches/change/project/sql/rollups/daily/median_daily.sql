/* rollup
title: Typical deliveries by depot
time: delivered_at
columns:
  day: {description: Day of the deliveries}
  depot_id: {description: Depot that the lorries came from}
  deliveries: {description: Completed deliveries, unit: deliveries}
  median_amount: {description: Median value of a delivery (中位數), unit: TWD}
*/
SELECT date_trunc('day', d.delivered_at)::date                           AS day,
       d.depot_id,
       count(*)                                                          AS deliveries,
       CAST(median(CAST(d.amount AS DOUBLE)) AS DECIMAL(16, 3))          AS median_amount
FROM delivery d
WHERE d.status = 'completed'
GROUP BY 1, 2
