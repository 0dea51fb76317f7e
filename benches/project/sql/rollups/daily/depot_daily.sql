/* rollup
title: Sales by depot and kind of customer
description: Completed deliveries of each day. Each customer counts once a day, and has one kind, so that customers may be added up over the kinds.
time: delivered_at
columns:
  day: {description: Day of the deliveries}
  depot_id: {description: Depot that the lorries came from}
  customer_type: {description: Kind of customer; removed where the customer was deleted}
  customers: {description: Different customers served (客戶數), unit: customers}
  deliveries: {description: Completed deliveries, unit: deliveries}
  pieces: {description: Pieces delivered, unit: pieces}
  revenue: {description: Value of the deliveries (營收), unit: TWD}
  average_price: {description: Average price of a piece over the deliveries, unit: TWD}
*/
SELECT date_trunc('day', d.delivered_at)::date        AS day,
       d.depot_id,
       coalesce(c.customer_type, 'removed')           AS customer_type,
       count(DISTINCT d.customer_id)                  AS customers,
       count(*)                                       AS deliveries,
       CAST(sum(d.quantity) AS BIGINT)                AS pieces,
       CAST(sum(d.amount) AS DECIMAL(18, 2))          AS revenue,
       CAST(avg(d.unit_price) AS DECIMAL(14, 6))      AS average_price
FROM delivery d
LEFT JOIN customer c ON c.customer_id = d.customer_id
WHERE d.status = 'completed'
GROUP BY 1, 2, 3
