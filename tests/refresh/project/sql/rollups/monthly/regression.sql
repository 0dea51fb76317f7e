/* rollup
title: How quantities go with buyers
time: sold_at
*/
SELECT date_trunc('month', s.sold_at)::date AS month, h.region, corr(s.quantity, s.buyer_id) AS correlation,
       covar_pop(s.quantity, s.buyer_id) AS covar_pop, covar_samp(s.quantity, s.buyer_id) AS covar_samp,
       regr_slope(s.quantity, s.buyer_id) AS slope, regr_intercept(s.quantity, s.buyer_id) AS intercept,
       CAST(regr_count(s.amount, s.buyer_id) AS BIGINT) AS pairs, regr_r2(s.quantity, s.buyer_id) AS r2
FROM sale s
JOIN shop h ON h.shop_id = s.shop_id
GROUP BY 1, 2
