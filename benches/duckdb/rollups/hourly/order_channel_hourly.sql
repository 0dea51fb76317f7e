SELECT make_timestamptz(hour_number * 3600000000)                          AS hour,
       CAST(make_timestamp((hour_number + 8) * 3600000000) AS DATE)        AS day,
       * EXCLUDE (hour_number)
FROM (
    SELECT epoch_us(o.ordered_at) // 3600000000                            AS hour_number,
           o.channel,
           count(*)                                                        AS orders,
           count(*) FILTER (WHERE o.status = 'cancelled')                  AS cancelled,
           CAST(sum(o.amount) AS DECIMAL(18, 2))                           AS amount,
           CAST(avg(o.amount) AS DECIMAL(18, 6))                           AS average_order
    FROM sales_order o
    GROUP BY ALL
)
