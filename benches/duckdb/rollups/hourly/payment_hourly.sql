SELECT make_timestamptz(hour_number * 3600000000)                          AS hour,
       CAST(make_timestamp((hour_number + 8) * 3600000000) AS DATE)        AS day,
       * EXCLUDE (hour_number)
FROM (
    SELECT epoch_us(p.paid_at) // 3600000000                               AS hour_number,
           p.method,
           count(*)                                                        AS payments,
           count(*) FILTER (WHERE p.order_id IS NULL)                      AS payments_on_account,
           CAST(sum(p.amount) AS DECIMAL(18, 2))                           AS amount,
           max(p.amount)                                                   AS largest_payment
    FROM payment p
    GROUP BY ALL
)
