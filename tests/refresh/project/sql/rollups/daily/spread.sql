/* rollup
title: How far sales lie apart, with the shops on the other side of the join
time: sold_at
*/
SELECT date_trunc('day', s.sold_at)::date AS day, coalesce(h.region, 'unknown') AS region, var_samp(s.quantity) AS var_samp,
       var_pop(s.quantity) AS var_pop, stddev_samp(s.amount) AS stddev_samp, stddev_pop(s.amount) AS stddev_pop,
       stddev(s.weight) FILTER (WHERE s.weight BETWEEN 0 AND 1e18) AS of_weights,
       -- Of which type the result of a whole number and a double is, the planner finds out late.
       max(CASE WHEN s.status = 'done' THEN 1 ELSE CAST(1.5 AS DOUBLE) END) AS factor
FROM shop h
RIGHT JOIN sale s ON h.shop_id = s.shop_id
GROUP BY 1, 2
