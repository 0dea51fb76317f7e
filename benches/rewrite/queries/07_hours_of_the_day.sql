SELECT date_part('hour', date_trunc('hour', delivered_at)) AS hour, count(*) AS deliveries, sum(quantity) AS pieces
FROM delivery
WHERE status = 'completed'
GROUP BY 1
ORDER BY 1
