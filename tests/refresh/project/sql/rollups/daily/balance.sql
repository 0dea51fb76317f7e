/* rollup
title: Running balance
time: sold_at
*/
SELECT date_trunc('day', s.sold_at)::date AS day, s.shop_id, CAST(sum(s.quantity) AS BIGINT) AS change,
       CAST(sum(sum(s.quantity)) OVER (PARTITION BY s.shop_id ORDER BY date_trunc('day', s.sold_at)::date) AS BIGINT) AS balance
FROM sale s
GROUP BY 1, 2
