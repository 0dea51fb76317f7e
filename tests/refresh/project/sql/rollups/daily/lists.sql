/* rollup
title: Sales of a day one by one
time: sold_at
*/
SELECT date_trunc('day', s.sold_at)::date AS day, s.shop_id, array_agg(s.sale_id ORDER BY s.sale_id) AS sales,
       array_agg(s.amount ORDER BY s.quantity, s.sale_id DESC) AS amounts, string_agg(s.status, ',' ORDER BY s.sale_id) AS statuses,
       first_value(s.amount ORDER BY s.sold_at, s.sale_id) AS first_amount, last_value(s.amount ORDER BY s.sold_at, s.sale_id) AS last_amount,
       nth_value(s.quantity, 2 ORDER BY s.sale_id) AS second_quantity
FROM sale s
GROUP BY 1, 2
