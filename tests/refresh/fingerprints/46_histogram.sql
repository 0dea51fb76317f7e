-- grain: daily
/* rollup
title: How many customers were served how often
time: delivered_at
*/
SELECT t.day, t.n AS stops, count(*) AS customers
FROM (SELECT date_trunc('day', d.delivered_at)::date AS day, d.customer_id, count(*) AS n FROM delivery d GROUP BY 1, 2) t
GROUP BY 1, 2
HAVING count(*) > 1

-- same: other aliases
SELECT s.day, s.often AS stops, count(*) AS customers
FROM (SELECT date_trunc('day', x.delivered_at)::date AS day, x.customer_id, count(*) AS often FROM delivery x GROUP BY 1, 2) s
GROUP BY 1, 2
HAVING count(*) > 1

-- same: CTEs
WITH served AS (SELECT date_trunc('day', delivered_at)::date AS day, customer_id, count(1) AS n FROM delivery GROUP BY 1, 2),
     result AS (SELECT day, n AS stops, count(*) AS customers FROM served GROUP BY 1, 2)
SELECT * FROM result WHERE customers > 1

-- other: the number of stops twice
SELECT t.day, t.n AS stops, t.n AS customers
FROM (SELECT date_trunc('day', d.delivered_at)::date AS day, d.customer_id, count(*) AS n FROM delivery d GROUP BY 1, 2) t
GROUP BY 1, 2
HAVING count(*) > 1

-- other: the number of customers twice
SELECT t.day, count(*) AS stops, count(*) AS customers
FROM (SELECT date_trunc('day', d.delivered_at)::date AS day, d.customer_id, count(*) AS n FROM delivery d GROUP BY 1, 2) t
GROUP BY t.day, t.n
HAVING count(*) > 1

-- other: the numbers are exchanged
SELECT t.day, count(*) AS stops, t.n AS customers
FROM (SELECT date_trunc('day', d.delivered_at)::date AS day, d.customer_id, count(*) AS n FROM delivery d GROUP BY 1, 2) t
GROUP BY t.day, t.n
HAVING count(*) > 1

-- other: more than one stop
SELECT t.day, t.n AS stops, count(*) AS customers
FROM (SELECT date_trunc('day', d.delivered_at)::date AS day, d.customer_id, count(*) AS n FROM delivery d GROUP BY 1, 2) t
GROUP BY 1, 2
HAVING t.n > 1

-- other: how many products were delivered how often
SELECT t.day, t.n AS stops, count(*) AS customers
FROM (SELECT date_trunc('day', d.delivered_at)::date AS day, d.product_id, count(*) AS n FROM delivery d GROUP BY 1, 2) t
GROUP BY 1, 2
HAVING count(*) > 1
