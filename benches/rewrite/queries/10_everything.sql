SELECT count(*) AS deliveries, sum(amount) AS revenue, min(amount) AS smallest, max(amount) AS largest, avg(unit_price) AS average_price
FROM delivery
WHERE status = 'completed'
