-- grain: daily
/* rollup
title: Deliveries of which nobody can say whether they were good
time: delivered_at
*/
SELECT date_trunc('day', d.delivered_at)::date AS day,
       count(*) FILTER (WHERE (d.rating > 3 AND d.distance_km < 20) IS UNKNOWN) AS unclear,
       count(*) FILTER (WHERE d.status SIMILAR TO '(completed|failed)') AS final
FROM delivery d
WHERE (d.rating IN (SELECT k.rating FROM delivery k WHERE k.status = 'failed')) IS NOT UNKNOWN
GROUP BY 1

-- same: other aliases
SELECT date_trunc('day', e.delivered_at)::date AS day,
       count(*) FILTER (WHERE (e.rating > 3 AND e.distance_km < 20) IS UNKNOWN) AS unclear,
       count(*) FILTER (WHERE e.status SIMILAR TO '(completed|failed)') AS final
FROM delivery e
WHERE (e.rating IN (SELECT f.rating FROM delivery f WHERE f.status = 'failed')) IS NOT UNKNOWN
GROUP BY 1

-- same: another layout
SELECT date_trunc('day', d.delivered_at)::date AS day, count(*) FILTER (WHERE ((d.rating > 3) AND (d.distance_km < 20)) IS UNKNOWN) AS unclear,
       count(*) FILTER (WHERE d.status SIMILAR TO '(completed|failed)') AS final
FROM delivery d
WHERE (d.rating IN (SELECT k.rating FROM delivery k WHERE (k.status = 'failed'))) IS NOT UNKNOWN
GROUP BY day

-- same: names in a CTE
WITH t AS (SELECT delivered_at AS at, rating AS stars, distance_km AS km, status AS outcome FROM delivery)
SELECT date_trunc('day', at)::date AS day, count(*) FILTER (WHERE (stars > 3 AND km < 20) IS UNKNOWN) AS unclear,
       count(*) FILTER (WHERE outcome SIMILAR TO '(completed|failed)') AS final
FROM t
WHERE (stars IN (SELECT k.rating FROM delivery k WHERE k.status = 'failed')) IS NOT UNKNOWN
GROUP BY 1

-- other: what can be said
SELECT date_trunc('day', d.delivered_at)::date AS day,
       count(*) FILTER (WHERE (d.rating > 3 AND d.distance_km < 20) IS NOT UNKNOWN) AS unclear,
       count(*) FILTER (WHERE d.status SIMILAR TO '(completed|failed)') AS final
FROM delivery d
WHERE (d.rating IN (SELECT k.rating FROM delivery k WHERE k.status = 'failed')) IS NOT UNKNOWN
GROUP BY 1

-- other: the columns are exchanged
SELECT date_trunc('day', d.delivered_at)::date AS day,
       count(*) FILTER (WHERE (d.distance_km > 3 AND d.rating < 20) IS UNKNOWN) AS unclear,
       count(*) FILTER (WHERE d.status SIMILAR TO '(completed|failed)') AS final
FROM delivery d
WHERE (d.rating IN (SELECT k.rating FROM delivery k WHERE k.status = 'failed')) IS NOT UNKNOWN
GROUP BY 1

-- other: another pattern
SELECT date_trunc('day', d.delivered_at)::date AS day,
       count(*) FILTER (WHERE (d.rating > 3 AND d.distance_km < 20) IS UNKNOWN) AS unclear,
       count(*) FILTER (WHERE d.status SIMILAR TO '(completed|returned)') AS final
FROM delivery d
WHERE (d.rating IN (SELECT k.rating FROM delivery k WHERE k.status = 'failed')) IS NOT UNKNOWN
GROUP BY 1

-- other: all that is not similar
SELECT date_trunc('day', d.delivered_at)::date AS day,
       count(*) FILTER (WHERE (d.rating > 3 AND d.distance_km < 20) IS UNKNOWN) AS unclear,
       count(*) FILTER (WHERE d.status NOT SIMILAR TO '(completed|failed)') AS final
FROM delivery d
WHERE (d.rating IN (SELECT k.rating FROM delivery k WHERE k.status = 'failed')) IS NOT UNKNOWN
GROUP BY 1

-- other: compared with the ratings of others
SELECT date_trunc('day', d.delivered_at)::date AS day,
       count(*) FILTER (WHERE (d.rating > 3 AND d.distance_km < 20) IS UNKNOWN) AS unclear,
       count(*) FILTER (WHERE d.status SIMILAR TO '(completed|failed)') AS final
FROM delivery d
WHERE (d.rating IN (SELECT k.rating FROM delivery k WHERE k.status = 'completed')) IS NOT UNKNOWN
GROUP BY 1
