/* rollup
title: About how many different ones in a year, fed by days
time: sold_at
*/
SELECT date_trunc('year', s.sold_at)::date AS year, CAST(approx_distinct(s.buyer_id) AS BIGINT) AS buyers,
       CAST(approx_distinct(s.status) FILTER (WHERE s.quantity > 0) AS BIGINT) AS kinds, CAST(approx_distinct(s.sold_at) AS BIGINT) AS moments
FROM sale s
GROUP BY 1
