/* report
title: Market reach
description: Different customers and drivers in each district and month, and what they bought.
owner: sales
checks:
  not_null: [month, district, customers]
  unique: [month, district]
*/
SELECT date_trunc('month', d.delivered_at)::date     AS month,
       c.district,
       count(DISTINCT d.customer_id)                 AS customers,
       count(DISTINCT d.driver_id)                   AS drivers,
       count(*)                                      AS deliveries,
       CAST(sum(d.amount) AS DECIMAL(18, 2))         AS revenue
FROM delivery d
JOIN customer c ON c.customer_id = d.customer_id
WHERE d.status = 'completed'
GROUP BY 1, 2
ORDER BY 1, 2
