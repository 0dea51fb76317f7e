WITH list AS (
    SELECT product_id,
           valid_from,
           lead(valid_from) OVER (PARTITION BY product_id ORDER BY valid_from) AS valid_until,
           list_price
    FROM price
)
SELECT local_month(d.delivered_at)                   AS month,
       d.product_id,
       coalesce(c.customer_type, 'removed')                        AS customer_type,
       count(*)                                                    AS deliveries,
       CAST(sum(d.amount) AS DECIMAL(18, 2))                       AS revenue,
       CAST(sum(d.quantity * l.list_price) AS DECIMAL(18, 2))      AS list_value,
       min(d.unit_price)                                           AS lowest_price,
       max(d.unit_price)                                           AS highest_price,
       CAST(avg(d.unit_price) AS DECIMAL(14, 6))                   AS average_price
FROM delivery d
JOIN list l ON l.product_id = d.product_id
           AND l.valid_from <= local_day(d.delivered_at)
           AND (l.valid_until IS NULL OR l.valid_until > local_day(d.delivered_at))
LEFT JOIN customer c ON c.customer_id = d.customer_id
WHERE d.status = 'completed'
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3
