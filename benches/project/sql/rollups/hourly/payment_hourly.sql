/* rollup
title: Payments by hour
description: Money that came in during each hour, by the way it was paid.
time: paid_at
columns:
  hour: {description: Start of the hour in which it was paid}
  day: {description: Day of the hour}
  method: {description: How it was paid (付款方式)}
  payments: {description: Number of payments, unit: payments}
  payments_on_account: {description: Payments that name no order, unit: payments}
  amount: {description: Money received (收款金額), unit: TWD}
  largest_payment: {description: Largest single payment, unit: TWD}
*/
SELECT date_trunc('hour', p.paid_at)                    AS hour,
       date_trunc('day', p.paid_at)::date               AS day,
       p.method,
       count(*)                                         AS payments,
       count(*) FILTER (WHERE p.order_id IS NULL)       AS payments_on_account,
       CAST(sum(p.amount) AS DECIMAL(18, 2))            AS amount,
       max(p.amount)                                    AS largest_payment
FROM payment p
GROUP BY 1, 2, 3
