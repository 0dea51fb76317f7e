-- With the sum of the prices, for the averages of the coarser ones.
SELECT make_timestamptz(hour_number * 3600000000)                          AS hour,
       CAST(make_timestamp((hour_number + 8) * 3600000000) AS DATE)        AS day,
       * EXCLUDE (hour_number)
FROM (
    SELECT epoch_us(d.delivered_at) // 3600000000                          AS hour_number,
           d.depot_id,
           d.product_id,
           count(*)                                                        AS deliveries,
           CAST(sum(d.quantity) AS BIGINT)                                 AS pieces,
           CAST(sum(d.amount) AS DECIMAL(18, 2))                           AS revenue,
           min(d.amount)                                                   AS smallest_delivery,
           max(d.amount)                                                   AS largest_delivery,
           CAST(avg(d.unit_price) AS DECIMAL(14, 6))                       AS average_price,
           sum(d.unit_price)                                               AS _state_price
    FROM delivery d
    WHERE d.status = 'completed'
    GROUP BY ALL
)
