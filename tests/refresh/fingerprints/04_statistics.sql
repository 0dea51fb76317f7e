-- grain: monthly
/* rollup
title: Typical deliveries by month
time: delivered_at
*/
SELECT date_trunc('month', d.delivered_at)::date                              AS month,
       d.depot_id,
       CAST(median(CAST(d.unit_price AS DOUBLE)) AS DECIMAL(12, 3))           AS median_price,
       stddev(d.distance_km)                                                  AS spread_km,
       corr(d.distance_km, CAST(d.quantity AS DOUBLE))                        AS distance_to_quantity,
       CAST(approx_distinct(d.customer_id) AS BIGINT)                         AS customers,
       percentile_cont(0.9) WITHIN GROUP (ORDER BY d.distance_km)             AS long_km,
       bool_or(d.is_deleted)                                                  AS any_deleted
FROM delivery d
GROUP BY 1, 2

-- same: other alias and layout, the order is said to ascend
SELECT date_trunc('month', t.delivered_at)::date AS month, t.depot_id,
       CAST(median(CAST(t.unit_price AS DOUBLE)) AS DECIMAL(12, 3)) AS median_price, stddev(t.distance_km) AS spread_km,
       corr(t.distance_km, CAST(t.quantity AS DOUBLE)) AS distance_to_quantity, CAST(approx_distinct(t.customer_id) AS BIGINT) AS customers,
       percentile_cont(0.9) WITHIN GROUP (ORDER BY t.distance_km ASC) AS long_km, bool_or(t.is_deleted) AS any_deleted
FROM delivery AS t
GROUP BY 1, 2

-- same: names in a subquery
SELECT date_trunc('month', at)::date AS month, depot_id, CAST(median(CAST(price AS DOUBLE)) AS DECIMAL(12, 3)) AS median_price,
       stddev(km) AS spread_km, corr(km, CAST(pieces AS DOUBLE)) AS distance_to_quantity, CAST(approx_distinct(who) AS BIGINT) AS customers,
       percentile_cont(0.9) WITHIN GROUP (ORDER BY km) AS long_km, bool_or(gone) AS any_deleted
FROM (SELECT delivered_at, depot_id, unit_price, distance_km, quantity, customer_id, is_deleted FROM delivery)
     AS d (at, depot_id, price, km, pieces, who, gone)
GROUP BY 1, 2

-- other: another percentile
SELECT date_trunc('month', d.delivered_at)::date AS month, d.depot_id, CAST(median(CAST(d.unit_price AS DOUBLE)) AS DECIMAL(12, 3)) AS median_price,
       stddev(d.distance_km) AS spread_km, corr(d.distance_km, CAST(d.quantity AS DOUBLE)) AS distance_to_quantity,
       CAST(approx_distinct(d.customer_id) AS BIGINT) AS customers, percentile_cont(0.5) WITHIN GROUP (ORDER BY d.distance_km) AS long_km,
       bool_or(d.is_deleted) AS any_deleted
FROM delivery d
GROUP BY 1, 2

-- other: the percentile from the other end
SELECT date_trunc('month', d.delivered_at)::date AS month, d.depot_id, CAST(median(CAST(d.unit_price AS DOUBLE)) AS DECIMAL(12, 3)) AS median_price,
       stddev(d.distance_km) AS spread_km, corr(d.distance_km, CAST(d.quantity AS DOUBLE)) AS distance_to_quantity,
       CAST(approx_distinct(d.customer_id) AS BIGINT) AS customers, percentile_cont(0.9) WITHIN GROUP (ORDER BY d.distance_km DESC) AS long_km,
       bool_or(d.is_deleted) AS any_deleted
FROM delivery d
GROUP BY 1, 2

-- other: the median of different prices
SELECT date_trunc('month', d.delivered_at)::date AS month, d.depot_id,
       CAST(median(DISTINCT CAST(d.unit_price AS DOUBLE)) AS DECIMAL(12, 3)) AS median_price,
       stddev(d.distance_km) AS spread_km, corr(d.distance_km, CAST(d.quantity AS DOUBLE)) AS distance_to_quantity,
       CAST(approx_distinct(d.customer_id) AS BIGINT) AS customers, percentile_cont(0.9) WITHIN GROUP (ORDER BY d.distance_km) AS long_km,
       bool_or(d.is_deleted) AS any_deleted
FROM delivery d
GROUP BY 1, 2

-- other: the spread of all, and not of a sample
SELECT date_trunc('month', d.delivered_at)::date AS month, d.depot_id, CAST(median(CAST(d.unit_price AS DOUBLE)) AS DECIMAL(12, 3)) AS median_price,
       stddev_pop(d.distance_km) AS spread_km, corr(d.distance_km, CAST(d.quantity AS DOUBLE)) AS distance_to_quantity,
       CAST(approx_distinct(d.customer_id) AS BIGINT) AS customers, percentile_cont(0.9) WITHIN GROUP (ORDER BY d.distance_km) AS long_km,
       bool_or(d.is_deleted) AS any_deleted
FROM delivery d
GROUP BY 1, 2

-- other: all, and not any
SELECT date_trunc('month', d.delivered_at)::date AS month, d.depot_id, CAST(median(CAST(d.unit_price AS DOUBLE)) AS DECIMAL(12, 3)) AS median_price,
       stddev(d.distance_km) AS spread_km, corr(d.distance_km, CAST(d.quantity AS DOUBLE)) AS distance_to_quantity,
       CAST(approx_distinct(d.customer_id) AS BIGINT) AS customers, percentile_cont(0.9) WITHIN GROUP (ORDER BY d.distance_km) AS long_km,
       bool_and(d.is_deleted) AS any_deleted
FROM delivery d
GROUP BY 1, 2

-- other: counted exactly
SELECT date_trunc('month', d.delivered_at)::date AS month, d.depot_id, CAST(median(CAST(d.unit_price AS DOUBLE)) AS DECIMAL(12, 3)) AS median_price,
       stddev(d.distance_km) AS spread_km, corr(d.distance_km, CAST(d.quantity AS DOUBLE)) AS distance_to_quantity,
       CAST(count(DISTINCT d.customer_id) AS BIGINT) AS customers, percentile_cont(0.9) WITHIN GROUP (ORDER BY d.distance_km) AS long_km,
       bool_or(d.is_deleted) AS any_deleted
FROM delivery d
GROUP BY 1, 2
