/* report
title: Payment mix
description: How each kind of customer pays in each month, and the share of each way to pay.
owner: finance
checks:
  not_null: [month, customer_type, method, amount]
  unique: [month, customer_type, method]
*/
WITH mixed AS (
    SELECT date_trunc('month', p.paid_at)::date          AS month,
           coalesce(c.customer_type, 'removed')          AS customer_type,
           p.method,
           count(*)                                      AS payments,
           CAST(sum(p.amount) AS DECIMAL(18, 2))         AS amount
    FROM payment p
    LEFT JOIN customer c ON c.customer_id = p.customer_id
    GROUP BY 1, 2, 3
)
SELECT month,
       customer_type,
       method,
       payments,
       amount,
       CAST(amount AS DOUBLE) / CAST(sum(amount) OVER (PARTITION BY month, customer_type) AS DOUBLE) AS share
FROM mixed
ORDER BY month, customer_type, method
