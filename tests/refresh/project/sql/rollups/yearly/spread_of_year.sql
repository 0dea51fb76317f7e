/* rollup
title: The spread of a year, fed by days
time: sold_at
*/
SELECT date_trunc('year', s.sold_at)::date AS year, coalesce(h.region, 'unknown') AS region, var_samp(s.quantity) AS var_samp,
       round(stddev_pop(s.amount), 9) AS stddev_pop, stddev(s.weight) FILTER (WHERE s.weight BETWEEN 0 AND 1e18) AS of_weights, count(*) AS sales
FROM shop h
RIGHT JOIN sale s ON h.shop_id = s.shop_id
GROUP BY 1, 2
