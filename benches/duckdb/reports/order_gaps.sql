WITH gap AS (
    SELECT customer_id,
           epoch_us(ordered_at)
               - lag(epoch_us(ordered_at)) OVER (PARTITION BY customer_id ORDER BY ordered_at, order_id) AS microseconds
    FROM sales_order
    WHERE status <> 'cancelled'
)
SELECT c.district,
       c.customer_type,
       count(*)                        AS gaps,
       avg(g.microseconds / 86400000000)        AS average_days,
       median(g.microseconds / 86400000000)     AS median_days,
       max(g.microseconds / 86400000000)        AS most_days
FROM gap g
JOIN customer c ON c.customer_id = g.customer_id
WHERE g.microseconds IS NOT NULL
GROUP BY 1, 2
ORDER BY 1, 2
