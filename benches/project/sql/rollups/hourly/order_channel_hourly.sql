/* rollup
title: Order channels by hour
description: How orders came in during each hour and how many of them were cancelled later on.
time: ordered_at
columns:
  hour: {description: Start of the hour in which the orders were taken}
  day: {description: Day of the hour}
  channel: {description: How the orders came in (訂購管道)}
  orders: {description: Orders taken - cancelled ones too, unit: orders}
  cancelled: {description: Orders cancelled since, unit: orders}
  amount: {description: Value of all these orders, unit: TWD}
  average_order: {description: Average value of an order, unit: TWD}
*/
SELECT date_trunc('hour', o.ordered_at)                       AS hour,
       date_trunc('day', o.ordered_at)::date                  AS day,
       o.channel,
       count(*)                                               AS orders,
       count(*) FILTER (WHERE o.status = 'cancelled')         AS cancelled,
       CAST(sum(o.amount) AS DECIMAL(18, 2))                  AS amount,
       CAST(avg(o.amount) AS DECIMAL(18, 6))                  AS average_order
FROM sales_order o
GROUP BY 1, 2, 3
