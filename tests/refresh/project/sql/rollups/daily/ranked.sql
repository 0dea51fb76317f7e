/* rollup
title: Days ranked among all days, which no day knows alone
time: sold_at
*/
SELECT day, sales, CAST(rank() OVER (ORDER BY sales DESC) AS BIGINT) AS place
FROM (SELECT date_trunc('day', s.sold_at)::date AS day, count(*) AS sales FROM sale s GROUP BY 1) days
