/* rollup
title: Weights, which give nothing back
time: sold_at
*/
SELECT date_trunc('day', s.sold_at)::date AS day, count(*) AS sales, sum(s.weight) AS weight,
       avg(s.weight) FILTER (WHERE s.status = 'done') AS average_weight
FROM sale s
GROUP BY 1
