/* rollup
title: What goes to the accounts of buyers, which may not fit
time: sold_at
*/
SELECT date_trunc('month', s.sold_at)::date AS month, s.buyer_id % 2 AS odd, count(*) AS sales, sum(s.worth) AS worth,
       CAST(sum(s.points) AS BIGINT) AS points, min(s.worth) AS least_worth, max(s.points) AS most_points
FROM sale s
GROUP BY 1, 2
