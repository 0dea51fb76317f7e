-- grain: daily
/* rollup
title: Deliveries to customers without a telephone, their limits, and how many are known
time: delivered_at
*/
SELECT date_trunc('day', d.delivered_at)::date AS day,
       count(*) FILTER (WHERE c.no_phone) AS without_phone,
       avg(c.credit) AS average_credit,
       count(c.hit) AS known
FROM delivery d
LEFT JOIN (SELECT customer_id, phone IS NULL AS no_phone, coalesce(credit_limit, 0) AS credit, 1 AS hit FROM customer) c ON c.customer_id = d.customer_id
GROUP BY 1

-- same: other aliases
SELECT date_trunc('day', x.delivered_at)::date AS day, count(*) FILTER (WHERE y.silent) AS without_phone, avg(y.credit) AS average_credit, count(y.one) AS known
FROM delivery x
LEFT JOIN (SELECT customer_id, phone IS NULL AS silent, coalesce(credit_limit, 0) AS credit, 1 AS one FROM customer) y ON y.customer_id = x.customer_id
GROUP BY 1

-- same: a CTE
WITH who AS (SELECT 1 AS hit, coalesce(credit_limit, 0) AS credit, phone IS NULL AS no_phone, customer_id AS id FROM customer)
SELECT date_trunc('day', d.delivered_at)::date AS day, count(*) FILTER (WHERE who.no_phone) AS without_phone, avg(who.credit) AS average_credit,
       count(who.hit) AS known
FROM delivery d
LEFT JOIN who ON who.id = d.customer_id
GROUP BY 1

-- other: a customer that is not known has no telephone either
SELECT date_trunc('day', d.delivered_at)::date AS day, count(*) FILTER (WHERE c.phone IS NULL) AS without_phone, avg(c.credit) AS average_credit,
       count(c.hit) AS known
FROM delivery d
LEFT JOIN (SELECT customer_id, phone, coalesce(credit_limit, 0) AS credit, 1 AS hit FROM customer) c ON c.customer_id = d.customer_id
GROUP BY 1

-- other: a customer that is not known has a limit of nothing
SELECT date_trunc('day', d.delivered_at)::date AS day, count(*) FILTER (WHERE c.no_phone) AS without_phone,
       avg(coalesce(c.credit_limit, 0)) AS average_credit, count(c.hit) AS known
FROM delivery d
LEFT JOIN (SELECT customer_id, phone IS NULL AS no_phone, credit_limit, 1 AS hit FROM customer) c ON c.customer_id = d.customer_id
GROUP BY 1

-- other: all are counted
SELECT date_trunc('day', d.delivered_at)::date AS day, count(*) FILTER (WHERE c.no_phone) AS without_phone, avg(c.credit) AS average_credit,
       count(1) AS known
FROM delivery d
LEFT JOIN (SELECT customer_id, phone IS NULL AS no_phone, coalesce(credit_limit, 0) AS credit FROM customer) c ON c.customer_id = d.customer_id
GROUP BY 1

-- other: the known ones alone
SELECT date_trunc('day', d.delivered_at)::date AS day, count(*) FILTER (WHERE c.no_phone) AS without_phone, avg(c.credit) AS average_credit,
       count(c.hit) AS known
FROM delivery d
JOIN (SELECT customer_id, phone IS NULL AS no_phone, coalesce(credit_limit, 0) AS credit, 1 AS hit FROM customer) c ON c.customer_id = d.customer_id
GROUP BY 1

-- other: no limit is none
SELECT date_trunc('day', d.delivered_at)::date AS day, count(*) FILTER (WHERE c.no_phone) AS without_phone, avg(c.credit) AS average_credit,
       count(c.hit) AS known
FROM delivery d
LEFT JOIN (SELECT customer_id, phone IS NULL AS no_phone, credit_limit AS credit, 1 AS hit FROM customer) c ON c.customer_id = d.customer_id
GROUP BY 1
