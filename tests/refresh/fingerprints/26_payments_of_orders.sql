-- grain: monthly
/* rollup
title: Receivables by due month
time: due_on
*/
SELECT date_trunc('month', o.due_on)::date                                          AS month,
       o.depot_id,
       count(*) FILTER (WHERE o.amount > coalesce(p.paid, 0))                       AS open_orders,
       CAST(coalesce(sum(p.paid), 0) AS DECIMAL(18, 2))                             AS paid,
       CAST(sum(greatest(o.amount - coalesce(p.paid, 0), 0)) AS DECIMAL(18, 2))     AS outstanding
FROM sales_order o
LEFT JOIN (SELECT order_id, sum(amount) AS paid FROM payment WHERE order_id IS NOT NULL GROUP BY order_id) p ON p.order_id = o.order_id
WHERE o.status <> 'cancelled'
GROUP BY 1, 2

-- same: the payments in a CTE with other names
WITH money AS (
    SELECT m.order_id AS number, sum(m.amount) AS total
    FROM payment AS m
    WHERE m.order_id IS NOT NULL
    GROUP BY m.order_id
)
SELECT date_trunc('month', o.due_on)::date AS month, o.depot_id, count(*) FILTER (WHERE o.amount > coalesce(money.total, 0)) AS open_orders,
       CAST(coalesce(sum(money.total), 0) AS DECIMAL(18, 2)) AS paid,
       CAST(sum(greatest(o.amount - coalesce(money.total, 0), 0)) AS DECIMAL(18, 2)) AS outstanding
FROM sales_order o
LEFT JOIN money ON money.number = o.order_id
WHERE o.status <> 'cancelled'
GROUP BY 1, 2

-- same: both in CTEs, one filtered there
WITH o AS (SELECT * FROM sales_order), valid AS (SELECT * FROM payment WHERE order_id IS NOT NULL)
SELECT date_trunc('month', due_on)::date AS month, o.depot_id, count(*) FILTER (WHERE o.amount > coalesce(paid, 0)) AS open_orders,
       CAST(coalesce(sum(paid), 0) AS DECIMAL(18, 2)) AS paid, CAST(sum(greatest(o.amount - coalesce(p.paid, 0), 0)) AS DECIMAL(18, 2)) AS outstanding
FROM o
LEFT JOIN (SELECT order_id, sum(amount) AS paid FROM valid GROUP BY 1) p ON p.order_id = o.order_id
WHERE status <> 'cancelled'
GROUP BY 1, 2

-- other: the greatest payment
SELECT date_trunc('month', o.due_on)::date AS month, o.depot_id, count(*) FILTER (WHERE o.amount > coalesce(p.paid, 0)) AS open_orders,
       CAST(coalesce(sum(p.paid), 0) AS DECIMAL(18, 2)) AS paid, CAST(sum(greatest(o.amount - coalesce(p.paid, 0), 0)) AS DECIMAL(18, 2)) AS outstanding
FROM sales_order o
LEFT JOIN (SELECT order_id, max(amount) AS paid FROM payment WHERE order_id IS NOT NULL GROUP BY order_id) p ON p.order_id = o.order_id
WHERE o.status <> 'cancelled'
GROUP BY 1, 2

-- other: the payments are joined one by one
SELECT date_trunc('month', o.due_on)::date AS month, o.depot_id, count(*) FILTER (WHERE o.amount > coalesce(p.paid, 0)) AS open_orders,
       CAST(coalesce(sum(p.paid), 0) AS DECIMAL(18, 2)) AS paid, CAST(sum(greatest(o.amount - coalesce(p.paid, 0), 0)) AS DECIMAL(18, 2)) AS outstanding
FROM sales_order o
LEFT JOIN (SELECT order_id, amount AS paid FROM payment WHERE order_id IS NOT NULL) p ON p.order_id = o.order_id
WHERE o.status <> 'cancelled'
GROUP BY 1, 2

-- other: cash alone
SELECT date_trunc('month', o.due_on)::date AS month, o.depot_id, count(*) FILTER (WHERE o.amount > coalesce(p.paid, 0)) AS open_orders,
       CAST(coalesce(sum(p.paid), 0) AS DECIMAL(18, 2)) AS paid, CAST(sum(greatest(o.amount - coalesce(p.paid, 0), 0)) AS DECIMAL(18, 2)) AS outstanding
FROM sales_order o
LEFT JOIN (SELECT order_id, sum(amount) AS paid FROM payment WHERE order_id IS NOT NULL AND method = 'cash' GROUP BY order_id) p ON p.order_id = o.order_id
WHERE o.status <> 'cancelled'
GROUP BY 1, 2

-- other: grouped by more
SELECT date_trunc('month', o.due_on)::date AS month, o.depot_id, count(*) FILTER (WHERE o.amount > coalesce(p.paid, 0)) AS open_orders,
       CAST(coalesce(sum(p.paid), 0) AS DECIMAL(18, 2)) AS paid, CAST(sum(greatest(o.amount - coalesce(p.paid, 0), 0)) AS DECIMAL(18, 2)) AS outstanding
FROM sales_order o
LEFT JOIN (SELECT order_id, sum(amount) AS paid FROM payment WHERE order_id IS NOT NULL GROUP BY order_id, method) p ON p.order_id = o.order_id
WHERE o.status <> 'cancelled'
GROUP BY 1, 2

-- other: no coalesce in the condition
SELECT date_trunc('month', o.due_on)::date AS month, o.depot_id, count(*) FILTER (WHERE o.amount > p.paid) AS open_orders,
       CAST(coalesce(sum(p.paid), 0) AS DECIMAL(18, 2)) AS paid, CAST(sum(greatest(o.amount - coalesce(p.paid, 0), 0)) AS DECIMAL(18, 2)) AS outstanding
FROM sales_order o
LEFT JOIN (SELECT order_id, sum(amount) AS paid FROM payment WHERE order_id IS NOT NULL GROUP BY order_id) p ON p.order_id = o.order_id
WHERE o.status <> 'cancelled'
GROUP BY 1, 2

-- other: least in place of greatest
SELECT date_trunc('month', o.due_on)::date AS month, o.depot_id, count(*) FILTER (WHERE o.amount > coalesce(p.paid, 0)) AS open_orders,
       CAST(coalesce(sum(p.paid), 0) AS DECIMAL(18, 2)) AS paid, CAST(sum(least(o.amount - coalesce(p.paid, 0), 0)) AS DECIMAL(18, 2)) AS outstanding
FROM sales_order o
LEFT JOIN (SELECT order_id, sum(amount) AS paid FROM payment WHERE order_id IS NOT NULL GROUP BY order_id) p ON p.order_id = o.order_id
WHERE o.status <> 'cancelled'
GROUP BY 1, 2

-- other: by the month of the order
/* rollup
title: Receivables by due month
time: ordered_at
*/
SELECT date_trunc('month', o.ordered_at)::date AS month, o.depot_id, count(*) FILTER (WHERE o.amount > coalesce(p.paid, 0)) AS open_orders,
       CAST(coalesce(sum(p.paid), 0) AS DECIMAL(18, 2)) AS paid, CAST(sum(greatest(o.amount - coalesce(p.paid, 0), 0)) AS DECIMAL(18, 2)) AS outstanding
FROM sales_order o
LEFT JOIN (SELECT order_id, sum(amount) AS paid FROM payment WHERE order_id IS NOT NULL GROUP BY order_id) p ON p.order_id = o.order_id
WHERE o.status <> 'cancelled'
GROUP BY 1, 2
