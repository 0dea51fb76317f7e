/* rollup
title: Known regions alone
time: sold_at
*/
SELECT date_trunc('month', s.sold_at)::date AS month, h.region, count(*) AS sales,
       CAST(median(CAST(s.amount AS DOUBLE)) AS DECIMAL(12, 3)) AS median_amount
FROM sale s
JOIN shop h ON h.shop_id = s.shop_id
GROUP BY 1, 2
