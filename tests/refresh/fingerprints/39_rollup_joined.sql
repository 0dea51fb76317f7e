-- grain: daily
-- with: sql/rollups/daily/cylinder_balance_daily.sql
-- with: sql/rollups/daily/inventory_daily.sql
/* rollup
title: Counted less expected cylinders
time: inventory_daily.day
*/
SELECT date_trunc('day', i.day)::date AS day, p.region, i.product_id, CAST(sum(i.cylinders) AS BIGINT) AS counted, CAST(sum(b.balance) AS BIGINT) AS expected
FROM inventory_daily i
JOIN depot p ON p.depot_id = i.depot_id
LEFT JOIN cylinder_balance_daily b ON b.day = i.day AND b.depot_id = i.depot_id AND b.product_id = i.product_id
GROUP BY 1, 2, 3

-- same: other aliases and order of conditions
SELECT date_trunc('day', x.day)::date AS day, y.region, x.product_id, CAST(sum(x.cylinders) AS BIGINT) AS counted, CAST(sum(z.balance) AS BIGINT) AS expected
FROM inventory_daily AS x
INNER JOIN depot AS y ON y.depot_id = x.depot_id
LEFT OUTER JOIN cylinder_balance_daily AS z ON (z.product_id = x.product_id AND z.depot_id = x.depot_id) AND z.day = x.day
GROUP BY 1, 2, 3

-- same: CTEs
WITH b AS (SELECT day AS d, depot_id AS p, product_id AS k, balance AS n FROM cylinder_balance_daily), i AS (SELECT * FROM inventory_daily)
SELECT date_trunc('day', i.day)::date AS day, p.region, i.product_id, CAST(sum(i.cylinders) AS BIGINT) AS counted, CAST(sum(b.n) AS BIGINT) AS expected
FROM i
JOIN depot p ON p.depot_id = i.depot_id
LEFT JOIN b ON b.d = i.day AND b.p = i.depot_id AND b.k = i.product_id
GROUP BY 1, 2, 3

-- other: full cylinders
SELECT date_trunc('day', i.day)::date AS day, p.region, i.product_id, CAST(sum(i.full_cylinders) AS BIGINT) AS counted, CAST(sum(b.balance) AS BIGINT) AS expected
FROM inventory_daily i
JOIN depot p ON p.depot_id = i.depot_id
LEFT JOIN cylinder_balance_daily b ON b.day = i.day AND b.depot_id = i.depot_id AND b.product_id = i.product_id
GROUP BY 1, 2, 3

-- other: the day is the other rollup's
/* rollup
title: Counted less expected cylinders
time: cylinder_balance_daily.day
*/
SELECT date_trunc('day', b.day)::date AS day, p.region, i.product_id, CAST(sum(i.cylinders) AS BIGINT) AS counted, CAST(sum(b.balance) AS BIGINT) AS expected
FROM inventory_daily i
JOIN depot p ON p.depot_id = i.depot_id
LEFT JOIN cylinder_balance_daily b ON b.day = i.day AND b.depot_id = i.depot_id AND b.product_id = i.product_id
GROUP BY 1, 2, 3

-- other: whatever the product
SELECT date_trunc('day', i.day)::date AS day, p.region, i.product_id, CAST(sum(i.cylinders) AS BIGINT) AS counted, CAST(sum(b.balance) AS BIGINT) AS expected
FROM inventory_daily i
JOIN depot p ON p.depot_id = i.depot_id
LEFT JOIN cylinder_balance_daily b ON b.day = i.day AND b.depot_id = i.depot_id
GROUP BY 1, 2, 3

-- other: only where both are
SELECT date_trunc('day', i.day)::date AS day, p.region, i.product_id, CAST(sum(i.cylinders) AS BIGINT) AS counted, CAST(sum(b.balance) AS BIGINT) AS expected
FROM inventory_daily i
JOIN depot p ON p.depot_id = i.depot_id
JOIN cylinder_balance_daily b ON b.day = i.day AND b.depot_id = i.depot_id AND b.product_id = i.product_id
GROUP BY 1, 2, 3
