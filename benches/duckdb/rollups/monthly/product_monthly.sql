SELECT local_month(d.delivered_at)                        AS month,
       d.product_id,
       count(*)                                                         AS deliveries,
       count(DISTINCT d.customer_id)                                    AS customers,
       CAST(sum(d.quantity) AS BIGINT)                                  AS pieces,
       CAST(sum(d.amount) AS DECIMAL(18, 2))                            AS revenue,
       CAST(median(CAST(d.unit_price AS DOUBLE)) AS DECIMAL(12, 3))     AS median_price
FROM delivery d
WHERE d.status = 'completed'
GROUP BY 1, 2
