SELECT date_trunc('month', d.delivered_at)::date AS month, c.segment, sum(d.amount) AS revenue, count(*) AS deliveries
FROM delivery d
JOIN customer c ON c.customer_id = d.customer_id
WHERE d.status = 'completed'
GROUP BY 1, 2
ORDER BY 1, 2
