-- Whole months: a month's customers need all of its days.
{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='month') }}

SELECT CAST(date_trunc('month', d.delivered_at) AS DATE)   AS month,
       d.depot_id,
       count(DISTINCT d.customer_id)                       AS customers,
       count(*)                                            AS deliveries
FROM {{ source('raw', 'delivery') }} d
WHERE d.status = 'completed'
{% if is_incremental() %}
  AND d.delivered_at >= date_trunc('month', DATE '{{ var("business_date") }}' - INTERVAL 30 DAY)
{% endif %}
GROUP BY ALL
