{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='day') }}

SELECT date_trunc('hour', d.delivered_at)             AS hour,
       CAST(d.delivered_at AS DATE)                   AS day,
       d.depot_id,
       d.product_id,
       count(*)                                       AS deliveries,
       CAST(sum(d.quantity) AS BIGINT)                AS pieces,
       CAST(sum(d.amount) AS DECIMAL(18, 2))          AS revenue,
       min(d.amount)                                  AS smallest_delivery,
       max(d.amount)                                  AS largest_delivery,
       CAST(avg(d.unit_price) AS DECIMAL(14, 6))      AS average_price,
       CAST(sum(d.unit_price) AS DECIMAL(18, 2))      AS price_total
FROM {{ source('raw', 'delivery') }} d
WHERE d.status = 'completed'
{% if is_incremental() %}
  AND d.delivered_at >= DATE '{{ var("business_date") }}' - INTERVAL 30 DAY
{% endif %}
GROUP BY ALL
