-- grain: daily
/* rollup
title: Small orders over the telephone
time: ordered_at
*/
SELECT date_trunc('day', o.ordered_at)::date AS day, o.status, count(*) AS orders
FROM sales_order o
WHERE o.channel IN ('phone', 'line')
  AND o.quantity BETWEEN 1 AND 3
  AND o.status LIKE 'c%'
GROUP BY 1, 2

-- same: another alias and order of the conditions
SELECT date_trunc('day', q.ordered_at)::date AS day, q.status, count(*) AS orders
FROM sales_order q
WHERE q.status LIKE 'c%' AND (q.quantity BETWEEN 1 AND 3) AND q.channel IN ('phone', 'line')
GROUP BY 1, 2

-- same: lower case, and a filter in a derived table
select date_trunc('day', ordered_at)::date as day, status, count(*) as orders
from (select * from sales_order where channel in ('phone','line')) o
where quantity between 1 and 3 and status like 'c%'
group by day, status

-- other: a channel more
SELECT date_trunc('day', o.ordered_at)::date AS day, o.status, count(*) AS orders
FROM sales_order o
WHERE o.channel IN ('phone', 'line', 'app') AND o.quantity BETWEEN 1 AND 3 AND o.status LIKE 'c%'
GROUP BY 1, 2

-- other: one word with a comma in it
SELECT date_trunc('day', o.ordered_at)::date AS day, o.status, count(*) AS orders
FROM sales_order o
WHERE o.channel IN ('phone, line') AND o.quantity BETWEEN 1 AND 3 AND o.status LIKE 'c%'
GROUP BY 1, 2

-- other: one word with quotes in it
SELECT date_trunc('day', o.ordered_at)::date AS day, o.status, count(*) AS orders
FROM sales_order o
WHERE o.channel IN ('phone" "line') AND o.quantity BETWEEN 1 AND 3 AND o.status LIKE 'c%'
GROUP BY 1, 2

-- other: all other channels
SELECT date_trunc('day', o.ordered_at)::date AS day, o.status, count(*) AS orders
FROM sales_order o
WHERE o.channel NOT IN ('phone', 'line') AND o.quantity BETWEEN 1 AND 3 AND o.status LIKE 'c%'
GROUP BY 1, 2

-- other: another range
SELECT date_trunc('day', o.ordered_at)::date AS day, o.status, count(*) AS orders
FROM sales_order o
WHERE o.channel IN ('phone', 'line') AND o.quantity BETWEEN 1 AND 4 AND o.status LIKE 'c%'
GROUP BY 1, 2

-- other: an empty range
SELECT date_trunc('day', o.ordered_at)::date AS day, o.status, count(*) AS orders
FROM sales_order o
WHERE o.channel IN ('phone', 'line') AND o.quantity BETWEEN 3 AND 1 AND o.status LIKE 'c%'
GROUP BY 1, 2

-- other: outside of the range
SELECT date_trunc('day', o.ordered_at)::date AS day, o.status, count(*) AS orders
FROM sales_order o
WHERE o.channel IN ('phone', 'line') AND o.quantity NOT BETWEEN 1 AND 3 AND o.status LIKE 'c%'
GROUP BY 1, 2

-- other: letters of either case
SELECT date_trunc('day', o.ordered_at)::date AS day, o.status, count(*) AS orders
FROM sales_order o
WHERE o.channel IN ('phone', 'line') AND o.quantity BETWEEN 1 AND 3 AND o.status ILIKE 'c%'
GROUP BY 1, 2

-- other: another pattern
SELECT date_trunc('day', o.ordered_at)::date AS day, o.status, count(*) AS orders
FROM sales_order o
WHERE o.channel IN ('phone', 'line') AND o.quantity BETWEEN 1 AND 3 AND o.status LIKE 'c_'
GROUP BY 1, 2

-- other: a regular expression
SELECT date_trunc('day', o.ordered_at)::date AS day, o.status, count(*) AS orders
FROM sales_order o
WHERE o.channel IN ('phone', 'line') AND o.quantity BETWEEN 1 AND 3 AND o.status ~ 'c%'
GROUP BY 1, 2

-- other: a regular expression for letters of either case
SELECT date_trunc('day', o.ordered_at)::date AS day, o.status, count(*) AS orders
FROM sales_order o
WHERE o.channel IN ('phone', 'line') AND o.quantity BETWEEN 1 AND 3 AND o.status ~* 'c%'
GROUP BY 1, 2

-- other: with an escape
SELECT date_trunc('day', o.ordered_at)::date AS day, o.status, count(*) AS orders
FROM sales_order o
WHERE o.channel IN ('phone', 'line') AND o.quantity BETWEEN 1 AND 3 AND o.status LIKE 'c%' ESCAPE '\'
GROUP BY 1, 2
