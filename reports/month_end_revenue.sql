/* report
title: Month-end revenue by depot
description: Revenue of the business date's month, beside the month before and the year so far, and what is still open of the orders that fall due in the month.
owner: finance
priority: P1
parameters:
  business_date: {type: date}
checks:
  not_null: [month, depot_id, revenue, year_to_date]
  unique: [depot_id]
  expect: revenue >= 0 AND year_to_date >= revenue
table: {replace: "month = date_trunc('month', $business_date)::date"}
output:
  - xlsx: {sheet: Month-end revenue}
  - csv
columns:
  month: {description: First day of the month}
  depot_id: {description: Number of the depot}
  depot: {description: Name of the depot}
  region: {description: Sales region}
  customers: {description: Different customers served in the month, unit: customers}
  deliveries: {description: Completed deliveries, unit: deliveries}
  revenue: {description: Value of the deliveries (本月營收), unit: TWD}
  share_of_company: {description: Share of the revenue of all depots, unit: share}
  revenue_month_before: {description: Revenue of the month before, unit: TWD}
  change: {description: Growth against the month before; none where there was no revenue, unit: share}
  year_to_date: {description: Revenue since January (累計營收), unit: TWD}
  outstanding: {description: Still open of the orders that fall due in the month (未收金額), unit: TWD}
*/
WITH revenue AS (
    SELECT depot_id,
           sum(deliveries) FILTER (WHERE month = date_trunc('month', CAST($business_date AS DATE))::date)    AS deliveries,
           sum(revenue) FILTER (WHERE month = date_trunc('month', CAST($business_date AS DATE))::date)       AS revenue,
           sum(revenue) FILTER (WHERE month < date_trunc('month', CAST($business_date AS DATE))::date
               AND month >= CAST(date_trunc('month', CAST($business_date AS DATE)) - INTERVAL '1' MONTH AS DATE))
                                                                                                             AS revenue_month_before,
           sum(revenue) FILTER (WHERE month >= date_trunc('year', CAST($business_date AS DATE))::date)       AS year_to_date
    FROM depot_monthly
    WHERE month >= CAST(date_trunc('year', CAST($business_date AS DATE)) - INTERVAL '1' MONTH AS DATE)
      AND month <= $business_date
    GROUP BY depot_id
),
served AS (
    SELECT depot_id, count(*) AS customers
    FROM customer_monthly
    WHERE month = date_trunc('month', CAST($business_date AS DATE))::date
    GROUP BY depot_id
),
receivable AS (
    SELECT depot_id, sum(outstanding) AS outstanding
    FROM receivable_monthly
    WHERE month = date_trunc('month', CAST($business_date AS DATE))::date
    GROUP BY depot_id
)
SELECT date_trunc('month', CAST($business_date AS DATE))::date                      AS month,
       p.depot_id,
       p.name                                                                       AS depot,
       p.region,
       coalesce(s.customers, 0)                                                     AS customers,
       CAST(coalesce(r.deliveries, 0) AS BIGINT)                                    AS deliveries,
       CAST(coalesce(r.revenue, 0) AS DECIMAL(18, 2))                               AS revenue,
       CAST(coalesce(r.revenue, 0) AS DOUBLE)
           / nullif(CAST(sum(r.revenue) OVER () AS DOUBLE), 0)                      AS share_of_company,
       CAST(coalesce(r.revenue_month_before, 0) AS DECIMAL(18, 2))                  AS revenue_month_before,
       CAST(coalesce(r.revenue, 0) AS DOUBLE)
           / nullif(CAST(r.revenue_month_before AS DOUBLE), 0) - 1                  AS change,
       CAST(coalesce(r.year_to_date, 0) AS DECIMAL(18, 2))                          AS year_to_date,
       CAST(coalesce(o.outstanding, 0) AS DECIMAL(18, 2))                           AS outstanding
FROM depot p
LEFT JOIN revenue r ON r.depot_id = p.depot_id
LEFT JOIN served s ON s.depot_id = p.depot_id
LEFT JOIN receivable o ON o.depot_id = p.depot_id
ORDER BY p.depot_id
