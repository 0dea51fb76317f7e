/* rollup
title: Sales without shops and shops without sales
time: sold_at
*/
SELECT date_trunc('month', s.sold_at)::date AS month, h.region, count(s.sale_id) AS sales, count(h.shop_id) AS shops,
       sum(s.amount) AS amount
FROM sale s
FULL JOIN shop h ON h.shop_id = s.shop_id
GROUP BY 1, 2
