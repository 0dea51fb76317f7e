/* rollup
title: By month and how much so far, fed by days
time: sold_at
*/
SELECT date_trunc('month', s.sold_at)::date AS month, s.shop_id, count(*) AS sales, CAST(sum(s.amount) AS DECIMAL(18, 2)) AS amount,
       avg(s.weight) FILTER (WHERE s.quantity > 0) AS average_weight, CAST(avg(s.amount) AS DECIMAL(14, 6)) AS average_amount,
       CAST(sum(count(*)) OVER (PARTITION BY s.shop_id ORDER BY date_trunc('month', s.sold_at)::date) AS BIGINT) AS sales_so_far
FROM sale s
WHERE s.status <> 'void'
GROUP BY 1, 2
