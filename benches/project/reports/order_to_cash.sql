/* report
title: Order to cash
description: How long orders take to be delivered and to be paid, by month, channel and category of product.
owner: finance
checks:
  not_null: [month, channel, category, orders]
  unique: [month, channel, category]
*/
WITH delivered AS (
    SELECT order_id, min(delivered_at) AS delivered_at
    FROM delivery
    WHERE status = 'completed'
    GROUP BY order_id
),
paid AS (
    SELECT order_id, max(paid_at) AS paid_at, sum(amount) AS paid
    FROM payment
    WHERE order_id IS NOT NULL
    GROUP BY order_id
)
SELECT date_trunc('month', o.ordered_at)::date                                                              AS month,
       o.channel,
       p.category,
       count(*)                                                                                             AS orders,
       count(d.order_id)                                                                                    AS delivered,
       count(q.order_id)                                                                                    AS paid_orders,
       CAST(sum(o.amount) AS DECIMAL(18, 2))                                                                AS ordered,
       CAST(coalesce(sum(q.paid), 0) AS DECIMAL(18, 2))                                                     AS paid,
       avg((date_part('epoch', d.delivered_at) - date_part('epoch', o.ordered_at)) / 3600.0)                AS hours_to_delivery,
       avg((date_part('epoch', q.paid_at) - date_part('epoch', o.ordered_at)) / 86400.0)                    AS days_to_payment
FROM sales_order o
JOIN product p ON p.product_id = o.product_id
LEFT JOIN delivered d ON d.order_id = o.order_id
LEFT JOIN paid q ON q.order_id = o.order_id
WHERE o.status <> 'cancelled'
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3
