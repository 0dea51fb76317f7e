{{ config(materialized='table') }}

SELECT date_trunc('year', month)::DATE                AS year,
       depot_id,
       product_id,
       CAST(sum(deliveries) AS BIGINT)                AS deliveries,
       CAST(sum(pieces) AS BIGINT)                    AS pieces,
       CAST(sum(revenue) AS DECIMAL(18, 2))           AS revenue,
       min(smallest_delivery)                         AS smallest_delivery,
       max(largest_delivery)                          AS largest_delivery,
       CAST(sum(price_total) / sum(deliveries) AS DECIMAL(14, 6)) AS average_price,
       CAST(sum(price_total) AS DECIMAL(18, 2))       AS price_total
FROM {{ ref('delivery_monthly') }}
GROUP BY ALL
