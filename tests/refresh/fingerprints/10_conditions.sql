-- grain: daily
/* rollup
title: Large or late deliveries by day
time: delivered_at
*/
SELECT date_trunc('day', d.delivered_at)::date AS day, count(*) AS deliveries
FROM delivery d
WHERE d.status = 'completed'
  AND (d.amount > 5000 OR d.delivered_at > d.promised_at)
  AND NOT d.is_deleted
GROUP BY 1

-- same: the parts of AND in another order
SELECT date_trunc('day', d.delivered_at)::date AS day, count(*) AS deliveries
FROM delivery d
WHERE NOT d.is_deleted
  AND d.status = 'completed'
  AND (d.amount > 5000 OR d.delivered_at > d.promised_at)
GROUP BY 1

-- same: the parts of AND in other parentheses, with other aliases
SELECT date_trunc('day', a.delivered_at)::date AS day, count(*) AS deliveries
FROM delivery AS a
WHERE ((a.amount > 5000) OR (a.delivered_at > a.promised_at)) AND ((NOT (a.is_deleted)) AND (a.status = 'completed'))
GROUP BY 1

-- same: some of the parts stand in a subquery, others in a CTE
WITH there AS (SELECT * FROM delivery WHERE NOT is_deleted)
SELECT date_trunc('day', t.delivered_at)::date AS day, count(*) AS deliveries
FROM (SELECT * FROM there WHERE amount > 5000 OR delivered_at > promised_at) t
WHERE t.status = 'completed'
GROUP BY 1

-- other: AND binds stronger than OR
SELECT date_trunc('day', d.delivered_at)::date AS day, count(*) AS deliveries
FROM delivery d
WHERE d.status = 'completed' AND d.amount > 5000 OR d.delivered_at > d.promised_at AND NOT d.is_deleted
GROUP BY 1

-- other: another number
SELECT date_trunc('day', d.delivered_at)::date AS day, count(*) AS deliveries
FROM delivery d
WHERE d.status = 'completed' AND (d.amount > 5001 OR d.delivered_at > d.promised_at) AND NOT d.is_deleted
GROUP BY 1

-- other: the number is compared as a double
SELECT date_trunc('day', d.delivered_at)::date AS day, count(*) AS deliveries
FROM delivery d
WHERE d.status = 'completed' AND (d.amount > 5000.0 OR d.delivered_at > d.promised_at) AND NOT d.is_deleted
GROUP BY 1

-- other: the number is a text
SELECT date_trunc('day', d.delivered_at)::date AS day, count(*) AS deliveries
FROM delivery d
WHERE d.status = 'completed' AND (d.amount > '5000' OR d.delivered_at > d.promised_at) AND NOT d.is_deleted
GROUP BY 1

-- other: not less
SELECT date_trunc('day', d.delivered_at)::date AS day, count(*) AS deliveries
FROM delivery d
WHERE d.status = 'completed' AND (d.amount >= 5000 OR d.delivered_at > d.promised_at) AND NOT d.is_deleted
GROUP BY 1

-- other: the times the other way round
SELECT date_trunc('day', d.delivered_at)::date AS day, count(*) AS deliveries
FROM delivery d
WHERE d.status = 'completed' AND (d.amount > 5000 OR d.promised_at > d.delivered_at) AND NOT d.is_deleted
GROUP BY 1

-- other: without NOT
SELECT date_trunc('day', d.delivered_at)::date AS day, count(*) AS deliveries
FROM delivery d
WHERE d.status = 'completed' AND (d.amount > 5000 OR d.delivered_at > d.promised_at) AND d.is_deleted
GROUP BY 1

-- other: NOT of it all
SELECT date_trunc('day', d.delivered_at)::date AS day, count(*) AS deliveries
FROM delivery d
WHERE NOT (d.status = 'completed' AND (d.amount > 5000 OR d.delivered_at > d.promised_at) AND d.is_deleted)
GROUP BY 1
