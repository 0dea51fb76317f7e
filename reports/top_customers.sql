/* report
title: Top customers by depot
description: The customers with the greatest revenue at each depot in the business date's month. Equal revenue is ordered by the customer's number.
owner: sales
priority: P3
parameters:
  business_date: {type: date}
  top: {type: integer, default: 10}
checks:
  not_null: [month, depot_id, position, customer_id, revenue]
  unique: [depot_id, position]
  expect: revenue >= 0 AND position <= $top
table: {replace: "month = date_trunc('month', $business_date)::date"}
output:
  - xlsx: {sheet: Top customers}
  - csv
columns:
  month: {description: First day of the month}
  depot_id: {description: Number of the depot}
  depot: {description: Name of the depot}
  position: {description: Place at this depot (名次) - 1 is the greatest}
  customer_id: {description: Number of the customer}
  customer: {description: Name of the customer; none where the customer was deleted}
  customer_type: {description: Kind of customer}
  district: {description: District of the delivery address}
  deliveries: {description: Completed deliveries, unit: deliveries}
  pieces: {description: Pieces delivered, unit: pieces}
  revenue: {description: Value of the deliveries (營收), unit: TWD}
  share_of_depot: {description: Share of the depot's revenue in the month, unit: share}
  last_delivered_on: {description: Day of the last delivery in the month}
*/
WITH ranked AS (
    SELECT m.*, row_number() OVER (PARTITION BY m.depot_id ORDER BY m.revenue DESC, m.customer_id) AS place
    FROM customer_monthly m
    WHERE m.month = date_trunc('month', CAST($business_date AS DATE))::date
)
SELECT r.month,
       r.depot_id,
       p.name                                                                  AS depot,
       CAST(r.place AS BIGINT)                                              AS position,
       r.customer_id,
       c.name                                                                  AS customer,
       c.customer_type,
       c.district,
       r.deliveries,
       r.pieces,
       r.revenue,
       CAST(r.revenue AS DOUBLE) / nullif(CAST(m.revenue AS DOUBLE), 0)        AS share_of_depot,
       r.last_delivered_on
FROM ranked r
JOIN depot_monthly m ON m.depot_id = r.depot_id AND m.month = r.month
LEFT JOIN depot p ON p.depot_id = r.depot_id
LEFT JOIN customer c ON c.customer_id = r.customer_id
WHERE r.place <= $top
ORDER BY r.depot_id, r.place
