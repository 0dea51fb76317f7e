-- grain: daily
/* rollup
title: Deliveries by size
time: delivered_at
*/
SELECT date_trunc('day', d.delivered_at)::date                                       AS day,
       CASE WHEN d.amount >= 10000 THEN 'large'
            WHEN d.amount >= 1000 THEN 'medium'
            ELSE 'small' END                                                         AS size,
       CAST(sum(CASE d.status WHEN 'completed' THEN d.quantity END) AS BIGINT)       AS pieces
FROM delivery d
GROUP BY 1, 2

-- same: one line, lower case
select date_trunc('day', e.delivered_at)::date as day, case when e.amount >= 10000 then 'large' when e.amount >= 1000 then 'medium' else 'small' end as size, cast(sum(case e.status when 'completed' then e.quantity end) as bigint) as pieces from delivery e group by 1, 2

-- same: the size has a name of its own in a CTE
WITH sized AS (
    SELECT *, CASE WHEN amount >= 10000 THEN 'large' WHEN amount >= 1000 THEN 'medium' ELSE 'small' END AS size FROM delivery
)
SELECT date_trunc('day', delivered_at)::date AS day, size, CAST(sum(CASE status WHEN 'completed' THEN quantity END) AS BIGINT) AS pieces
FROM sized
GROUP BY 1, 2

-- other: another border
SELECT date_trunc('day', d.delivered_at)::date AS day,
       CASE WHEN d.amount >= 10000 THEN 'large' WHEN d.amount >= 2000 THEN 'medium' ELSE 'small' END AS size,
       CAST(sum(CASE d.status WHEN 'completed' THEN d.quantity END) AS BIGINT) AS pieces
FROM delivery d
GROUP BY 1, 2

-- other: the cases in another order
SELECT date_trunc('day', d.delivered_at)::date AS day,
       CASE WHEN d.amount >= 1000 THEN 'medium' WHEN d.amount >= 10000 THEN 'large' ELSE 'small' END AS size,
       CAST(sum(CASE d.status WHEN 'completed' THEN d.quantity END) AS BIGINT) AS pieces
FROM delivery d
GROUP BY 1, 2

-- other: nothing else
SELECT date_trunc('day', d.delivered_at)::date AS day,
       CASE WHEN d.amount >= 10000 THEN 'large' WHEN d.amount >= 1000 THEN 'medium' END AS size,
       CAST(sum(CASE d.status WHEN 'completed' THEN d.quantity END) AS BIGINT) AS pieces
FROM delivery d
GROUP BY 1, 2

-- other: nothing where another status was
SELECT date_trunc('day', d.delivered_at)::date AS day,
       CASE WHEN d.amount >= 10000 THEN 'large' WHEN d.amount >= 1000 THEN 'medium' ELSE 'small' END AS size,
       CAST(sum(CASE d.status WHEN 'completed' THEN d.quantity ELSE 0 END) AS BIGINT) AS pieces
FROM delivery d
GROUP BY 1, 2

-- other: what is compared and what comes out are exchanged
SELECT date_trunc('day', d.delivered_at)::date AS day,
       CASE WHEN d.amount >= 10000 THEN 'small' WHEN d.amount >= 1000 THEN 'medium' ELSE 'large' END AS size,
       CAST(sum(CASE d.status WHEN 'completed' THEN d.quantity END) AS BIGINT) AS pieces
FROM delivery d
GROUP BY 1, 2

-- other: another column is compared
SELECT date_trunc('day', d.delivered_at)::date AS day,
       CASE WHEN d.unit_price >= 10000 THEN 'large' WHEN d.amount >= 1000 THEN 'medium' ELSE 'small' END AS size,
       CAST(sum(CASE d.status WHEN 'completed' THEN d.quantity END) AS BIGINT) AS pieces
FROM delivery d
GROUP BY 1, 2
