SELECT depot_id,
       sum(amount) AS revenue,
       sum(amount) FILTER (WHERE product_id = 2) AS of_product,
       count(*) FILTER (WHERE product_id IN (1, 2)) AS of_two
FROM delivery
WHERE status = 'completed'
GROUP BY depot_id
HAVING sum(amount) > 1000
ORDER BY depot_id
