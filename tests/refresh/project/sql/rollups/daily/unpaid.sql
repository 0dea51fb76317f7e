/* rollup
title: Sales for which nothing was paid
time: sold_at
*/
SELECT date_trunc('day', s.sold_at)::date AS day, s.shop_id, count(*) AS sales, sum(s.amount) AS amount
FROM sale s
LEFT JOIN (SELECT DISTINCT sale_id FROM receipt) r ON r.sale_id = s.sale_id
WHERE r.sale_id IS NULL
GROUP BY 1, 2
