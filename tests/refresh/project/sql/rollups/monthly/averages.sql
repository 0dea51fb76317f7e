/* rollup
title: Averages by region, of which a table shows neither sums nor counts
time: sold_at
*/
SELECT date_trunc('month', s.sold_at)::date AS month, h.region, s.buyer_id,
       CAST(avg(s.amount) AS DECIMAL(14, 6)) AS average_amount,
       avg(s.quantity) AS average_quantity,
       avg(s.weight) AS average_weight,
       CAST(coalesce(sum(s.quantity) FILTER (WHERE s.status = 'done'), 0) AS BIGINT) AS done,
       sum(s.amount) FILTER (WHERE s.quantity > 0) AS gained,
       CAST(count(*) FILTER (WHERE s.status = 'void') AS DOUBLE) / count(*) AS void_share,
       CAST(max(s.sold_at)::date AS DATE) AS last_sold_on, min(s.status) AS first_status
FROM sale s
JOIN shop h ON h.shop_id = s.shop_id
GROUP BY 1, 2, 3
