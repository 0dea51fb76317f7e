-- grain: daily
/* rollup
title: Orders by the calendar of the business
time: ordered_at
*/
SELECT date_trunc('day', o.ordered_at)::date                       AS day,
       fiscal_period(o.due_on)                                     AS due_period,
       minguo_date(o.due_on)                                       AS due_minguo,
       count(*) FILTER (WHERE NOT is_business_day(o.due_on))       AS due_on_holidays,
       count(*) FILTER (WHERE is_tax_id(c.tax_id))                 AS businesses
FROM sales_order o
LEFT JOIN customer c ON c.customer_id = o.customer_id
GROUP BY 1, 2, 3

-- same: other aliases, capitals
SELECT DATE_TRUNC('day', A.ORDERED_AT)::DATE AS DAY, FISCAL_PERIOD(A.DUE_ON) AS DUE_PERIOD, MINGUO_DATE(A.DUE_ON) AS DUE_MINGUO,
       COUNT(*) FILTER (WHERE NOT IS_BUSINESS_DAY(A.DUE_ON)) AS DUE_ON_HOLIDAYS, COUNT(*) FILTER (WHERE IS_TAX_ID(B.TAX_ID)) AS BUSINESSES
FROM SALES_ORDER A
LEFT OUTER JOIN CUSTOMER B ON B.CUSTOMER_ID = A.CUSTOMER_ID
GROUP BY 1, 2, 3

-- same: a CTE for each table
WITH orders AS (SELECT ordered_at, due_on, customer_id FROM sales_order), who AS (SELECT customer_id, tax_id FROM customer)
SELECT date_trunc('day', orders.ordered_at)::date AS day, fiscal_period(orders.due_on) AS due_period, minguo_date(orders.due_on) AS due_minguo,
       count(*) FILTER (WHERE NOT is_business_day(orders.due_on)) AS due_on_holidays, count(*) FILTER (WHERE is_tax_id(who.tax_id)) AS businesses
FROM orders LEFT JOIN who ON who.customer_id = orders.customer_id
GROUP BY 1, 2, 3

-- other: the period of the order
SELECT date_trunc('day', o.ordered_at)::date AS day, fiscal_period(business_date(o.ordered_at)) AS due_period, minguo_date(o.due_on) AS due_minguo,
       count(*) FILTER (WHERE NOT is_business_day(o.due_on)) AS due_on_holidays, count(*) FILTER (WHERE is_tax_id(c.tax_id)) AS businesses
FROM sales_order o
LEFT JOIN customer c ON c.customer_id = o.customer_id
GROUP BY 1, 2, 3

-- other: one function in place of another
SELECT date_trunc('day', o.ordered_at)::date AS day, minguo_date(o.due_on) AS due_period, fiscal_period(o.due_on) AS due_minguo,
       count(*) FILTER (WHERE NOT is_business_day(o.due_on)) AS due_on_holidays, count(*) FILTER (WHERE is_tax_id(c.tax_id)) AS businesses
FROM sales_order o
LEFT JOIN customer c ON c.customer_id = o.customer_id
GROUP BY 1, 2, 3

-- other: on business days
SELECT date_trunc('day', o.ordered_at)::date AS day, fiscal_period(o.due_on) AS due_period, minguo_date(o.due_on) AS due_minguo,
       count(*) FILTER (WHERE is_business_day(o.due_on)) AS due_on_holidays, count(*) FILTER (WHERE is_tax_id(c.tax_id)) AS businesses
FROM sales_order o
LEFT JOIN customer c ON c.customer_id = o.customer_id
GROUP BY 1, 2, 3

-- other: a number that is none
SELECT date_trunc('day', o.ordered_at)::date AS day, fiscal_period(o.due_on) AS due_period, minguo_date(o.due_on) AS due_minguo,
       count(*) FILTER (WHERE NOT is_business_day(o.due_on)) AS due_on_holidays, count(*) FILTER (WHERE NOT is_tax_id(c.tax_id)) AS businesses
FROM sales_order o
LEFT JOIN customer c ON c.customer_id = o.customer_id
GROUP BY 1, 2, 3
