SELECT product_id, sum(amount) AS revenue, count(*) AS deliveries
FROM delivery
WHERE status = 'completed' AND delivered_at >= TIMESTAMP '2024-05-03 12:00:00' AND delivered_at < TIMESTAMP '2024-05-18 00:00:00'
GROUP BY product_id
ORDER BY product_id
