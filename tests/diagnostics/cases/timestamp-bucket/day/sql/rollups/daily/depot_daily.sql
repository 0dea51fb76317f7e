/* rollup
title: Revenue by depot and day
time: hour
columns:
  revenue: {description: Value of the deliveries (營收), unit: TWD}
*/
SELECT date_trunc('day', h.hour) AS ⟦day⟧,
       h.depot_id,
       sum(h.deliveries)              AS deliveries,
       sum(h.revenue)                 AS revenue
FROM delivery_hourly h
GROUP BY 1, 2
