/* rollup
title: Customers by depot and month
time: delivered_at
columns:
  month: {description: First day of the month}
  depot_id: {description: Depot that the lorries came from}
  customers: {description: Different customers served (客戶數), unit: customers}
  deliveries: {description: Completed deliveries, unit: deliveries}
*/
SELECT date_trunc('month', d.delivered_at)::date      AS month,
       d.depot_id,
       count(DISTINCT d.customer_id)                  AS customers,
       count(*)                                       AS deliveries
FROM delivery d
WHERE d.status = 'completed'
GROUP BY 1, 2
