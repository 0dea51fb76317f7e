/* rollup
title: By day, fed by hours
time: sold_at
*/
SELECT date_trunc('day', s.sold_at)::date AS day, s.shop_id, count(*) AS sales,
       CAST(sum(s.amount) AS DECIMAL(18, 2)) AS amount, max(s.amount) AS most,
       CAST(avg(s.amount) AS DECIMAL(14, 6)) AS average_amount, avg(s.weight) FILTER (WHERE s.quantity > 0) AS average_weight, min(s.sold_at)::date AS first_sold_on
FROM sale s
WHERE s.status <> 'void'
GROUP BY 1, 2
