SELECT delivered_at::date AS day, sum(amount) AS revenue, max(amount) AS largest
FROM delivery
WHERE status = 'completed' AND depot_id = 3 AND delivered_at::date BETWEEN DATE '2024-01-01' AND DATE '2024-03-31'
GROUP BY 1
ORDER BY 1
