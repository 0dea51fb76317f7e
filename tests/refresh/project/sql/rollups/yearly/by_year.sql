/* rollup
title: By year, fed by months or days
time: sold_at
*/
SELECT date_trunc('year', s.sold_at)::date AS year, count(*) AS sales, CAST(sum(s.amount) AS DECIMAL(18, 2)) AS amount,
       CAST(sum(s.amount) AS DOUBLE) / count(*) AS amount_a_sale, avg(s.weight) FILTER (WHERE s.quantity > 0) AS average_weight
FROM sale s
WHERE s.status <> 'void'
GROUP BY 1
