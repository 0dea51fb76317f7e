/* rollup
title: Days with more than one sale
time: sold_at
*/
SELECT date_trunc('day', s.sold_at)::date AS day, count(*) AS sales, sum(s.weight) AS weight
FROM sale s
GROUP BY 1
HAVING count(*) > 1
