SELECT local_day(d.delivered_at)        AS day,
       d.depot_id,
       coalesce(c.customer_type, 'removed')           AS customer_type,
       count(DISTINCT d.customer_id)                  AS customers,
       count(*)                                       AS deliveries,
       CAST(sum(d.quantity) AS BIGINT)                AS pieces,
       CAST(sum(d.amount) AS DECIMAL(18, 2))          AS revenue,
       CAST(avg(d.unit_price) AS DECIMAL(14, 6))      AS average_price
FROM delivery d
LEFT JOIN customer c ON c.customer_id = d.customer_id
WHERE d.status = 'completed'
GROUP BY 1, 2, 3
