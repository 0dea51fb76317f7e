-- grain: daily
/* rollup
title: Deliveries by rating, and beside every step
time: delivered_at
*/
WITH RECURSIVE step AS (
    SELECT 1 AS n, 10 AS m
    UNION ALL
    SELECT n + 1, m FROM step WHERE n < 5
)
SELECT date_trunc('day', d.delivered_at)::date AS day, count(*) AS deliveries
FROM delivery d
JOIN step ON true
GROUP BY 1

-- same: another name of the CTE
WITH RECURSIVE s AS (
    SELECT 1 AS n, 10 AS m
    UNION ALL
    SELECT n + 1, m FROM s WHERE n < 5
)
SELECT date_trunc('day', d.delivered_at)::date AS day, count(*) AS deliveries
FROM delivery d
JOIN s ON true
GROUP BY 1

-- same: another alias, another layout
WITH RECURSIVE step AS (SELECT 1 AS n, 10 AS m UNION ALL SELECT x.n + 1, x.m FROM step AS x WHERE x.n < 5)
SELECT date_trunc('day', f.delivered_at)::date AS day, count(*) AS deliveries
FROM delivery AS f JOIN step AS y ON true
GROUP BY 1

-- other: begins later
WITH RECURSIVE step AS (
    SELECT 2 AS n, 10 AS m
    UNION ALL
    SELECT n + 1, m FROM step WHERE n < 5
)
SELECT date_trunc('day', d.delivered_at)::date AS day, count(*) AS deliveries
FROM delivery d
JOIN step ON true
GROUP BY 1

-- other: longer steps
WITH RECURSIVE step AS (
    SELECT 1 AS n, 10 AS m
    UNION ALL
    SELECT n + 2, m FROM step WHERE n < 5
)
SELECT date_trunc('day', d.delivered_at)::date AS day, count(*) AS deliveries
FROM delivery d
JOIN step ON true
GROUP BY 1

-- other: more steps
WITH RECURSIVE step AS (
    SELECT 1 AS n, 10 AS m
    UNION ALL
    SELECT n + 1, m FROM step WHERE n < 6
)
SELECT date_trunc('day', d.delivered_at)::date AS day, count(*) AS deliveries
FROM delivery d
JOIN step ON true
GROUP BY 1

-- other: the names of the columns are exchanged
WITH RECURSIVE step AS (
    SELECT 1 AS m, 10 AS n
    UNION ALL
    SELECT n + 1, m FROM step WHERE n < 5
)
SELECT date_trunc('day', d.delivered_at)::date AS day, count(*) AS deliveries
FROM delivery d
JOIN step ON true
GROUP BY 1

-- other: each row once
WITH RECURSIVE step AS (
    SELECT 1 AS n, 10 AS m
    UNION
    SELECT n + 1, m FROM step WHERE n < 5
)
SELECT date_trunc('day', d.delivered_at)::date AS day, count(*) AS deliveries
FROM delivery d
JOIN step ON true
GROUP BY 1
