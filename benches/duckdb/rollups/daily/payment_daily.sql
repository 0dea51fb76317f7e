-- From the result of payment_hourly.
SELECT day,
       method,
       CAST(sum(payments) AS BIGINT)                AS payments,
       CAST(sum(payments_on_account) AS BIGINT)     AS payments_on_account,
       CAST(sum(amount) AS DECIMAL(18, 2))          AS amount,
       max(largest_payment)                         AS largest_payment
FROM payment_hourly
GROUP BY ALL
