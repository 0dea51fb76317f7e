-- From the result of delivery_hourly.
SELECT date_trunc('month', day)::DATE               AS month,
       depot_id,
       CAST(sum(deliveries) AS BIGINT)              AS deliveries,
       CAST(sum(on_time) AS BIGINT)                 AS on_time,
       CAST(sum(pieces) AS BIGINT)                  AS pieces,
       CAST(sum(revenue) AS DECIMAL(18, 2))         AS revenue,
       max(largest_delivery)                        AS largest_delivery
FROM delivery_hourly
GROUP BY ALL
