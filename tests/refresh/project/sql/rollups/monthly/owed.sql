/* rollup
title: What is owed, by the month in which it is due
time: due_on
*/
SELECT date_trunc('month', s.due_on)::date AS month, count(*) AS sales,
       CAST(sum(greatest(coalesce(s.amount, 0) - coalesce(r.paid, 0), 0)) AS DECIMAL(18, 2)) AS owed
FROM sale s
LEFT JOIN (SELECT sale_id, sum(paid) AS paid FROM receipt WHERE sale_id IS NOT NULL GROUP BY sale_id) r ON r.sale_id = s.sale_id
GROUP BY 1
