{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='day') }}

SELECT CAST(d.delivered_at AS DATE)                   AS day,
       d.depot_id,
       c.segment,
       count(*)                                       AS deliveries,
       CAST(sum(d.quantity) AS BIGINT)                AS pieces,
       CAST(sum(d.amount) AS DECIMAL(18, 2))          AS revenue,
       max(d.amount)                                  AS largest_delivery
FROM {{ source('raw', 'delivery') }} d
JOIN {{ source('raw', 'customer') }} c ON c.customer_id = d.customer_id
WHERE d.status = 'completed'
{% if is_incremental() %}
  AND d.delivered_at >= DATE '{{ var("business_date") }}' - INTERVAL 30 DAY
{% endif %}
GROUP BY ALL
