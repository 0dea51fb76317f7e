SELECT local_day(d.delivered_at)                                         AS day,
       d.depot_id,
       count(*)                                                          AS deliveries,
       CAST(median(CAST(d.amount AS DOUBLE)) AS DECIMAL(16, 3))          AS median_amount
FROM delivery d
WHERE d.status = 'completed'
GROUP BY ALL
