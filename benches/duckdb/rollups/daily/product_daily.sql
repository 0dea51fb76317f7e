SELECT local_day(d.delivered_at)                      AS day,
       d.product_id,
       p.category,
       count(*)                                                     AS deliveries,
       CAST(sum(d.quantity) AS BIGINT)                              AS pieces,
       CAST(sum(d.quantity * CASE WHEN p.category = 'bulk' THEN CAST(1 AS DECIMAL(6, 2)) ELSE p.cylinder_kg END) AS DECIMAL(18, 2))
                                                                    AS gas_kg,
       CAST(sum(d.amount) AS DECIMAL(18, 2))                        AS revenue,
       min(d.unit_price)                                            AS lowest_price,
       max(d.unit_price)                                            AS highest_price,
       CAST(avg(d.unit_price) AS DECIMAL(14, 6))                    AS average_price
FROM delivery d
JOIN product p ON p.product_id = d.product_id
WHERE d.status = 'completed'
GROUP BY 1, 2, 3
