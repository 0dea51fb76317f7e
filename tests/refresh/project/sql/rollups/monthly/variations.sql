/* rollup
title: How quantities vary with buyers, kept as DataFusion has it
time: sold_at
*/
SELECT date_trunc('month', s.sold_at)::date AS month, h.region, CAST(regr_count(s.amount, s.buyer_id) AS BIGINT) AS pairs,
       regr_avgx(s.amount, s.buyer_id) AS average_buyer, regr_avgy(s.amount, s.buyer_id) AS average_amount,
       regr_sxx(s.quantity, s.buyer_id) AS sxx, regr_syy(s.quantity, s.buyer_id) AS syy, regr_sxy(s.quantity, s.buyer_id) AS sxy
FROM sale s
JOIN shop h ON h.shop_id = s.shop_id
GROUP BY 1, 2
