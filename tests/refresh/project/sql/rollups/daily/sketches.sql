/* rollup
title: About how many different ones
time: sold_at
*/
SELECT date_trunc('day', s.sold_at)::date AS day, s.shop_id, CAST(approx_distinct(s.buyer_id) AS BIGINT) AS buyers,
       CAST(approx_distinct(s.status) FILTER (WHERE s.quantity > 0) AS BIGINT) AS kinds, CAST(approx_distinct(s.sold_at) AS BIGINT) AS moments
FROM sale s
GROUP BY 1, 2
