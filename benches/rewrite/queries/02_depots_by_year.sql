SELECT date_trunc('year', d.delivered_at)::date AS year, d.depot_id, sum(d.quantity) AS pieces, avg(d.unit_price) AS average_price
FROM delivery d
WHERE d.status = 'completed'
GROUP BY 1, 2
ORDER BY 1, 2
