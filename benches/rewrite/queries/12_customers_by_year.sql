SELECT date_trunc('year', delivered_at)::date AS year, count(DISTINCT customer_id) AS customers
FROM delivery
WHERE status = 'completed'
GROUP BY 1
ORDER BY 1
