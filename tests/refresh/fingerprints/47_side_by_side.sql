-- grain: daily
/* rollup
title: Completed and failed stops beside each other
time: delivered_at
*/
SELECT a.day, a.n AS completed, b.n AS failed, a.n - b.n AS difference
FROM (SELECT date_trunc('day', delivered_at)::date AS day, count(*) AS n FROM delivery WHERE status = 'completed' GROUP BY 1) a
JOIN (SELECT date_trunc('day', delivered_at)::date AS day, count(*) AS n FROM delivery WHERE status = 'failed' GROUP BY 1) b ON a.day = b.day

-- same: the aliases are exchanged
SELECT b.day, b.n AS completed, a.n AS failed, b.n - a.n AS difference
FROM (SELECT date_trunc('day', delivered_at)::date AS day, count(*) AS n FROM delivery WHERE status = 'completed' GROUP BY 1) b
JOIN (SELECT date_trunc('day', delivered_at)::date AS day, count(*) AS n FROM delivery WHERE status = 'failed' GROUP BY 1) a ON b.day = a.day

-- same: CTEs
WITH fine AS (SELECT date_trunc('day', x.delivered_at)::date AS d, count(*) AS many FROM delivery x WHERE x.status = 'completed' GROUP BY 1),
     bad AS (SELECT date_trunc('day', y.delivered_at)::date AS e, count(*) AS few FROM delivery y WHERE y.status = 'failed' GROUP BY 1)
SELECT d AS day, many AS completed, few AS failed, many - few AS difference
FROM fine JOIN bad ON d = e

-- other: the columns are exchanged
SELECT a.day, b.n AS completed, a.n AS failed, a.n - b.n AS difference
FROM (SELECT date_trunc('day', delivered_at)::date AS day, count(*) AS n FROM delivery WHERE status = 'completed' GROUP BY 1) a
JOIN (SELECT date_trunc('day', delivered_at)::date AS day, count(*) AS n FROM delivery WHERE status = 'failed' GROUP BY 1) b ON a.day = b.day

-- other: the difference the other way round
SELECT a.day, a.n AS completed, b.n AS failed, b.n - a.n AS difference
FROM (SELECT date_trunc('day', delivered_at)::date AS day, count(*) AS n FROM delivery WHERE status = 'completed' GROUP BY 1) a
JOIN (SELECT date_trunc('day', delivered_at)::date AS day, count(*) AS n FROM delivery WHERE status = 'failed' GROUP BY 1) b ON a.day = b.day

-- other: one number twice
SELECT a.day, a.n AS completed, a.n AS failed, a.n - b.n AS difference
FROM (SELECT date_trunc('day', delivered_at)::date AS day, count(*) AS n FROM delivery WHERE status = 'completed' GROUP BY 1) a
JOIN (SELECT date_trunc('day', delivered_at)::date AS day, count(*) AS n FROM delivery WHERE status = 'failed' GROUP BY 1) b ON a.day = b.day

-- other: the day of the failed ones
SELECT b.day, a.n AS completed, b.n AS failed, a.n - b.n AS difference
FROM (SELECT date_trunc('day', delivered_at)::date AS day, count(*) AS n FROM delivery WHERE status = 'completed' GROUP BY 1) a
RIGHT JOIN (SELECT date_trunc('day', delivered_at)::date AS day, count(*) AS n FROM delivery WHERE status = 'failed' GROUP BY 1) b ON a.day = b.day

-- other: the statuses are exchanged
SELECT a.day, a.n AS completed, b.n AS failed, a.n - b.n AS difference
FROM (SELECT date_trunc('day', delivered_at)::date AS day, count(*) AS n FROM delivery WHERE status = 'failed' GROUP BY 1) a
JOIN (SELECT date_trunc('day', delivered_at)::date AS day, count(*) AS n FROM delivery WHERE status = 'completed' GROUP BY 1) b ON a.day = b.day
