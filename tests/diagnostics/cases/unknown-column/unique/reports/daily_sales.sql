/* report
title: Daily sales by depot
owner: finance
priority: P2
parameters:
  business_date: {type: date}
checks:
  not_null: [depot_id, revenue]
  unique: [⟦depo_id⟧]
  expect: revenue >= 0
table: {replace: day = $business_date}
output:
  - xlsx: {sheet: Daily sales}
  - csv
*/
SELECT d.day,
       d.depot_id,
       p.name    AS depot,
       d.deliveries,
       d.revenue
FROM depot_daily d
JOIN depot p ON p.depot_id = d.depot_id
WHERE d.day = $business_date
ORDER BY d.depot_id
