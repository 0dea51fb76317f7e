/* rollup
title: By hour
time: sold_at
*/
SELECT date_trunc('hour', s.sold_at) AS hour, date_trunc('day', s.sold_at)::date AS day, s.shop_id,
       count(*) AS sales, count(s.amount) AS priced, CAST(sum(s.quantity) AS BIGINT) AS pieces,
       CAST(sum(s.amount) AS DECIMAL(18, 2)) AS amount, min(s.amount) AS least, max(s.amount) AS most,
       sum(s.weight) FILTER (WHERE s.quantity > 0) AS weight, min(s.sold_at)::date AS first_sold_on, count(s.weight) FILTER (WHERE s.quantity > 0) AS weighed
FROM sale s
WHERE s.status <> 'void'
GROUP BY 1, 2, 3
