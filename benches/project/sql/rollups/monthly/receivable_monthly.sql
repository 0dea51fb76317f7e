/* rollup
title: Receivables by due month
description: What the orders that fall due in each month were worth, what has been paid on them, and what is still open (應收帳款). The bucket is the month of the due day, so that a bucket never depends on today; how old a debt is follows from the day on which a report looks at it.
time: due_on
columns:
  month: {description: First day of the month in which the orders fall due}
  depot_id: {description: Depot that delivers}
  orders: {description: Orders that were not cancelled, unit: orders}
  open_orders: {description: Orders that are not paid in full, unit: orders}
  ordered: {description: Value of the orders, unit: TWD}
  paid: {description: Payments that name one of the orders - at any date, unit: TWD}
  outstanding: {description: What is missing on the orders that are not paid in full (未收金額), unit: TWD}
  overpaid: {description: What was paid above the value of an order (溢收金額), unit: TWD}
*/
SELECT date_trunc('month', o.due_on)::date                                                              AS month,
       o.depot_id,
       count(*)                                                                                         AS orders,
       count(*) FILTER (WHERE o.amount > coalesce(p.paid, 0))                                           AS open_orders,
       CAST(sum(o.amount) AS DECIMAL(18, 2))                                                            AS ordered,
       CAST(coalesce(sum(p.paid), 0) AS DECIMAL(18, 2))                                                 AS paid,
       CAST(sum(greatest(o.amount - coalesce(p.paid, 0), 0)) AS DECIMAL(18, 2))                         AS outstanding,
       CAST(sum(greatest(coalesce(p.paid, 0) - o.amount, 0)) AS DECIMAL(18, 2))                         AS overpaid
FROM sales_order o
LEFT JOIN (
    SELECT order_id, sum(amount) AS paid
    FROM payment
    WHERE order_id IS NOT NULL
    GROUP BY order_id
) p ON p.order_id = o.order_id
WHERE o.status <> 'cancelled'
GROUP BY 1, 2
