/* rollup
title: By day, in months that are no key of their own, in numbers that hold no more than they must
time: sold_at
*/
SELECT date_trunc('month', date_trunc('day', s.sold_at)::date)::date AS month, date_trunc('day', s.sold_at)::date AS day,
       CAST(count(*) AS INT) AS sales, CAST(sum(s.quantity) AS INT) AS quantity, CAST(sum(s.amount) AS DECIMAL(10, 2)) AS amount
FROM sale s
GROUP BY date_trunc('day', s.sold_at)::date
