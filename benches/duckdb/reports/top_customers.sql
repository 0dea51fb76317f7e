WITH monthly AS (
    SELECT local_month(d.delivered_at)                   AS month,
           d.depot_id,
           d.customer_id,
           count(*)                                      AS deliveries,
           CAST(sum(d.quantity) AS BIGINT)               AS pieces,
           CAST(sum(d.amount) AS DECIMAL(18, 2))         AS revenue
    FROM delivery d
    WHERE d.status = 'completed'
    GROUP BY 1, 2, 3
),
ranked AS (
    SELECT *, row_number() OVER (PARTITION BY month, depot_id ORDER BY revenue DESC, customer_id) AS place
    FROM monthly
    QUALIFY place <= 10
)
SELECT r.month,
       r.depot_id,
       r.place     AS position,
       r.customer_id,
       c.name,
       c.customer_type,
       c.district,
       r.deliveries,
       r.pieces,
       r.revenue
FROM ranked r
LEFT JOIN customer c ON c.customer_id = r.customer_id
ORDER BY r.month, r.depot_id, r.place
