/* report
title: Large deliveries
owner: operations
parameters:
  least: {type: decimal, default: 50000}
output: csv
*/
SELECT d.delivery_id,
       d.depot_id,
       d.delivered_at,
       round(d.amount, 0) AS rounded
FROM delivery d
WHERE d.status = 'completed'
  AND business_date(d.delivered_at) = DATE ⟦'2026-02-30'⟧
  AND d.amount >= $least
ORDER BY d.amount DESC, d.delivery_id
