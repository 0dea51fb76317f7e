/* rollup
title: The newest sale of a day
time: sold_at
*/
SELECT day, shop_id, sale_id, sales
FROM (
    SELECT date_trunc('day', s.sold_at)::date AS day, s.shop_id, s.sale_id,
           count(*) OVER (PARTITION BY date_trunc('day', s.sold_at)::date, s.shop_id) AS sales,
           row_number() OVER (PARTITION BY date_trunc('day', s.sold_at)::date, s.shop_id ORDER BY s.sold_at DESC, s.sale_id DESC) AS newest
    FROM sale s
) counted
WHERE newest = 1
