/* report
title: Daily sales by depot
description: What each depot delivered and took in orders on the business date, beside the same weekday a week before. Every depot has a row.
owner: finance
priority: P2
parameters:
  business_date: {type: date}
checks:
  not_null: [day, depot_id, depot, revenue]
  unique: [depot_id]
  expect: revenue >= 0 AND customers <= deliveries
table: {replace: day = $business_date}
output:
  - xlsx: {sheet: Daily sales}
  - csv
columns:
  day: {description: Business date}
  depot_id: {description: Number of the depot}
  depot: {description: Name of the depot}
  region: {description: Sales region}
  customers: {description: Different customers served (客戶數), unit: customers}
  deliveries: {description: Completed deliveries, unit: deliveries}
  pieces: {description: Pieces delivered, unit: pieces}
  revenue: {description: Value of the deliveries (營收), unit: TWD}
  revenue_week_ago: {description: Value of the deliveries seven days before, unit: TWD}
  change: {description: Growth of the revenue against seven days before; none where there was no revenue, unit: share}
  orders: {description: Orders taken on the day and not cancelled, unit: orders}
  ordered: {description: Value of these orders, unit: TWD}
*/
WITH delivered AS (
    SELECT depot_id,
           sum(customers) FILTER (WHERE day = $business_date)     AS customers,
           sum(deliveries) FILTER (WHERE day = $business_date)    AS deliveries,
           sum(pieces) FILTER (WHERE day = $business_date)        AS pieces,
           sum(revenue) FILTER (WHERE day = $business_date)       AS revenue,
           sum(revenue) FILTER (WHERE day < $business_date)       AS revenue_week_ago
    FROM depot_daily
    WHERE day = $business_date OR day = CAST(CAST($business_date AS DATE) - INTERVAL '7' DAY AS DATE)
    GROUP BY depot_id
),
taken AS (
    SELECT depot_id, sum(orders) AS orders, sum(amount) AS ordered
    FROM sales_hourly
    WHERE day = $business_date
    GROUP BY depot_id
)
SELECT CAST($business_date AS DATE)                                           AS day,
       p.depot_id,
       p.name                                                                 AS depot,
       p.region,
       CAST(coalesce(d.customers, 0) AS BIGINT)                               AS customers,
       CAST(coalesce(d.deliveries, 0) AS BIGINT)                              AS deliveries,
       CAST(coalesce(d.pieces, 0) AS BIGINT)                                  AS pieces,
       CAST(coalesce(d.revenue, 0) AS DECIMAL(18, 2))                         AS revenue,
       CAST(coalesce(d.revenue_week_ago, 0) AS DECIMAL(18, 2))                AS revenue_week_ago,
       CAST(coalesce(d.revenue, 0) AS DOUBLE)
           / nullif(CAST(d.revenue_week_ago AS DOUBLE), 0) - 1                AS change,
       CAST(coalesce(t.orders, 0) AS BIGINT)                                  AS orders,
       CAST(coalesce(t.ordered, 0) AS DECIMAL(18, 2))                         AS ordered
FROM depot p
LEFT JOIN delivered d ON d.depot_id = p.depot_id
LEFT JOIN taken t ON t.depot_id = p.depot_id
ORDER BY p.depot_id
