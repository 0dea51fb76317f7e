/* report
title: Large deliveries
owner: operations
parameters:
  business_date: {type: date}
  least: {type: decimal, default: 50000}
output: csv
*/
SELECT d.delivery_id,
       d.depot_id,
       d.delivered_at,
       round(d.amount, 0) AS rounded
FROM delivery d
WHERE ⟦d.quantity LIKE '1%'⟧
  AND business_date(d.delivered_at) = $business_date
  AND d.amount >= $least
ORDER BY d.amount DESC, d.delivery_id
