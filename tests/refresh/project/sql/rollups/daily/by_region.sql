/* rollup
title: Buyers by region, where shops may be missing
time: sold_at
*/
SELECT date_trunc('day', s.sold_at)::date AS day, coalesce(h.region, 'unknown') AS region,
       count(DISTINCT s.buyer_id) AS buyers, avg(s.weight) AS weight
FROM sale s
LEFT JOIN shop h ON h.shop_id = s.shop_id
GROUP BY 1, 2
