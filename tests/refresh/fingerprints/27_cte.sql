-- grain: daily
/* rollup
title: Good customers by day
time: delivered_at
*/
WITH stop AS (
    SELECT delivered_at, customer_id, amount, rating FROM delivery WHERE status = 'completed'
), regular AS (
    SELECT customer_id, name FROM customer WHERE customer_type <> 'household'
)
SELECT date_trunc('day', stop.delivered_at)::date AS day, regular.name, count(*) AS stops, CAST(sum(stop.amount) AS DECIMAL(18, 2)) AS revenue
FROM stop
JOIN regular ON regular.customer_id = stop.customer_id
GROUP BY 1, 2

-- same: other names of the CTEs
WITH a AS (
    SELECT delivered_at, customer_id, amount, rating FROM delivery WHERE status = 'completed'
), b AS (
    SELECT customer_id, name FROM customer WHERE customer_type <> 'household'
)
SELECT date_trunc('day', a.delivered_at)::date AS day, b.name, count(*) AS stops, CAST(sum(a.amount) AS DECIMAL(18, 2)) AS revenue
FROM a
JOIN b ON b.customer_id = a.customer_id
GROUP BY 1, 2

-- same: the names of the CTEs are exchanged, and each is that of the other's table
WITH customer_first AS (SELECT * FROM customer WHERE customer_type <> 'household'),
     customer AS (SELECT * FROM delivery WHERE status = 'completed')
SELECT date_trunc('day', customer.delivered_at)::date AS day, customer_first.name, count(*) AS stops, CAST(sum(customer.amount) AS DECIMAL(18, 2)) AS revenue
FROM customer
JOIN customer_first ON customer_first.customer_id = customer.customer_id
GROUP BY 1, 2

-- same: other names of their columns
WITH stop (at, who, money) AS (SELECT delivered_at, customer_id, amount FROM delivery WHERE status = 'completed'),
     regular (number, called) AS (SELECT customer_id, name FROM customer WHERE customer_type <> 'household')
SELECT date_trunc('day', at)::date AS day, called AS name, count(*) AS stops, CAST(sum(money) AS DECIMAL(18, 2)) AS revenue
FROM stop
JOIN regular ON number = who
GROUP BY 1, 2

-- same: the CTEs in another order
WITH regular AS (
    SELECT customer_id, name FROM customer WHERE customer_type <> 'household'
), stop AS (
    SELECT delivered_at, customer_id, amount, rating FROM delivery WHERE status = 'completed'
)
SELECT date_trunc('day', stop.delivered_at)::date AS day, regular.name, count(*) AS stops, CAST(sum(stop.amount) AS DECIMAL(18, 2)) AS revenue
FROM stop
JOIN regular ON regular.customer_id = stop.customer_id
GROUP BY 1, 2

-- same: subqueries in place of the CTEs
SELECT date_trunc('day', stop.delivered_at)::date AS day, regular.name, count(*) AS stops, CAST(sum(stop.amount) AS DECIMAL(18, 2)) AS revenue
FROM (SELECT * FROM delivery WHERE status = 'completed') stop
JOIN (SELECT * FROM customer WHERE customer_type <> 'household') regular ON regular.customer_id = stop.customer_id
GROUP BY 1, 2

-- same: everything in a CTE
WITH stop AS (SELECT * FROM delivery WHERE status = 'completed'),
     regular AS (SELECT * FROM customer WHERE customer_type <> 'household'),
     result AS (
         SELECT date_trunc('day', stop.delivered_at)::date AS day, regular.name, count(*) AS n, CAST(sum(stop.amount) AS DECIMAL(18, 2)) AS money
         FROM stop
         JOIN regular ON regular.customer_id = stop.customer_id
         GROUP BY 1, 2
     )
SELECT day, name, n AS stops, money AS revenue FROM result

-- other: households
WITH stop AS (SELECT * FROM delivery WHERE status = 'completed'), regular AS (SELECT * FROM customer WHERE customer_type = 'household')
SELECT date_trunc('day', stop.delivered_at)::date AS day, regular.name, count(*) AS stops, CAST(sum(stop.amount) AS DECIMAL(18, 2)) AS revenue
FROM stop
JOIN regular ON regular.customer_id = stop.customer_id
GROUP BY 1, 2

-- other: one of the conditions is missing
WITH stop AS (SELECT * FROM delivery WHERE status = 'completed'), regular AS (SELECT * FROM customer)
SELECT date_trunc('day', stop.delivered_at)::date AS day, regular.name, count(*) AS stops, CAST(sum(stop.amount) AS DECIMAL(18, 2)) AS revenue
FROM stop
JOIN regular ON regular.customer_id = stop.customer_id
GROUP BY 1, 2

-- other: a column of the CTE is another one
WITH stop AS (SELECT delivered_at, customer_id, unit_price AS amount FROM delivery WHERE status = 'completed'),
     regular AS (SELECT customer_id, name FROM customer WHERE customer_type <> 'household')
SELECT date_trunc('day', stop.delivered_at)::date AS day, regular.name, count(*) AS stops, CAST(sum(stop.amount) AS DECIMAL(18, 2)) AS revenue
FROM stop
JOIN regular ON regular.customer_id = stop.customer_id
GROUP BY 1, 2

-- other: two columns of the CTE are exchanged
WITH stop (delivered_at, amount, customer_id) AS (SELECT delivered_at, customer_id, amount FROM delivery WHERE status = 'completed'),
     regular AS (SELECT customer_id, name FROM customer WHERE customer_type <> 'household')
SELECT date_trunc('day', stop.delivered_at)::date AS day, regular.name, count(*) AS stops, CAST(sum(stop.amount) AS DECIMAL(18, 2)) AS revenue
FROM stop
JOIN regular ON regular.customer_id = stop.customer_id
GROUP BY 1, 2

-- other: the table itself in place of its CTE
WITH stop AS (SELECT * FROM delivery WHERE status = 'completed'), regular AS (SELECT * FROM customer WHERE customer_type <> 'household')
SELECT date_trunc('day', delivery.delivered_at)::date AS day, regular.name, count(*) AS stops, CAST(sum(delivery.amount) AS DECIMAL(18, 2)) AS revenue
FROM delivery
JOIN regular ON regular.customer_id = delivery.customer_id
GROUP BY 1, 2
