/* rollup
title: Payments by day
description: Money that came in on each day, by the way it was paid.
time: paid_at
columns:
  day: {description: Day of the payments}
  method: {description: How it was paid (付款方式)}
  payments: {description: Number of payments, unit: payments}
  payments_on_account: {description: Payments that name no order, unit: payments}
  amount: {description: Money received (收款金額), unit: TWD}
  largest_payment: {description: Largest single payment, unit: TWD}
*/
SELECT date_trunc('day', p.paid_at)::date               AS day,
       p.method,
       count(*)                                         AS payments,
       count(*) FILTER (WHERE p.order_id IS NULL)       AS payments_on_account,
       CAST(sum(p.amount) AS DECIMAL(18, 2))            AS amount,
       max(p.amount)                                    AS largest_payment
FROM payment p
GROUP BY 1, 2
