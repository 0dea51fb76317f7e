SELECT date_trunc('month', delivered_at)::date AS month, count(DISTINCT product_id) AS products, count(DISTINCT depot_id) AS depots
FROM delivery
WHERE status = 'completed'
GROUP BY 1
ORDER BY 1
