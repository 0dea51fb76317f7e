-- grain: daily
/* rollup
title: Busy depots by day
time: delivered_at
*/
SELECT date_trunc('day', d.delivered_at)::date AS day, d.depot_id, count(*) AS deliveries
FROM delivery d
GROUP BY 1, 2
HAVING count(*) > 20 AND sum(d.amount) >= 100000

-- same: the conditions in another order, another alias
SELECT date_trunc('day', q.delivered_at)::date AS day, q.depot_id, count(*) AS deliveries
FROM delivery q
GROUP BY 1, 2
HAVING (sum(q.amount) >= 100000) AND (count(*) > 20)

-- same: WHERE over a subquery
SELECT t.day, t.depot_id, t.n AS deliveries
FROM (SELECT date_trunc('day', delivered_at)::date AS day, depot_id, count(*) AS n, sum(amount) AS revenue FROM delivery GROUP BY 1, 2) t
WHERE t.n > 20 AND t.revenue >= 100000

-- same: a name of the SELECT
SELECT date_trunc('day', d.delivered_at)::date AS day, d.depot_id, count(*) AS deliveries
FROM delivery d
GROUP BY day, d.depot_id
HAVING deliveries > 20 AND sum(d.amount) >= 100000

-- other: another number
SELECT date_trunc('day', d.delivered_at)::date AS day, d.depot_id, count(*) AS deliveries
FROM delivery d
GROUP BY 1, 2
HAVING count(*) > 21 AND sum(d.amount) >= 100000

-- other: or
SELECT date_trunc('day', d.delivered_at)::date AS day, d.depot_id, count(*) AS deliveries
FROM delivery d
GROUP BY 1, 2
HAVING count(*) > 20 OR sum(d.amount) >= 100000

-- other: another sum
SELECT date_trunc('day', d.delivered_at)::date AS day, d.depot_id, count(*) AS deliveries
FROM delivery d
GROUP BY 1, 2
HAVING count(*) > 20 AND sum(d.unit_price) >= 100000

-- other: a condition on each row
SELECT date_trunc('day', d.delivered_at)::date AS day, d.depot_id, count(*) AS deliveries
FROM delivery d
WHERE d.amount >= 100000
GROUP BY 1, 2
HAVING count(*) > 20

-- other: different customers are counted
SELECT date_trunc('day', d.delivered_at)::date AS day, d.depot_id, count(*) AS deliveries
FROM delivery d
GROUP BY 1, 2
HAVING count(DISTINCT d.customer_id) > 20 AND sum(d.amount) >= 100000

-- other: without HAVING
SELECT date_trunc('day', d.delivered_at)::date AS day, d.depot_id, count(*) AS deliveries
FROM delivery d
GROUP BY 1, 2
