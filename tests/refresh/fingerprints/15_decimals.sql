-- grain: monthly
/* rollup
title: Gas by month, in kilograms
time: delivered_at
*/
SELECT date_trunc('month', d.delivered_at)::date                                                  AS month,
       d.product_id,
       CAST(sum(d.quantity * CASE WHEN p.category = 'bulk' THEN CAST(1 AS DECIMAL(6, 2)) ELSE p.cylinder_kg END) AS DECIMAL(18, 2))
                                                                                                  AS gas_kg,
       CAST(sum(d.amount - d.unit_price * d.quantity) AS DECIMAL(18, 2))                          AS difference,
       CAST(sum(round(d.amount * 1.05, 0)) AS DECIMAL(18, 2))                                     AS with_tax
FROM delivery d
JOIN product p ON p.product_id = d.product_id
GROUP BY 1, 2

-- same: other aliases, the digits of a double written otherwise
SELECT date_trunc('month', facts.delivered_at)::date AS month, facts.product_id,
       CAST(sum(facts.quantity * (CASE WHEN what.category = 'bulk' THEN CAST(1 AS DECIMAL(6, 2)) ELSE what.cylinder_kg END)) AS DECIMAL(18, 2)) AS gas_kg,
       CAST(sum(facts.amount - (facts.unit_price * facts.quantity)) AS DECIMAL(18, 2)) AS difference,
       CAST(sum(round(facts.amount * 1.0500, 0)) AS DECIMAL(18, 2)) AS with_tax
FROM delivery AS facts
INNER JOIN product AS what ON what.product_id = facts.product_id
GROUP BY 1, 2

-- same: the weight of a piece comes from a CTE
WITH weight AS (SELECT product_id, CASE WHEN category = 'bulk' THEN CAST(1 AS DECIMAL(6, 2)) ELSE cylinder_kg END AS kg FROM product)
SELECT date_trunc('month', d.delivered_at)::date AS month, d.product_id, CAST(sum(d.quantity * w.kg) AS DECIMAL(18, 2)) AS gas_kg,
       CAST(sum(d.amount - d.unit_price * d.quantity) AS DECIMAL(18, 2)) AS difference, CAST(sum(round(d.amount * 1.05, 0)) AS DECIMAL(18, 2)) AS with_tax
FROM delivery d
JOIN weight w ON w.product_id = d.product_id
GROUP BY 1, 2

-- other: other parentheses
SELECT date_trunc('month', d.delivered_at)::date AS month, d.product_id,
       CAST(sum(d.quantity * CASE WHEN p.category = 'bulk' THEN CAST(1 AS DECIMAL(6, 2)) ELSE p.cylinder_kg END) AS DECIMAL(18, 2)) AS gas_kg,
       CAST(sum((d.amount - d.unit_price) * d.quantity) AS DECIMAL(18, 2)) AS difference,
       CAST(sum(round(d.amount * 1.05, 0)) AS DECIMAL(18, 2)) AS with_tax
FROM delivery d
JOIN product p ON p.product_id = d.product_id
GROUP BY 1, 2

-- other: the difference the other way round
SELECT date_trunc('month', d.delivered_at)::date AS month, d.product_id,
       CAST(sum(d.quantity * CASE WHEN p.category = 'bulk' THEN CAST(1 AS DECIMAL(6, 2)) ELSE p.cylinder_kg END) AS DECIMAL(18, 2)) AS gas_kg,
       CAST(sum(d.unit_price * d.quantity - d.amount) AS DECIMAL(18, 2)) AS difference,
       CAST(sum(round(d.amount * 1.05, 0)) AS DECIMAL(18, 2)) AS with_tax
FROM delivery d
JOIN product p ON p.product_id = d.product_id
GROUP BY 1, 2

-- other: another tax
SELECT date_trunc('month', d.delivered_at)::date AS month, d.product_id,
       CAST(sum(d.quantity * CASE WHEN p.category = 'bulk' THEN CAST(1 AS DECIMAL(6, 2)) ELSE p.cylinder_kg END) AS DECIMAL(18, 2)) AS gas_kg,
       CAST(sum(d.amount - d.unit_price * d.quantity) AS DECIMAL(18, 2)) AS difference,
       CAST(sum(round(d.amount * 1.06, 0)) AS DECIMAL(18, 2)) AS with_tax
FROM delivery d
JOIN product p ON p.product_id = d.product_id
GROUP BY 1, 2

-- other: the tax is exact
SELECT date_trunc('month', d.delivered_at)::date AS month, d.product_id,
       CAST(sum(d.quantity * CASE WHEN p.category = 'bulk' THEN CAST(1 AS DECIMAL(6, 2)) ELSE p.cylinder_kg END) AS DECIMAL(18, 2)) AS gas_kg,
       CAST(sum(d.amount - d.unit_price * d.quantity) AS DECIMAL(18, 2)) AS difference,
       CAST(sum(round(d.amount * CAST('1.05' AS DECIMAL(3, 2)), 0)) AS DECIMAL(18, 2)) AS with_tax
FROM delivery d
JOIN product p ON p.product_id = d.product_id
GROUP BY 1, 2

-- other: the sum is rounded, and not each amount
SELECT date_trunc('month', d.delivered_at)::date AS month, d.product_id,
       CAST(sum(d.quantity * CASE WHEN p.category = 'bulk' THEN CAST(1 AS DECIMAL(6, 2)) ELSE p.cylinder_kg END) AS DECIMAL(18, 2)) AS gas_kg,
       CAST(sum(d.amount - d.unit_price * d.quantity) AS DECIMAL(18, 2)) AS difference,
       CAST(round(sum(d.amount * 1.05), 0) AS DECIMAL(18, 2)) AS with_tax
FROM delivery d
JOIN product p ON p.product_id = d.product_id
GROUP BY 1, 2

-- other: bulk gas weighs nothing
SELECT date_trunc('month', d.delivered_at)::date AS month, d.product_id,
       CAST(sum(d.quantity * CASE WHEN p.category = 'bulk' THEN CAST(0 AS DECIMAL(6, 2)) ELSE p.cylinder_kg END) AS DECIMAL(18, 2)) AS gas_kg,
       CAST(sum(d.amount - d.unit_price * d.quantity) AS DECIMAL(18, 2)) AS difference,
       CAST(sum(round(d.amount * 1.05, 0)) AS DECIMAL(18, 2)) AS with_tax
FROM delivery d
JOIN product p ON p.product_id = d.product_id
GROUP BY 1, 2
