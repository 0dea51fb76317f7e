/* rollup
title: Days beside those before them
time: sold_at
*/
SELECT day, sales, CAST(sum(sales) OVER (ORDER BY day ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS BIGINT) AS of_three,
       sales - lag(sales) OVER (ORDER BY day) AS more, min(least) OVER (ORDER BY day) AS least_so_far
FROM (SELECT date_trunc('day', s.sold_at)::date AS day, count(*) AS sales, min(s.amount) AS least FROM sale s GROUP BY 1) days
