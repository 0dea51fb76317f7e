/* rollup
title: Shops, buyers of what is done, kinds and amounts of sales by region, each once
time: sold_at
*/
SELECT date_trunc('day', s.sold_at)::date AS day, coalesce(h.region, 'unknown') AS region,
       count(DISTINCT s.shop_id) AS shops, CAST(count(DISTINCT s.buyer_id) FILTER (WHERE s.status = 'done') AS INT) AS buyers,
       count(DISTINCT s.status) AS kinds, CAST(count(*) AS DOUBLE) / count(DISTINCT s.amount) AS sales_an_amount,
       count(*) AS sales, max(s.amount) AS most, min(s.sold_at) AS first_sold_at
FROM sale s
LEFT JOIN shop h ON h.shop_id = s.shop_id
GROUP BY 1, 2
