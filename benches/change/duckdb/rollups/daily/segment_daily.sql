SELECT local_day(d.delivered_at)                      AS day,
       d.depot_id,
       c.segment,
       count(*)                                       AS deliveries,
       CAST(sum(d.quantity) AS BIGINT)                AS pieces,
       CAST(sum(d.amount) AS DECIMAL(18, 2))          AS revenue,
       max(d.amount)                                  AS largest_delivery
FROM delivery d
JOIN customer c ON c.customer_id = d.customer_id
WHERE d.status = 'completed'
GROUP BY ALL
