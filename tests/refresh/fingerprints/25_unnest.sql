-- grain: daily
/* rollup
title: Deliveries beside every word of the depots' names
time: delivered_at
*/
SELECT date_trunc('day', d.delivered_at)::date AS day, count(*) AS pairs
FROM delivery d
CROSS JOIN (SELECT unnest(string_to_array(t.words, ' ')) AS word FROM (SELECT name AS words FROM depot) t) w
GROUP BY 1

-- same: other aliases
SELECT date_trunc('day', d.delivered_at)::date AS day, count(*) AS pairs
FROM delivery d
CROSS JOIN (SELECT unnest(string_to_array(s.text, ' ')) AS term FROM (SELECT name AS text FROM depot) s) x
GROUP BY 1

-- same: CTEs
WITH t AS (SELECT name AS words FROM depot), w AS (SELECT unnest(string_to_array(t.words, ' ')) AS word FROM t)
SELECT date_trunc('day', d.delivered_at)::date AS day, count(*) AS pairs
FROM delivery d
CROSS JOIN w
GROUP BY 1

-- other: the words of the regions
SELECT date_trunc('day', d.delivered_at)::date AS day, count(*) AS pairs
FROM delivery d
CROSS JOIN (SELECT unnest(string_to_array(t.words, ' ')) AS word FROM (SELECT region AS words FROM depot) t) w
GROUP BY 1

-- other: cut at another letter
SELECT date_trunc('day', d.delivered_at)::date AS day, count(*) AS pairs
FROM delivery d
CROSS JOIN (SELECT unnest(string_to_array(t.words, '-')) AS word FROM (SELECT name AS words FROM depot) t) w
GROUP BY 1

-- other: the whole text
SELECT date_trunc('day', d.delivered_at)::date AS day, count(*) AS pairs
FROM delivery d
CROSS JOIN (SELECT string_to_array(t.words, ' ') AS word FROM (SELECT name AS words FROM depot) t) w
GROUP BY 1

-- other: the words of some depots
SELECT date_trunc('day', d.delivered_at)::date AS day, count(*) AS pairs
FROM delivery d
CROSS JOIN (SELECT unnest(string_to_array(t.words, ' ')) AS word FROM (SELECT name AS words FROM depot WHERE capacity_cylinders > 100) t) w
GROUP BY 1
