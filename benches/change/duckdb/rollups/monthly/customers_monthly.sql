SELECT local_month(d.delivered_at)                    AS month,
       d.depot_id,
       count(DISTINCT d.customer_id)                  AS customers,
       count(*)                                       AS deliveries
FROM delivery d
WHERE d.status = 'completed'
GROUP BY ALL
