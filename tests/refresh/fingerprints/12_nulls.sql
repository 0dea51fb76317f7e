-- grain: monthly
/* rollup
title: Ratings by month
time: delivered_at
*/
SELECT date_trunc('month', d.delivered_at)::date                              AS month,
       coalesce(d.rating, 0)                                                  AS stars,
       count(*) FILTER (WHERE d.distance_km IS NULL)                          AS without_distance,
       count(nullif(d.status, 'completed'))                                   AS not_completed,
       count(*) FILTER (WHERE d.rating IS DISTINCT FROM 5)                    AS not_the_best
FROM delivery d
WHERE d.is_deleted IS NOT TRUE
GROUP BY 1, 2

-- same: a subquery gives what may be NULL other names
SELECT date_trunc('month', at)::date AS month, coalesce(r, 0) AS stars, count(*) FILTER (WHERE km IS NULL) AS without_distance,
       count(nullif(s, 'completed')) AS not_completed, count(*) FILTER (WHERE r IS DISTINCT FROM 5) AS not_the_best
FROM (SELECT delivered_at AS at, rating AS r, distance_km AS km, status AS s FROM delivery WHERE is_deleted IS NOT TRUE) d
GROUP BY 1, 2

-- same: another layout
SELECT date_trunc('month', delivery.delivered_at)::date AS month, COALESCE(delivery.rating, 0) AS stars,
       COUNT(*) FILTER (WHERE (delivery.distance_km) IS NULL) AS without_distance, COUNT(NULLIF(delivery.status, 'completed')) AS not_completed,
       COUNT(*) FILTER (WHERE delivery.rating IS DISTINCT FROM 5) AS not_the_best
FROM delivery
WHERE (delivery.is_deleted) IS NOT TRUE
GROUP BY month, stars

-- other: another number in place of NULL
SELECT date_trunc('month', d.delivered_at)::date AS month, coalesce(d.rating, 1) AS stars, count(*) FILTER (WHERE d.distance_km IS NULL) AS without_distance,
       count(nullif(d.status, 'completed')) AS not_completed, count(*) FILTER (WHERE d.rating IS DISTINCT FROM 5) AS not_the_best
FROM delivery d
WHERE d.is_deleted IS NOT TRUE
GROUP BY 1, 2

-- other: NULL stays
SELECT date_trunc('month', d.delivered_at)::date AS month, CAST(d.rating AS BIGINT) AS stars, count(*) FILTER (WHERE d.distance_km IS NULL) AS without_distance,
       count(nullif(d.status, 'completed')) AS not_completed, count(*) FILTER (WHERE d.rating IS DISTINCT FROM 5) AS not_the_best
FROM delivery d
WHERE d.is_deleted IS NOT TRUE
GROUP BY 1, 2

-- other: those with a distance
SELECT date_trunc('month', d.delivered_at)::date AS month, coalesce(d.rating, 0) AS stars, count(*) FILTER (WHERE d.distance_km IS NOT NULL) AS without_distance,
       count(nullif(d.status, 'completed')) AS not_completed, count(*) FILTER (WHERE d.rating IS DISTINCT FROM 5) AS not_the_best
FROM delivery d
WHERE d.is_deleted IS NOT TRUE
GROUP BY 1, 2

-- other: NULL where it is another status
SELECT date_trunc('month', d.delivered_at)::date AS month, coalesce(d.rating, 0) AS stars, count(*) FILTER (WHERE d.distance_km IS NULL) AS without_distance,
       count(nullif(d.status, 'failed')) AS not_completed, count(*) FILTER (WHERE d.rating IS DISTINCT FROM 5) AS not_the_best
FROM delivery d
WHERE d.is_deleted IS NOT TRUE
GROUP BY 1, 2

-- other: NULL is no other rating
SELECT date_trunc('month', d.delivered_at)::date AS month, coalesce(d.rating, 0) AS stars, count(*) FILTER (WHERE d.distance_km IS NULL) AS without_distance,
       count(nullif(d.status, 'completed')) AS not_completed, count(*) FILTER (WHERE d.rating <> 5) AS not_the_best
FROM delivery d
WHERE d.is_deleted IS NOT TRUE
GROUP BY 1, 2

-- other: the best ones
SELECT date_trunc('month', d.delivered_at)::date AS month, coalesce(d.rating, 0) AS stars, count(*) FILTER (WHERE d.distance_km IS NULL) AS without_distance,
       count(nullif(d.status, 'completed')) AS not_completed, count(*) FILTER (WHERE d.rating IS NOT DISTINCT FROM 5) AS not_the_best
FROM delivery d
WHERE d.is_deleted IS NOT TRUE
GROUP BY 1, 2

-- other: false alone
SELECT date_trunc('month', d.delivered_at)::date AS month, coalesce(d.rating, 0) AS stars, count(*) FILTER (WHERE d.distance_km IS NULL) AS without_distance,
       count(nullif(d.status, 'completed')) AS not_completed, count(*) FILTER (WHERE d.rating IS DISTINCT FROM 5) AS not_the_best
FROM delivery d
WHERE d.is_deleted IS FALSE
GROUP BY 1, 2

-- other: all that is not false
SELECT date_trunc('month', d.delivered_at)::date AS month, coalesce(d.rating, 0) AS stars, count(*) FILTER (WHERE d.distance_km IS NULL) AS without_distance,
       count(nullif(d.status, 'completed')) AS not_completed, count(*) FILTER (WHERE d.rating IS DISTINCT FROM 5) AS not_the_best
FROM delivery d
WHERE d.is_deleted IS NOT FALSE
GROUP BY 1, 2
