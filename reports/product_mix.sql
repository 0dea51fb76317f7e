/* report
title: Product mix by depot
description: What each depot sold of each product in the business date's month, and which share of the depot's revenue that was, beside the same share in the whole company.
owner: sales
priority: P3
parameters:
  business_date: {type: date}
checks:
  not_null: [month, depot_id, product_id, revenue]
  unique: [depot_id, product_id]
  expect: share_of_depot BETWEEN 0 AND 1
table: {replace: "month = date_trunc('month', $business_date)::date"}
output:
  - xlsx: {sheet: Product mix}
  - csv: {compress: zstd}
columns:
  month: {description: First day of the month}
  depot_id: {description: Number of the depot}
  depot: {description: Name of the depot}
  product_id: {description: What was delivered}
  product: {description: Name of the product}
  category: {description: What it is}
  deliveries: {description: Completed deliveries, unit: deliveries}
  pieces: {description: Pieces delivered, unit: pieces}
  gas_kg: {description: Gas delivered in cylinders or in bulk (公斤數); none for accessories, unit: kg}
  revenue: {description: Value of the deliveries (營收), unit: TWD}
  share_of_depot: {description: Share of the depot's revenue, unit: share}
  share_of_company: {description: Share of the product in the revenue of all depots in the month, unit: share}
  share_of_year: {description: Share of the product in the revenue of all depots in the year so far, unit: share}
*/
WITH sold AS (
    SELECT depot_id,
           product_id,
           sum(deliveries) AS deliveries,
           sum(pieces)     AS pieces,
           sum(revenue)    AS revenue
    FROM delivery_hourly
    WHERE day >= date_trunc('month', CAST($business_date AS DATE))::date
      AND day < CAST(date_trunc('month', CAST($business_date AS DATE)) + INTERVAL '1' MONTH AS DATE)
    GROUP BY depot_id, product_id
),
in_month AS (
    SELECT product_id, CAST(revenue AS DOUBLE) / nullif(CAST(sum(revenue) OVER () AS DOUBLE), 0) AS share
    FROM product_monthly
    WHERE month = date_trunc('month', CAST($business_date AS DATE))::date
),
in_year AS (
    SELECT product_id, CAST(revenue AS DOUBLE) / nullif(CAST(sum(revenue) OVER () AS DOUBLE), 0) AS share
    FROM product_yearly
    WHERE year = date_trunc('year', CAST($business_date AS DATE))::date
)
SELECT date_trunc('month', CAST($business_date AS DATE))::date                                  AS month,
       s.depot_id,
       p.name                                                                                   AS depot,
       s.product_id,
       a.name                                                                                   AS product,
       a.category,
       CAST(s.deliveries AS BIGINT)                                                             AS deliveries,
       CAST(s.pieces AS BIGINT)                                                                 AS pieces,
       CAST(CAST(s.pieces AS BIGINT)
           * CASE WHEN a.category = 'bulk' THEN CAST(1 AS DECIMAL(6, 2)) ELSE a.cylinder_kg END AS DECIMAL(18, 2))
                                                                                                AS gas_kg,
       CAST(s.revenue AS DECIMAL(18, 2))                                                        AS revenue,
       CAST(s.revenue AS DOUBLE)
           / nullif(CAST(sum(s.revenue) OVER (PARTITION BY s.depot_id) AS DOUBLE), 0)           AS share_of_depot,
       m.share                                                                                  AS share_of_company,
       y.share                                                                                  AS share_of_year
FROM sold s
LEFT JOIN in_month m ON m.product_id = s.product_id
LEFT JOIN in_year y ON y.product_id = s.product_id
LEFT JOIN depot p ON p.depot_id = s.depot_id
LEFT JOIN product a ON a.product_id = s.product_id
ORDER BY s.depot_id, s.product_id
