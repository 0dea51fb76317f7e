/* report
title: Price realisation
description: What the deliveries of the business date's month brought in, beside what they would have brought at the list price of their day (牌價). Deliveries before a product's first list price are left out of both sums.
owner: finance
priority: P3
parameters:
  business_date: {type: date}
checks:
  not_null: [month, product_id, pieces, revenue, list_value]
  unique: [product_id]
  expect: {sql: realisation BETWEEN 0.5 AND 1.5, severity: warn}
table: {replace: "month = date_trunc('month', $business_date)::date"}
output:
  - xlsx: {sheet: Price realisation}
columns:
  month: {description: First day of the month}
  product_id: {description: What was delivered}
  product: {description: Name of the product}
  category: {description: What it is}
  pieces: {description: Pieces delivered, unit: pieces}
  revenue: {description: Value of the deliveries (營收), unit: TWD}
  list_value: {description: Value of the same pieces at list price, unit: TWD}
  discount: {description: List value less revenue (折讓), unit: TWD}
  realisation: {description: Revenue for each dollar of list value (實現率), unit: share}
  lowest_price: {description: Lowest price of a piece, unit: TWD}
  highest_price: {description: Highest price of a piece, unit: TWD}
  list_price: {description: Newest list price in the month, unit: TWD}
*/
WITH list AS (
    SELECT product_id,
           valid_from,
           lead(valid_from) OVER (PARTITION BY product_id ORDER BY valid_from) AS valid_until,
           list_price
    FROM price
),
priced AS (
    SELECT d.product_id,
           d.category,
           sum(d.pieces)                                                                        AS pieces,
           sum(d.revenue)                                                                       AS revenue,
           sum(d.pieces * l.list_price)                                                         AS list_value,
           min(d.lowest_price)                                                                  AS lowest_price,
           max(d.highest_price)                                                                 AS highest_price,
           max(l.valid_from)                                                                    AS newest
    FROM product_daily d
    JOIN list l ON l.product_id = d.product_id
               AND l.valid_from <= d.day
               AND (l.valid_until IS NULL OR l.valid_until > d.day)
    WHERE d.day >= date_trunc('month', CAST($business_date AS DATE))::date
      AND d.day < CAST(date_trunc('month', CAST($business_date AS DATE)) + INTERVAL '1' MONTH AS DATE)
    GROUP BY d.product_id, d.category
)
SELECT date_trunc('month', CAST($business_date AS DATE))::date                         AS month,
       s.product_id,
       a.name                                                                          AS product,
       s.category,
       CAST(s.pieces AS BIGINT)                                                        AS pieces,
       CAST(s.revenue AS DECIMAL(18, 2))                                               AS revenue,
       CAST(s.list_value AS DECIMAL(18, 2))                                            AS list_value,
       CAST(s.list_value - s.revenue AS DECIMAL(18, 2))                                AS discount,
       CAST(s.revenue AS DOUBLE) / nullif(CAST(s.list_value AS DOUBLE), 0)             AS realisation,
       s.lowest_price,
       s.highest_price,
       l.list_price
FROM priced s
JOIN price l ON l.product_id = s.product_id AND l.valid_from = s.newest
LEFT JOIN product a ON a.product_id = s.product_id
ORDER BY s.product_id
