SELECT date_trunc('month', delivered_at)::date AS month, sum(amount) AS revenue, count(*) AS deliveries
FROM delivery
WHERE status = 'completed'
GROUP BY 1
ORDER BY 1
