-- From the result of depot_monthly.
SELECT date_trunc('year', month)::DATE              AS year,
       depot_id,
       CAST(sum(deliveries) AS BIGINT)              AS deliveries,
       CAST(sum(on_time) AS BIGINT)                 AS on_time,
       CAST(sum(pieces) AS BIGINT)                  AS pieces,
       CAST(sum(revenue) AS DECIMAL(18, 2))         AS revenue,
       max(largest_delivery)                        AS largest_delivery
FROM depot_monthly
GROUP BY ALL
