/* report
title: Depot stock
description: How many cylinders each depot should have at the end of the business date, what the last count found, and how far the books were off when it was counted.
owner: operations
priority: P2
parameters:
  business_date: {type: date}
checks:
  not_null: [business_date, depot_id, product_id, balance]
  unique: [depot_id, product_id]
  expect:
    - counted >= 0
    - {sql: balance >= 0, severity: warn}
table: {replace: business_date = $business_date}
output:
  - xlsx: {sheet: Depot stock}
  - csv
columns:
  business_date: {description: Business date}
  depot_id: {description: Number of the depot}
  depot: {description: Name of the depot}
  product_id: {description: Kind of cylinder}
  product: {description: Name of the product}
  balance: {description: Stock in the books (帳面庫存), unit: cylinders}
  last_moved_on: {description: Day of the last movement}
  share_of_capacity: {description: Share of the depot's licensed capacity that this stock takes, unit: share}
  counted_on: {description: Day of the last count (盤點日); none where it was never counted}
  full_cylinders: {description: Full cylinders at the last count (實瓶), unit: cylinders}
  empty_cylinders: {description: Empty cylinders at the last count (空瓶), unit: cylinders}
  counted: {description: All cylinders at the last count, unit: cylinders}
  balance_when_counted: {description: Stock in the books at the end of the day of the count, unit: cylinders}
  difference: {description: Counted less the books (盤差) - negative when cylinders are missing, unit: cylinders}
*/
WITH newest_balance AS (
    SELECT depot_id, product_id, day, balance
    FROM (
        SELECT depot_id, product_id, day, balance,
               row_number() OVER (PARTITION BY depot_id, product_id ORDER BY day DESC) AS newest
        FROM cylinder_balance_daily
        WHERE day <= $business_date
    ) b
    WHERE newest = 1
),
newest_count AS (
    SELECT depot_id, product_id, day, full_cylinders, empty_cylinders, cylinders
    FROM (
        SELECT depot_id, product_id, day, full_cylinders, empty_cylinders, cylinders,
               row_number() OVER (PARTITION BY depot_id, product_id ORDER BY day DESC) AS newest
        FROM inventory_daily
        WHERE day <= $business_date
    ) i
    WHERE newest = 1
),
when_counted AS (
    SELECT c.depot_id, c.product_id, sum(b.change) AS balance
    FROM newest_count c
    JOIN cylinder_balance_daily b ON b.depot_id = c.depot_id AND b.product_id = c.product_id AND b.day <= c.day
    GROUP BY c.depot_id, c.product_id
)
SELECT CAST($business_date AS DATE)                                                        AS business_date,
       b.depot_id,
       p.name                                                                              AS depot,
       b.product_id,
       a.name                                                                              AS product,
       b.balance,
       b.day                                                                               AS last_moved_on,
       CAST(b.balance AS DOUBLE) / nullif(CAST(p.capacity_cylinders AS DOUBLE), 0)         AS share_of_capacity,
       c.day                                                                               AS counted_on,
       c.full_cylinders,
       c.empty_cylinders,
       c.cylinders                                                                         AS counted,
       CAST(w.balance AS BIGINT)                                                           AS balance_when_counted,
       CAST(c.cylinders - w.balance AS BIGINT)                                             AS difference
FROM newest_balance b
LEFT JOIN newest_count c ON c.depot_id = b.depot_id AND c.product_id = b.product_id
LEFT JOIN when_counted w ON w.depot_id = b.depot_id AND w.product_id = b.product_id
LEFT JOIN depot p ON p.depot_id = b.depot_id
LEFT JOIN product a ON a.product_id = b.product_id
ORDER BY b.depot_id, b.product_id
