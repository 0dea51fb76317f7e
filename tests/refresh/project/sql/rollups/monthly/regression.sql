/* rollup
title: How quantities go with buyers
time: sold_at
*/
SELECT date_trunc('month', s.sold_at)::date AS month, h.region, covar_pop(s.quantity, s.buyer_id) AS covar_pop,
       covar_samp(s.quantity, s.buyer_id) AS covar_samp, corr(s.quantity, s.buyer_id) AS correlation,
       regr_slope(s.quantity, s.buyer_id) AS slope, regr_intercept(s.quantity, s.buyer_id) AS intercept,
       CAST(regr_count(s.amount, s.buyer_id) AS BIGINT) AS pairs, regr_r2(s.quantity, s.buyer_id) AS r2,
       regr_avgx(s.amount, s.buyer_id) AS average_buyer, regr_avgy(s.amount, s.buyer_id) AS average_amount,
       regr_sxx(s.quantity, s.buyer_id) AS sxx, regr_syy(s.quantity, s.buyer_id) AS syy, regr_sxy(s.quantity, s.buyer_id) AS sxy
FROM sale s
JOIN shop h ON h.shop_id = s.shop_id
GROUP BY 1, 2
