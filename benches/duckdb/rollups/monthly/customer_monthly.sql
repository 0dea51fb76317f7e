SELECT local_month(d.delivered_at)      AS month,
       d.depot_id,
       d.customer_id,
       count(*)                                       AS deliveries,
       CAST(sum(d.quantity) AS BIGINT)                AS pieces,
       CAST(sum(d.amount) AS DECIMAL(18, 2))          AS revenue,
       CAST(avg(d.amount) AS DECIMAL(18, 6))          AS average_delivery,
       local_day(max(d.delivered_at))                      AS last_delivered_on
FROM delivery d
WHERE d.status = 'completed'
GROUP BY 1, 2, 3
