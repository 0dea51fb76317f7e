/* rollup
title: Each value once
time: sold_at
*/
SELECT date_trunc('day', s.sold_at)::date AS day, sum(DISTINCT s.quantity) AS quantity,
       CAST(sum(DISTINCT s.points) FILTER (WHERE s.buyer_id % 2 = 0) AS BIGINT) AS points, sum(DISTINCT s.amount) AS amount,
       avg(DISTINCT CAST(s.quantity AS DOUBLE)) AS average, min(DISTINCT s.amount) AS least, max(DISTINCT s.status) AS status,
       count(DISTINCT s.quantity + s.buyer_id) AS sums
FROM sale s
GROUP BY 1
