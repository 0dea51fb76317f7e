/* report
title: Cylinder loss
description: Cylinders that each depot lost or scrapped in the business date's month, beside those it issued and what should be left.
owner: operations
priority: P3
parameters:
  business_date: {type: date}
checks:
  not_null: [month, depot_id, product_id, lost, balance]
  unique: [depot_id, product_id]
  expect: lost >= 0 AND scrapped >= 0
table: {replace: "month = date_trunc('month', $business_date)::date"}
output:
  - xlsx: {sheet: Cylinder loss}
  - csv
columns:
  month: {description: First day of the month}
  depot_id: {description: Number of the depot}
  depot: {description: Name of the depot}
  product_id: {description: Kind of cylinder}
  product: {description: Name of the product}
  issued: {description: Issued to customers in the month, unit: cylinders}
  lost: {description: Reported as lost in the month (遺失), unit: cylinders}
  scrapped: {description: Scrapped in the month (報廢), unit: cylinders}
  loss_rate: {description: Lost cylinders for each one issued; none where none was issued, unit: share}
  lost_year_to_date: {description: Reported as lost since January, unit: cylinders}
  balance: {description: Stock in the books at the end of the business date (結存), unit: cylinders}
*/
WITH moved AS (
    SELECT depot_id,
           product_id,
           sum(CASE WHEN day >= date_trunc('month', CAST($business_date AS DATE))::date THEN issued ELSE 0 END)      AS issued,
           sum(CASE WHEN day >= date_trunc('month', CAST($business_date AS DATE))::date THEN lost ELSE 0 END)        AS lost,
           sum(CASE WHEN day >= date_trunc('month', CAST($business_date AS DATE))::date THEN scrapped ELSE 0 END)    AS scrapped,
           sum(CASE WHEN day >= date_trunc('year', CAST($business_date AS DATE))::date THEN lost ELSE 0 END)         AS lost_year_to_date,
           sum(change)                                                                                               AS balance
    FROM cylinder_balance_daily
    WHERE day <= $business_date
    GROUP BY depot_id, product_id
)
SELECT date_trunc('month', CAST($business_date AS DATE))::date        AS month,
       m.depot_id,
       p.name                                                         AS depot,
       m.product_id,
       a.name                                                         AS product,
       CAST(m.issued AS BIGINT)                                       AS issued,
       CAST(m.lost AS BIGINT)                                         AS lost,
       CAST(m.scrapped AS BIGINT)                                     AS scrapped,
       CAST(m.lost AS DOUBLE) / nullif(CAST(m.issued AS DOUBLE), 0)   AS loss_rate,
       CAST(m.lost_year_to_date AS BIGINT)                            AS lost_year_to_date,
       CAST(m.balance AS BIGINT)                                      AS balance
FROM moved m
LEFT JOIN depot p ON p.depot_id = m.depot_id
LEFT JOIN product a ON a.product_id = m.product_id
ORDER BY m.depot_id, m.product_id
