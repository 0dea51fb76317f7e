/* report
title: Unpaid orders
description: Every order that was due before the business date and is not paid in full, the greatest debt first.
owner: finance
parameters:
  business_date: {type: date}
checks:
  not_null: [order_id, outstanding]
  expect: outstanding > 0
*/
WITH paid AS (
    SELECT order_id, sum(amount) AS paid
    FROM payment
    WHERE order_id IS NOT NULL
    GROUP BY order_id
)
SELECT o.order_id,
       o.ordered_at,
       o.due_on,
       o.customer_id,
       c.name                                                            AS customer,
       c.customer_type,
       c.phone,
       o.depot_id,
       o.channel,
       o.amount,
       CAST(coalesce(p.paid, 0) AS DECIMAL(18, 2))                       AS paid,
       CAST(o.amount - coalesce(p.paid, 0) AS DECIMAL(18, 2))            AS outstanding
FROM sales_order o
LEFT JOIN paid p ON p.order_id = o.order_id
LEFT JOIN customer c ON c.customer_id = o.customer_id
WHERE o.status <> 'cancelled'
  AND o.due_on < $business_date
  AND o.amount > coalesce(p.paid, 0)
ORDER BY outstanding DESC, o.order_id
