-- From the result of delivery_hourly.
SELECT date_trunc('year', day)::DATE                AS year,
       product_id,
       CAST(sum(deliveries) AS BIGINT)              AS deliveries,
       CAST(sum(pieces) AS BIGINT)                  AS pieces,
       CAST(sum(revenue) AS DECIMAL(18, 2))         AS revenue,
       min(smallest_delivery)                       AS smallest_delivery,
       max(largest_delivery)                        AS largest_delivery
FROM delivery_hourly
GROUP BY ALL
