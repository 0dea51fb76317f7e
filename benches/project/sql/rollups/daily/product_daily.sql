/* rollup
title: Product sales and prices by day
description: What was delivered of each product on each day, at which prices, and how much gas that was.
time: delivered_at
columns:
  day: {description: Day of the deliveries}
  product_id: {description: What was delivered}
  category: {description: What it is}
  deliveries: {description: Completed deliveries, unit: deliveries}
  pieces: {description: Pieces delivered, unit: pieces}
  gas_kg: {description: Gas delivered in cylinders or in bulk (公斤數); none for accessories, unit: kg}
  revenue: {description: Value of the deliveries (營收), unit: TWD}
  lowest_price: {description: Lowest price of a piece, unit: TWD}
  highest_price: {description: Highest price of a piece, unit: TWD}
  average_price: {description: Average price of a piece over the deliveries, unit: TWD}
*/
SELECT date_trunc('day', d.delivered_at)::date                      AS day,
       d.product_id,
       p.category,
       count(*)                                                     AS deliveries,
       CAST(sum(d.quantity) AS BIGINT)                              AS pieces,
       CAST(sum(d.quantity * CASE WHEN p.category = 'bulk' THEN CAST(1 AS DECIMAL(6, 2)) ELSE p.cylinder_kg END) AS DECIMAL(18, 2))
                                                                    AS gas_kg,
       CAST(sum(d.amount) AS DECIMAL(18, 2))                        AS revenue,
       min(d.unit_price)                                            AS lowest_price,
       max(d.unit_price)                                            AS highest_price,
       CAST(avg(d.unit_price) AS DECIMAL(14, 6))                    AS average_price
FROM delivery d
JOIN product p ON p.product_id = d.product_id
WHERE d.status = 'completed'
GROUP BY 1, 2, 3
