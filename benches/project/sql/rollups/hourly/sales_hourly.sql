/* rollup
title: Order intake by hour
description: Orders that were taken in each hour, by depot and product, without those that were cancelled.
time: ordered_at
columns:
  hour: {description: Start of the hour in which the orders were taken}
  day: {description: Day of the hour}
  depot_id: {description: Depot that will deliver}
  product_id: {description: What was ordered}
  orders: {description: Orders taken (訂單數), unit: orders}
  pieces: {description: Pieces ordered, unit: pieces}
  amount: {description: Value of the orders (訂單金額), unit: TWD}
  largest_order: {description: Value of the largest single order, unit: TWD}
*/
SELECT date_trunc('hour', o.ordered_at)        AS hour,
       date_trunc('day', o.ordered_at)::date   AS day,
       o.depot_id,
       o.product_id,
       count(*)                                AS orders,
       CAST(sum(o.quantity) AS BIGINT)         AS pieces,
       CAST(sum(o.amount) AS DECIMAL(18, 2))   AS amount,
       max(o.amount)                           AS largest_order
FROM sales_order o
WHERE o.status <> 'cancelled'
GROUP BY 1, 2, 3, 4
