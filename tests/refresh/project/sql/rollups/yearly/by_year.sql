/* rollup
title: By year, fed by days
time: sold_at
*/
SELECT date_trunc('year', s.sold_at)::date AS year, count(*) AS sales, CAST(sum(s.amount) AS DECIMAL(18, 2)) AS amount
FROM sale s
WHERE s.status <> 'void'
GROUP BY 1
