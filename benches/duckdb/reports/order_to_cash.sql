WITH delivered AS (
    SELECT order_id, min(delivered_at) AS delivered_at
    FROM delivery
    WHERE status = 'completed'
    GROUP BY order_id
),
paid AS (
    SELECT order_id, max(paid_at) AS paid_at, CAST(sum(amount) AS DECIMAL(14, 2)) AS paid
    FROM payment
    WHERE order_id IS NOT NULL
    GROUP BY order_id
)
SELECT local_month(o.ordered_at)                                                              AS month,
       o.channel,
       p.category,
       count(*)                                                                                             AS orders,
       count(d.order_id)                                                                                    AS delivered,
       count(q.order_id)                                                                                    AS paid_orders,
       CAST(sum(o.amount) AS DECIMAL(18, 2))                                                                AS ordered,
       CAST(coalesce(sum(q.paid), 0) AS DECIMAL(18, 2))                                                     AS paid,
       avg((epoch_us(d.delivered_at) - epoch_us(o.ordered_at)) / 3600000000)                AS hours_to_delivery,
       avg((epoch_us(q.paid_at) - epoch_us(o.ordered_at)) / 86400000000)                    AS days_to_payment
FROM sales_order o
JOIN product p ON p.product_id = o.product_id
LEFT JOIN delivered d ON d.order_id = o.order_id
LEFT JOIN paid q ON q.order_id = o.order_id
WHERE o.status <> 'cancelled'
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3
