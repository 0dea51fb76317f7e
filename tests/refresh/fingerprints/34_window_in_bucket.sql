-- grain: daily
/* rollup
title: The last count of each day
time: counted_at
*/
SELECT day, depot_id, product_id, count_id, counts, empty_counts, full_cylinders
FROM (
    SELECT date_trunc('day', i.counted_at)::date AS day, i.depot_id, i.product_id, i.count_id, i.full_cylinders,
           count(i.full_cylinders) OVER (PARTITION BY date_trunc('day', i.counted_at)::date, i.depot_id, i.product_id) AS counts,
           count(i.full_cylinders) FILTER (WHERE i.empty_cylinders > 0) OVER (PARTITION BY date_trunc('day', i.counted_at)::date, i.depot_id) AS empty_counts,
           row_number() OVER (PARTITION BY date_trunc('day', i.counted_at)::date, i.depot_id, i.product_id
                              ORDER BY i.counted_at DESC, i.count_id DESC) AS newest
    FROM inventory_count i
) counted
WHERE newest = 1

-- same: CTEs, other names, where NULL stands is written out
WITH c AS (SELECT *, date_trunc('day', counted_at)::date AS d FROM inventory_count),
     ranked AS (
         SELECT d, depot_id, product_id, count_id, full_cylinders,
                count(full_cylinders) OVER (PARTITION BY d, depot_id, product_id) AS n,
                count(full_cylinders) FILTER (WHERE empty_cylinders > 0) OVER (PARTITION BY d, depot_id) AS e,
                row_number() OVER (PARTITION BY d, depot_id, product_id ORDER BY counted_at DESC NULLS FIRST, count_id DESC) AS place
         FROM c
     )
SELECT d AS day, depot_id, product_id, count_id, n AS counts, e AS empty_counts, full_cylinders FROM ranked WHERE place = 1

-- same: QUALIFY, which is such a WHERE
SELECT date_trunc('day', i.counted_at)::date AS day, i.depot_id, i.product_id, i.count_id,
       count(i.full_cylinders) OVER (PARTITION BY date_trunc('day', i.counted_at)::date, i.depot_id, i.product_id) AS counts,
       count(i.full_cylinders) FILTER (WHERE i.empty_cylinders > 0) OVER (PARTITION BY date_trunc('day', i.counted_at)::date, i.depot_id) AS empty_counts,
       i.full_cylinders
FROM inventory_count i
QUALIFY row_number() OVER (PARTITION BY date_trunc('day', i.counted_at)::date, i.depot_id, i.product_id ORDER BY i.counted_at DESC, i.count_id DESC) = 1

-- other: a second argument in place of a filter
SELECT day, depot_id, product_id, count_id, counts, empty_counts, full_cylinders
FROM (
    SELECT date_trunc('day', i.counted_at)::date AS day, i.depot_id, i.product_id, i.count_id, i.full_cylinders,
           count(i.full_cylinders) OVER (PARTITION BY date_trunc('day', i.counted_at)::date, i.depot_id, i.product_id) AS counts,
           count(i.full_cylinders, i.empty_cylinders > 0) OVER (PARTITION BY date_trunc('day', i.counted_at)::date, i.depot_id) AS empty_counts,
           row_number() OVER (PARTITION BY date_trunc('day', i.counted_at)::date, i.depot_id, i.product_id
                              ORDER BY i.counted_at DESC, i.count_id DESC) AS newest
    FROM inventory_count i
) counted
WHERE newest = 1

