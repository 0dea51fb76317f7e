/* report
title: System statistics
description: How many rows each source and each rollup holds, how many of them belong to the business date, and how new the newest is. A rollup by month or year counts those of the month or year.
owner: data
priority: P4
parameters:
  business_date: {type: date}
checks:
  not_null: [business_date, kind, name, row_count]
  unique: [kind, name]
  expect: row_count >= 0
table: {replace: business_date = $business_date}
output:
  - csv
columns:
  business_date: {description: Business date}
  kind: {description: Source or rollup}
  name: {description: Name of the table}
  row_count: {description: Rows in the table, unit: rows}
  rows_of_period: {description: Rows of the business date or of its month or year; none for a table without time, unit: rows}
  newest: {description: Day (or first day of the month or year) of the newest row}
*/
WITH counted AS (
    SELECT 'source'                                                             AS kind,
           'customer'                                                           AS name,
           count(*)                                                             AS row_count,
           count(*) FILTER (WHERE CAST(updated_at AS DATE) = $business_date)    AS rows_of_period,
           CAST(max(updated_at) AS DATE)                                        AS newest
    FROM customer
    UNION ALL
    SELECT 'source', 'cylinder_movement', count(*),
           count(*) FILTER (WHERE CAST(moved_at AS DATE) = $business_date),
           CAST(max(moved_at) AS DATE)
    FROM cylinder_movement
    UNION ALL
    SELECT 'source', 'delivery', count(*),
           count(*) FILTER (WHERE CAST(delivered_at AS DATE) = $business_date),
           CAST(max(delivered_at) AS DATE)
    FROM delivery
    UNION ALL
    SELECT 'source', 'depot', count(*), NULL, NULL
    FROM depot
    UNION ALL
    SELECT 'source', 'driver', count(*),
           count(*) FILTER (WHERE CAST(updated_at AS DATE) = $business_date),
           CAST(max(updated_at) AS DATE)
    FROM driver
    UNION ALL
    SELECT 'source', 'inventory_count', count(*),
           count(*) FILTER (WHERE CAST(counted_at AS DATE) = $business_date),
           CAST(max(counted_at) AS DATE)
    FROM inventory_count
    UNION ALL
    SELECT 'source', 'payment', count(*),
           count(*) FILTER (WHERE CAST(paid_at AS DATE) = $business_date),
           CAST(max(paid_at) AS DATE)
    FROM payment
    UNION ALL
    SELECT 'source', 'price', count(*),
           count(*) FILTER (WHERE valid_from = $business_date),
           max(valid_from)
    FROM price
    UNION ALL
    SELECT 'source', 'product', count(*), NULL, NULL
    FROM product
    UNION ALL
    SELECT 'source', 'sales_order', count(*),
           count(*) FILTER (WHERE CAST(ordered_at AS DATE) = $business_date),
           CAST(max(ordered_at) AS DATE)
    FROM sales_order
    UNION ALL
    SELECT 'rollup', 'cylinder_balance_daily', count(*),
           count(*) FILTER (WHERE day = $business_date),
           max(day)
    FROM cylinder_balance_daily
    UNION ALL
    SELECT 'rollup', 'customer_monthly', count(*),
           count(*) FILTER (WHERE month = date_trunc('month', CAST($business_date AS DATE))::date),
           max(month)
    FROM customer_monthly
    UNION ALL
    SELECT 'rollup', 'delivery_hourly', count(*),
           count(*) FILTER (WHERE day = $business_date),
           max(day)
    FROM delivery_hourly
    UNION ALL
    SELECT 'rollup', 'depot_daily', count(*),
           count(*) FILTER (WHERE day = $business_date),
           max(day)
    FROM depot_daily
    UNION ALL
    SELECT 'rollup', 'depot_monthly', count(*),
           count(*) FILTER (WHERE month = date_trunc('month', CAST($business_date AS DATE))::date),
           max(month)
    FROM depot_monthly
    UNION ALL
    SELECT 'rollup', 'depot_yearly', count(*),
           count(*) FILTER (WHERE year = date_trunc('year', CAST($business_date AS DATE))::date),
           max(year)
    FROM depot_yearly
    UNION ALL
    SELECT 'rollup', 'driver_daily', count(*),
           count(*) FILTER (WHERE day = $business_date),
           max(day)
    FROM driver_daily
    UNION ALL
    SELECT 'rollup', 'driver_monthly', count(*),
           count(*) FILTER (WHERE month = date_trunc('month', CAST($business_date AS DATE))::date),
           max(month)
    FROM driver_monthly
    UNION ALL
    SELECT 'rollup', 'inventory_daily', count(*),
           count(*) FILTER (WHERE day = $business_date),
           max(day)
    FROM inventory_daily
    UNION ALL
    SELECT 'rollup', 'order_channel_hourly', count(*),
           count(*) FILTER (WHERE day = $business_date),
           max(day)
    FROM order_channel_hourly
    UNION ALL
    SELECT 'rollup', 'payment_daily', count(*),
           count(*) FILTER (WHERE day = $business_date),
           max(day)
    FROM payment_daily
    UNION ALL
    SELECT 'rollup', 'payment_hourly', count(*),
           count(*) FILTER (WHERE day = $business_date),
           max(day)
    FROM payment_hourly
    UNION ALL
    SELECT 'rollup', 'product_daily', count(*),
           count(*) FILTER (WHERE day = $business_date),
           max(day)
    FROM product_daily
    UNION ALL
    SELECT 'rollup', 'product_monthly', count(*),
           count(*) FILTER (WHERE month = date_trunc('month', CAST($business_date AS DATE))::date),
           max(month)
    FROM product_monthly
    UNION ALL
    SELECT 'rollup', 'product_yearly', count(*),
           count(*) FILTER (WHERE year = date_trunc('year', CAST($business_date AS DATE))::date),
           max(year)
    FROM product_yearly
    UNION ALL
    SELECT 'rollup', 'receivable_monthly', count(*),
           count(*) FILTER (WHERE month = date_trunc('month', CAST($business_date AS DATE))::date),
           max(month)
    FROM receivable_monthly
    UNION ALL
    SELECT 'rollup', 'sales_hourly', count(*),
           count(*) FILTER (WHERE day = $business_date),
           max(day)
    FROM sales_hourly
)
SELECT CAST($business_date AS DATE) AS business_date, kind, name, row_count, rows_of_period, newest
FROM counted
ORDER BY kind, name
