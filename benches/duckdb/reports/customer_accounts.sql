WITH entry AS (
    SELECT customer_id, ordered_at AS booked_at, 0 AS kind, order_id AS number, amount
    FROM sales_order
    WHERE status <> 'cancelled'
    UNION ALL
    SELECT customer_id, paid_at, 1, payment_id, -amount
    FROM payment
),
account AS (
    SELECT customer_id,
           amount,
           sum(amount) OVER (PARTITION BY customer_id ORDER BY booked_at, kind, number
                             ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS balance
    FROM entry
),
summed AS (
    SELECT customer_id,
           count(*)                                       AS entries,
           CAST(sum(amount) AS DECIMAL(18, 2))            AS balance,
           CAST(max(balance) AS DECIMAL(18, 2))           AS greatest_debt,
           count(*) FILTER (WHERE balance <= 0)           AS times_settled
    FROM account
    GROUP BY customer_id
)
SELECT s.customer_id, c.name, c.customer_type, c.credit_limit, s.entries, s.balance, s.greatest_debt, s.times_settled
FROM summed s
LEFT JOIN customer c ON c.customer_id = s.customer_id
ORDER BY s.greatest_debt DESC, s.customer_id
