SELECT make_timestamptz(hour_number * 3600000000)                          AS hour,
       CAST(make_timestamp((hour_number + 8) * 3600000000) AS DATE)        AS day,
       * EXCLUDE (hour_number)
FROM (
    SELECT epoch_us(o.ordered_at) // 3600000000                            AS hour_number,
           o.depot_id,
           o.product_id,
           count(*)                                                        AS orders,
           CAST(sum(o.quantity) AS BIGINT)                                 AS pieces,
           CAST(sum(o.amount) AS DECIMAL(18, 2))                           AS amount,
           max(o.amount)                                                   AS largest_order
    FROM sales_order o
    WHERE o.status <> 'cancelled'
    GROUP BY ALL
)
