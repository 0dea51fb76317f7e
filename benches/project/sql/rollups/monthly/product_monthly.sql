/* rollup
title: Product performance by month
description: What was delivered of each product in each month, to how many customers, at which typical price.
time: delivered_at
columns:
  month: {description: First day of the month}
  product_id: {description: What was delivered}
  deliveries: {description: Completed deliveries, unit: deliveries}
  customers: {description: Different customers (客戶數), unit: customers}
  pieces: {description: Pieces delivered, unit: pieces}
  revenue: {description: Value of the deliveries (營收), unit: TWD}
  median_price: {description: Median price of a piece over the deliveries (中位數), unit: TWD}
*/
SELECT date_trunc('month', d.delivered_at)::date                        AS month,
       d.product_id,
       count(*)                                                         AS deliveries,
       count(DISTINCT d.customer_id)                                    AS customers,
       CAST(sum(d.quantity) AS BIGINT)                                  AS pieces,
       CAST(sum(d.amount) AS DECIMAL(18, 2))                            AS revenue,
       CAST(median(CAST(d.unit_price AS DOUBLE)) AS DECIMAL(12, 3))     AS median_price
FROM delivery d
WHERE d.status = 'completed'
GROUP BY 1, 2
