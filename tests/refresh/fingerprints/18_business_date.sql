-- grain: daily
/* rollup
title: Payments by business date
time: paid_at
*/
SELECT business_date(p.paid_at) AS day, p.method, count(*) AS payments, CAST(sum(p.amount) AS DECIMAL(18, 2)) AS amount
FROM payment p
GROUP BY 1, 2

-- same: another alias
SELECT business_date(money.paid_at) AS day, money.method, count(*) AS payments, CAST(sum(money.amount) AS DECIMAL(18, 2)) AS amount
FROM payment money
GROUP BY business_date(money.paid_at), money.method

-- same: the business date in a CTE
WITH paid AS (SELECT business_date(paid_at) AS on_day, method, amount FROM payment)
SELECT on_day AS day, method, count(*) AS payments, CAST(sum(amount) AS DECIMAL(18, 2)) AS amount
FROM paid
GROUP BY on_day, method

-- other: the calendar's day
SELECT date_trunc('day', p.paid_at)::date AS day, p.method, count(*) AS payments, CAST(sum(p.amount) AS DECIMAL(18, 2)) AS amount
FROM payment p
GROUP BY 1, 2

-- other: the calendar's day by a cast alone
SELECT p.paid_at::date AS day, p.method, count(*) AS payments, CAST(sum(p.amount) AS DECIMAL(18, 2)) AS amount
FROM payment p
GROUP BY 1, 2

-- other: the month of business dates
-- grain: monthly
SELECT date_trunc('month', business_date(p.paid_at))::date AS day, p.method, count(*) AS payments, CAST(sum(p.amount) AS DECIMAL(18, 2)) AS amount
FROM payment p
GROUP BY 1, 2

-- other: another key
SELECT business_date(p.paid_at) AS day, coalesce(p.method, 'none') AS method, count(*) AS payments, CAST(sum(p.amount) AS DECIMAL(18, 2)) AS amount
FROM payment p
GROUP BY 1, 2
