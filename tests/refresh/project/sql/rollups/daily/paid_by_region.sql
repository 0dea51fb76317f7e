/* rollup
title: What was paid by region, where either of two joined tables may change
time: sold_at
*/
SELECT date_trunc('day', s.sold_at)::date AS day, h.region, count(*) AS sales, CAST(sum(s.quantity) AS BIGINT) AS pieces,
       CAST(coalesce(sum(r.paid), 0) AS DECIMAL(18, 2)) AS paid
FROM sale s
JOIN shop h ON h.shop_id = s.shop_id
LEFT JOIN (SELECT sale_id, sum(paid) AS paid FROM receipt WHERE sale_id IS NOT NULL GROUP BY sale_id) r ON r.sale_id = s.sale_id
GROUP BY 1, 2
