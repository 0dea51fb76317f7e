SELECT depot_id, median(CAST(unit_price AS DOUBLE)) AS typical_price
FROM delivery
WHERE status = 'completed'
GROUP BY depot_id
ORDER BY depot_id
