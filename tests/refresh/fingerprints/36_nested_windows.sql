-- grain: daily
/* rollup
title: Deliveries of the day, in all and completed
time: delivered_at
*/
SELECT t.day, t.delivery_id, t.n AS of_the_day, count(*) OVER (PARTITION BY t.day) AS completed
FROM (SELECT date_trunc('day', d.delivered_at)::date AS day, d.delivery_id, d.status,
             count(*) OVER (PARTITION BY date_trunc('day', d.delivered_at)::date) AS n
      FROM delivery d) t
WHERE t.status = 'completed'

-- same: other aliases
SELECT u.day, u.delivery_id, u.many AS of_the_day, count(*) OVER (PARTITION BY u.day) AS completed
FROM (SELECT date_trunc('day', e.delivered_at)::date AS day, e.delivery_id, e.status,
             count(*) OVER (PARTITION BY date_trunc('day', e.delivered_at)::date) AS many
      FROM delivery e) u
WHERE u.status = 'completed'

-- same: two CTEs
WITH all_of_them AS (SELECT date_trunc('day', delivered_at)::date AS day, delivery_id, status, count(*) OVER w AS n FROM delivery
                     WINDOW w AS (PARTITION BY date_trunc('day', delivered_at)::date)),
     done AS (SELECT * FROM all_of_them WHERE status = 'completed')
SELECT day, delivery_id, n AS of_the_day, count(*) OVER (PARTITION BY day) AS completed
FROM done

-- other: the numbers are exchanged
SELECT t.day, t.delivery_id, count(*) OVER (PARTITION BY t.day) AS of_the_day, t.n AS completed
FROM (SELECT date_trunc('day', d.delivered_at)::date AS day, d.delivery_id, d.status,
             count(*) OVER (PARTITION BY date_trunc('day', d.delivered_at)::date) AS n
      FROM delivery d) t
WHERE t.status = 'completed'

-- other: the greater number twice
SELECT t.day, t.delivery_id, t.n AS of_the_day, max(t.n) OVER (PARTITION BY t.day) AS completed
FROM (SELECT date_trunc('day', d.delivered_at)::date AS day, d.delivery_id, d.status,
             count(*) OVER (PARTITION BY date_trunc('day', d.delivered_at)::date) AS n
      FROM delivery d) t
WHERE t.status = 'completed'

-- other: the condition stands below both
SELECT t.day, t.delivery_id, t.n AS of_the_day, count(*) OVER (PARTITION BY t.day) AS completed
FROM (SELECT date_trunc('day', d.delivered_at)::date AS day, d.delivery_id, d.status,
             count(*) OVER (PARTITION BY date_trunc('day', d.delivered_at)::date) AS n
      FROM delivery d
      WHERE d.status = 'completed') t

-- other: another condition
SELECT t.day, t.delivery_id, t.n AS of_the_day, count(*) OVER (PARTITION BY t.day) AS completed
FROM (SELECT date_trunc('day', d.delivered_at)::date AS day, d.delivery_id, d.status,
             count(*) OVER (PARTITION BY date_trunc('day', d.delivered_at)::date) AS n
      FROM delivery d) t
WHERE t.status = 'failed'
