-- From the result of delivery_daily.
SELECT date_trunc('month', day)::DATE                 AS month,
       depot_id,
       product_id,
       CAST(sum(deliveries) AS BIGINT)                AS deliveries,
       CAST(sum(pieces) AS BIGINT)                    AS pieces,
       CAST(sum(revenue) AS DECIMAL(18, 2))           AS revenue,
       min(smallest_delivery)                         AS smallest_delivery,
       max(largest_delivery)                          AS largest_delivery,
       CAST(sum(_state_price) / sum(deliveries) AS DECIMAL(14, 6)) AS average_price,
       sum(_state_price)                              AS _state_price
FROM delivery_daily
GROUP BY ALL
