/* rollup
title: Revenue by depot and day
time: day
columns:
  revenue: {description: Value of the deliveries (營收), unit: TWD}
*/
SELECT date_trunc('day', h.day)::date AS day,
       h.depot_id,
       sum(h.deliveries)              AS deliveries,
       sum(h.revenue)                 AS revenue
FROM delivery_hourly h
GROUP BY 1, 2
