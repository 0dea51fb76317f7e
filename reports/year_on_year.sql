/* report
title: Revenue year on year
description: Revenue of each depot in each month of the year up to the business date, beside the same month of the year before. The last month is compared as a whole only after it has ended.
owner: management
priority: P3
parameters:
  business_date: {type: date}
checks:
  not_null: [year, depot_id, month_of_year, revenue, revenue_year_ago]
  unique: [depot_id, month_of_year]
  expect: month_of_year BETWEEN 1 AND 12
table: {replace: "year = date_trunc('year', $business_date)::date"}
output:
  - xlsx: {sheet: Year on year}
columns:
  year: {description: First day of the year}
  depot_id: {description: Number of the depot}
  depot: {description: Name of the depot}
  month_of_year: {description: Month of the year, unit: 1-12}
  deliveries: {description: Completed deliveries, unit: deliveries}
  revenue: {description: Value of the deliveries (營收), unit: TWD}
  revenue_year_ago: {description: Revenue of the same month in the year before (去年同期), unit: TWD}
  change: {description: Growth against the year before; none where there was no revenue, unit: share}
  share_of_year: {description: Share of the depot's revenue in this year so far, unit: share}
*/
WITH compared AS (
    SELECT depot_id,
           CAST(date_part('month', month) AS INTEGER)                                                       AS month_of_year,
           sum(deliveries) FILTER (WHERE month >= date_trunc('year', CAST($business_date AS DATE))::date)   AS deliveries,
           sum(revenue) FILTER (WHERE month >= date_trunc('year', CAST($business_date AS DATE))::date)      AS revenue,
           sum(revenue) FILTER (WHERE month < date_trunc('year', CAST($business_date AS DATE))::date)       AS revenue_year_ago
    FROM depot_monthly
    WHERE month >= CAST(date_trunc('year', CAST($business_date AS DATE)) - INTERVAL '1' YEAR AS DATE)
      AND month <= $business_date
      AND date_part('month', month) <= date_part('month', CAST($business_date AS DATE))
    GROUP BY 1, 2
)
SELECT date_trunc('year', CAST($business_date AS DATE))::date               AS year,
       c.depot_id,
       p.name                                                               AS depot,
       c.month_of_year,
       CAST(coalesce(c.deliveries, 0) AS BIGINT)                            AS deliveries,
       CAST(coalesce(c.revenue, 0) AS DECIMAL(18, 2))                       AS revenue,
       CAST(coalesce(c.revenue_year_ago, 0) AS DECIMAL(18, 2))              AS revenue_year_ago,
       CAST(coalesce(c.revenue, 0) AS DOUBLE)
           / nullif(CAST(c.revenue_year_ago AS DOUBLE), 0) - 1              AS change,
       CAST(c.revenue AS DOUBLE) / nullif(CAST(y.revenue AS DOUBLE), 0)     AS share_of_year
FROM compared c
LEFT JOIN depot_yearly y ON y.depot_id = c.depot_id
                        AND y.year = date_trunc('year', CAST($business_date AS DATE))::date
LEFT JOIN depot p ON p.depot_id = c.depot_id
ORDER BY c.depot_id, c.month_of_year
