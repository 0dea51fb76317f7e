-- grain: daily
/* rollup
title: Times of delivery
time: delivered_at
*/
SELECT date_trunc('day', d.delivered_at)::date                                                                    AS day,
       extract(hour FROM d.delivered_at)                                                                          AS hour_of_day,
       count(*) FILTER (WHERE d.delivered_at > d.promised_at + INTERVAL '1 day')                                  AS very_late,
       count(*) FILTER (WHERE date_part('hour', d.delivered_at AT TIME ZONE 'Asia/Tokyo') < 8)                    AS early_in_tokyo
FROM delivery d
WHERE d.delivered_at >= TIMESTAMP '2025-01-01 00:00:00' AND date_trunc('day', d.promised_at)::date <> DATE '2026-02-17'
GROUP BY 1, 2

-- same: other aliases, letters of another case, a cast in place of a typed literal
SELECT date_trunc('day', v.delivered_at)::date AS day, EXTRACT(HOUR FROM v.delivered_at) AS hour_of_day,
       count(*) FILTER (WHERE v.delivered_at > v.promised_at + INTERVAL '1' DAY) AS very_late,
       count(*) FILTER (WHERE date_part('hour', v.delivered_at AT TIME ZONE 'Asia/Tokyo') < 8) AS early_in_tokyo
FROM delivery v
WHERE CAST(date_trunc('day', v.promised_at) AS DATE) <> CAST('2026-02-17' AS DATE) AND v.delivered_at >= '2025-01-01 00:00:00'::TIMESTAMP
GROUP BY 1, 2

-- same: a CTE filters
WITH recent AS (SELECT * FROM delivery WHERE delivered_at >= TIMESTAMP '2025-01-01 00:00:00')
SELECT date_trunc('day', r.delivered_at)::date AS day, extract(hour FROM r.delivered_at) AS hour_of_day,
       count(*) FILTER (WHERE r.delivered_at > r.promised_at + INTERVAL '1 day') AS very_late,
       count(*) FILTER (WHERE date_part('hour', r.delivered_at AT TIME ZONE 'Asia/Tokyo') < 8) AS early_in_tokyo
FROM recent r
WHERE date_trunc('day', r.promised_at)::date <> DATE '2026-02-17'
GROUP BY 1, 2

-- other: 24 hours, which are no day where clocks are changed
SELECT date_trunc('day', d.delivered_at)::date AS day, extract(hour FROM d.delivered_at) AS hour_of_day,
       count(*) FILTER (WHERE d.delivered_at > d.promised_at + INTERVAL '24 hours') AS very_late,
       count(*) FILTER (WHERE date_part('hour', d.delivered_at AT TIME ZONE 'Asia/Tokyo') < 8) AS early_in_tokyo
FROM delivery d
WHERE d.delivered_at >= TIMESTAMP '2025-01-01 00:00:00' AND date_trunc('day', d.promised_at)::date <> DATE '2026-02-17'
GROUP BY 1, 2

-- other: two days
SELECT date_trunc('day', d.delivered_at)::date AS day, extract(hour FROM d.delivered_at) AS hour_of_day,
       count(*) FILTER (WHERE d.delivered_at > d.promised_at + INTERVAL '2 days') AS very_late,
       count(*) FILTER (WHERE date_part('hour', d.delivered_at AT TIME ZONE 'Asia/Tokyo') < 8) AS early_in_tokyo
FROM delivery d
WHERE d.delivered_at >= TIMESTAMP '2025-01-01 00:00:00' AND date_trunc('day', d.promised_at)::date <> DATE '2026-02-17'
GROUP BY 1, 2

-- other: the minute
SELECT date_trunc('day', d.delivered_at)::date AS day, extract(minute FROM d.delivered_at) AS hour_of_day,
       count(*) FILTER (WHERE d.delivered_at > d.promised_at + INTERVAL '1 day') AS very_late,
       count(*) FILTER (WHERE date_part('hour', d.delivered_at AT TIME ZONE 'Asia/Tokyo') < 8) AS early_in_tokyo
FROM delivery d
WHERE d.delivered_at >= TIMESTAMP '2025-01-01 00:00:00' AND date_trunc('day', d.promised_at)::date <> DATE '2026-02-17'
GROUP BY 1, 2

-- other: another zone
SELECT date_trunc('day', d.delivered_at)::date AS day, extract(hour FROM d.delivered_at) AS hour_of_day,
       count(*) FILTER (WHERE d.delivered_at > d.promised_at + INTERVAL '1 day') AS very_late,
       count(*) FILTER (WHERE date_part('hour', d.delivered_at AT TIME ZONE 'Asia/Seoul') < 8) AS early_in_tokyo
FROM delivery d
WHERE d.delivered_at >= TIMESTAMP '2025-01-01 00:00:00' AND date_trunc('day', d.promised_at)::date <> DATE '2026-02-17'
GROUP BY 1, 2

-- other: from another second on
SELECT date_trunc('day', d.delivered_at)::date AS day, extract(hour FROM d.delivered_at) AS hour_of_day,
       count(*) FILTER (WHERE d.delivered_at > d.promised_at + INTERVAL '1 day') AS very_late,
       count(*) FILTER (WHERE date_part('hour', d.delivered_at AT TIME ZONE 'Asia/Tokyo') < 8) AS early_in_tokyo
FROM delivery d
WHERE d.delivered_at >= TIMESTAMP '2025-01-01 00:00:01' AND date_trunc('day', d.promised_at)::date <> DATE '2026-02-17'
GROUP BY 1, 2

-- other: without another day
SELECT date_trunc('day', d.delivered_at)::date AS day, extract(hour FROM d.delivered_at) AS hour_of_day,
       count(*) FILTER (WHERE d.delivered_at > d.promised_at + INTERVAL '1 day') AS very_late,
       count(*) FILTER (WHERE date_part('hour', d.delivered_at AT TIME ZONE 'Asia/Tokyo') < 8) AS early_in_tokyo
FROM delivery d
WHERE d.delivered_at >= TIMESTAMP '2025-01-01 00:00:00' AND date_trunc('day', d.promised_at)::date <> DATE '2026-02-18'
GROUP BY 1, 2
