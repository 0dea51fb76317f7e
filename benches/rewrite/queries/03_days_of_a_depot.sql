SELECT delivered_at::date AS day, sum(amount) AS revenue, max(amount) AS largest
FROM delivery
WHERE status = 'completed' AND depot_id = 3 AND delivered_at::date BETWEEN DATE '2025-10-01' AND DATE '2025-12-31'
GROUP BY 1
ORDER BY 1
