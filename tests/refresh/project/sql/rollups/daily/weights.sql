/* rollup
title: Weights, which give nothing back
time: sold_at
*/
SELECT date_trunc('day', s.sold_at)::date AS day, count(*) AS sales, sum(s.weight) AS weight,
       avg(s.weight) FILTER (WHERE s.status = 'done') AS average_weight,
       -- A whole number and a double: of which type the result is, the planner finds out late.
       sum(CASE WHEN s.quantity > 3 THEN s.quantity ELSE CAST(s.amount AS DOUBLE) END) AS mixed
FROM sale s
GROUP BY 1
