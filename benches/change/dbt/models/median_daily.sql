{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='day') }}

SELECT CAST(d.delivered_at AS DATE)                                      AS day,
       d.depot_id,
       count(*)                                                          AS deliveries,
       CAST(median(CAST(d.amount AS DOUBLE)) AS DECIMAL(16, 3))          AS median_amount
FROM {{ source('raw', 'delivery') }} d
WHERE d.status = 'completed'
{% if is_incremental() %}
  AND d.delivered_at >= DATE '{{ var("business_date") }}' - INTERVAL 30 DAY
{% endif %}
GROUP BY ALL
