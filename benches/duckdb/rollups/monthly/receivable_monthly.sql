SELECT date_trunc('month', o.due_on)::DATE                                                 AS month,
       o.depot_id,
       count(*)                                                                                         AS orders,
       count(*) FILTER (WHERE o.amount > coalesce(p.paid, 0))                                           AS open_orders,
       CAST(sum(o.amount) AS DECIMAL(18, 2))                                                            AS ordered,
       CAST(coalesce(sum(p.paid), 0) AS DECIMAL(18, 2))                                                 AS paid,
       CAST(sum(greatest(o.amount - coalesce(p.paid, 0), 0)) AS DECIMAL(18, 2))                         AS outstanding,
       CAST(sum(greatest(coalesce(p.paid, 0) - o.amount, 0)) AS DECIMAL(18, 2))                         AS overpaid
FROM sales_order o
LEFT JOIN (
    SELECT order_id, CAST(sum(amount) AS DECIMAL(14, 2)) AS paid
    FROM payment
    WHERE order_id IS NOT NULL
    GROUP BY order_id
) p ON p.order_id = o.order_id
WHERE o.status <> 'cancelled'
GROUP BY 1, 2
