/* rollup
title: What is only nearly known
time: sold_at
*/
SELECT date_trunc('day', s.sold_at)::date AS day, CAST(approx_distinct(s.buyer_id) AS BIGINT) AS buyers,
       approx_median(CAST(s.amount AS DOUBLE)) AS median_amount,
       approx_percentile_cont(0.9) WITHIN GROUP (ORDER BY CAST(s.amount AS DOUBLE)) AS great_amount,
       -- Weights that differ give another result where rows are put into digests in other groups: DataFusion promises none of them.
       approx_percentile_cont_with_weight(1, 0.5) WITHIN GROUP (ORDER BY CAST(s.quantity AS DOUBLE)) AS middle_quantity
FROM sale s
GROUP BY 1