-- other: the first count
SELECT day, depot_id, product_id, count_id, counts, empty_counts, full_cylinders
FROM (
    SELECT date_trunc('day', i.counted_at)::date AS day, i.depot_id, i.product_id, i.count_id, i.full_cylinders,
           count(i.full_cylinders) OVER (PARTITION BY date_trunc('day', i.counted_at)::date, i.depot_id, i.product_id) AS counts,
           count(i.full_cylinders) FILTER (WHERE i.empty_cylinders > 0) OVER (PARTITION BY date_trunc('day', i.counted_at)::date, i.depot_id) AS empty_counts,
           row_number() OVER (PARTITION BY date_trunc('day', i.counted_at)::date, i.depot_id, i.product_id ORDER BY i.counted_at, i.count_id) AS newest
    FROM inventory_count i
) counted
WHERE newest = 1

-- other: the last count but one
SELECT day, depot_id, product_id, count_id, counts, empty_counts, full_cylinders
FROM (
    SELECT date_trunc('day', i.counted_at)::date AS day, i.depot_id, i.product_id, i.count_id, i.full_cylinders,
           count(i.full_cylinders) OVER (PARTITION BY date_trunc('day', i.counted_at)::date, i.depot_id, i.product_id) AS counts,
           count(i.full_cylinders) FILTER (WHERE i.empty_cylinders > 0) OVER (PARTITION BY date_trunc('day', i.counted_at)::date, i.depot_id) AS empty_counts,
           row_number() OVER (PARTITION BY date_trunc('day', i.counted_at)::date, i.depot_id, i.product_id
                              ORDER BY i.counted_at DESC, i.count_id DESC) AS newest
    FROM inventory_count i
) counted
WHERE newest = 2

-- other: the last count of a depot, whatever the product
SELECT day, depot_id, product_id, count_id, counts, empty_counts, full_cylinders
FROM (
    SELECT date_trunc('day', i.counted_at)::date AS day, i.depot_id, i.product_id, i.count_id, i.full_cylinders,
           count(i.full_cylinders) OVER (PARTITION BY date_trunc('day', i.counted_at)::date, i.depot_id, i.product_id) AS counts,
           count(i.full_cylinders) FILTER (WHERE i.empty_cylinders > 0) OVER (PARTITION BY date_trunc('day', i.counted_at)::date, i.depot_id) AS empty_counts,
           row_number() OVER (PARTITION BY date_trunc('day', i.counted_at)::date, i.depot_id ORDER BY i.counted_at DESC, i.count_id DESC) AS newest
    FROM inventory_count i
) counted
WHERE newest = 1

-- other: by number alone
SELECT day, depot_id, product_id, count_id, counts, empty_counts, full_cylinders
FROM (
    SELECT date_trunc('day', i.counted_at)::date AS day, i.depot_id, i.product_id, i.count_id, i.full_cylinders,
           count(i.full_cylinders) OVER (PARTITION BY date_trunc('day', i.counted_at)::date, i.depot_id, i.product_id) AS counts,
           count(i.full_cylinders) FILTER (WHERE i.empty_cylinders > 0) OVER (PARTITION BY date_trunc('day', i.counted_at)::date, i.depot_id) AS empty_counts,
           row_number() OVER (PARTITION BY date_trunc('day', i.counted_at)::date, i.depot_id, i.product_id ORDER BY i.count_id DESC) AS newest
    FROM inventory_count i
) counted
WHERE newest = 1

-- other: the condition stands below the windows
SELECT day, depot_id, product_id, count_id, counts, empty_counts, full_cylinders
FROM (
    SELECT date_trunc('day', i.counted_at)::date AS day, i.depot_id, i.product_id, i.count_id, i.full_cylinders,
           count(i.full_cylinders) OVER (PARTITION BY date_trunc('day', i.counted_at)::date, i.depot_id, i.product_id) AS counts,
           count(i.full_cylinders) OVER (PARTITION BY date_trunc('day', i.counted_at)::date, i.depot_id) AS empty_counts,
           row_number() OVER (PARTITION BY date_trunc('day', i.counted_at)::date, i.depot_id, i.product_id
                              ORDER BY i.counted_at DESC, i.count_id DESC) AS newest
    FROM inventory_count i
    WHERE i.empty_cylinders > 0
) counted
WHERE newest = 1
