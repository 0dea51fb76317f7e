/* report
title: Days between orders
description: How many days pass between two orders of a customer, by district and kind of customer.
owner: sales
checks:
  not_null: [district, customer_type, gaps]
  unique: [district, customer_type]
*/
WITH gap AS (
    SELECT customer_id,
           date_part('epoch', ordered_at)
               - lag(date_part('epoch', ordered_at)) OVER (PARTITION BY customer_id ORDER BY ordered_at, order_id) AS seconds
    FROM sales_order
    WHERE status <> 'cancelled'
)
SELECT c.district,
       c.customer_type,
       count(*)                        AS gaps,
       avg(g.seconds / 86400.0)        AS average_days,
       median(g.seconds / 86400.0)     AS median_days,
       max(g.seconds / 86400.0)        AS most_days
FROM gap g
JOIN customer c ON c.customer_id = g.customer_id
WHERE g.seconds IS NOT NULL
GROUP BY 1, 2
ORDER BY 1, 2
