/* rollup
title: Deliveries by hour
time: delivered_at
*/
SELECT date_trunc('hour', d.delivered_at)      AS hour,
       date_trunc('day', d.delivered_at)::date AS day,
       d.depot_id,
       count(*)                                AS deliveries,
       sum(d.quantity)                         AS pieces,
       ⟦any_value⟧(d.status)                         AS revenue
FROM delivery d
WHERE d.status = 'completed'
GROUP BY 1, 2, 3
