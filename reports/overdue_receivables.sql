/* report
title: Overdue receivables
description: What each customer owes on orders that were due before the business date, by age of the debt (帳齡分析). Payments count up to the business date.
owner: finance
priority: P1
parameters:
  business_date: {type: date}
checks:
  not_null: [business_date, customer_id, outstanding]
  unique: [customer_id]
  expect:
    - outstanding > 0
    - outstanding = up_to_30_days + up_to_60_days + up_to_90_days + over_90_days
table: {replace: business_date = $business_date}
output:
  - csv: {compress: gzip, rows_per_file: 5000}
  - xlsx: {sheet: Overdue}
columns:
  business_date: {description: Day on which the debts are looked at}
  customer_id: {description: Number of the customer}
  customer: {description: Name of the customer; none where the customer was deleted}
  customer_type: {description: Kind of customer}
  depot_id: {description: Depot that normally serves the customer}
  orders: {description: Overdue orders, unit: orders}
  oldest_due_on: {description: Due day of the oldest debt (到期日)}
  days_overdue: {description: Age of the oldest debt, unit: days}
  up_to_30_days: {description: Debts of 1 to 30 days, unit: TWD}
  up_to_60_days: {description: Debts of 31 to 60 days, unit: TWD}
  up_to_90_days: {description: Debts of 61 to 90 days, unit: TWD}
  over_90_days: {description: Debts of more than 90 days, unit: TWD}
  outstanding: {description: All overdue debts together (逾期金額), unit: TWD}
  credit_limit: {description: How much the customer may owe, unit: TWD}
  over_limit: {description: The overdue debts alone exceed the credit limit}
*/
WITH paid AS (
    SELECT order_id, sum(amount) AS paid
    FROM payment
    WHERE order_id IS NOT NULL AND paid_at < CAST(CAST($business_date AS DATE) + INTERVAL '1' DAY AS TIMESTAMP)
    GROUP BY order_id
),
debt AS (
    SELECT o.customer_id,
           o.due_on,
           CAST($business_date AS DATE) - o.due_on     AS age,
           o.amount - coalesce(p.paid, 0)              AS outstanding
    FROM sales_order o
    LEFT JOIN paid p ON p.order_id = o.order_id
    WHERE o.status <> 'cancelled'
      AND o.due_on < $business_date
      AND o.amount > coalesce(p.paid, 0)
),
aged AS (
    SELECT customer_id,
           count(*)                                                              AS orders,
           min(due_on)                                                           AS oldest_due_on,
           max(age)                                                              AS days_overdue,
           sum(CASE WHEN age <= 30 THEN outstanding ELSE 0 END)                  AS up_to_30_days,
           sum(CASE WHEN age BETWEEN 31 AND 60 THEN outstanding ELSE 0 END)      AS up_to_60_days,
           sum(CASE WHEN age BETWEEN 61 AND 90 THEN outstanding ELSE 0 END)      AS up_to_90_days,
           sum(CASE WHEN age > 90 THEN outstanding ELSE 0 END)                   AS over_90_days,
           sum(outstanding)                                                      AS outstanding
    FROM debt
    GROUP BY customer_id
)
SELECT CAST($business_date AS DATE)                                 AS business_date,
       a.customer_id,
       c.name                                                       AS customer,
       c.customer_type,
       c.depot_id,
       a.orders,
       a.oldest_due_on,
       CAST(a.days_overdue AS BIGINT)                               AS days_overdue,
       CAST(a.up_to_30_days AS DECIMAL(18, 2))                      AS up_to_30_days,
       CAST(a.up_to_60_days AS DECIMAL(18, 2))                      AS up_to_60_days,
       CAST(a.up_to_90_days AS DECIMAL(18, 2))                      AS up_to_90_days,
       CAST(a.over_90_days AS DECIMAL(18, 2))                       AS over_90_days,
       CAST(a.outstanding AS DECIMAL(18, 2))                        AS outstanding,
       c.credit_limit,
       coalesce(a.outstanding > c.credit_limit, false)              AS over_limit
FROM aged a
LEFT JOIN customer c ON c.customer_id = a.customer_id
ORDER BY a.customer_id
