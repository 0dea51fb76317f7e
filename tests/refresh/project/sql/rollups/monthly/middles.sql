/* rollup
title: Middles, for which all values are needed
time: sold_at
*/
SELECT date_trunc('month', s.sold_at)::date AS month, s.buyer_id, median(CAST(s.quantity AS DOUBLE)) AS median_quantity,
       -- DataFusion cuts the place of the percentile to six digits, which a quarter does not notice.
       percentile_cont(0.25) WITHIN GROUP (ORDER BY CAST(s.amount AS DOUBLE)) AS small_amount,
       median(s.weight) FILTER (WHERE s.weight BETWEEN 0 AND 1e18) AS median_weight
FROM sale s
GROUP BY 1, 2
