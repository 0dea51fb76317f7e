/* report
title: Delay by hour of the day
description: How long before or after the promised time deliveries come, by depot and hour of the day.
owner: operations
checks:
  not_null: [depot_id, hour, deliveries]
  unique: [depot_id, hour]
*/
WITH stop AS (
    SELECT depot_id,
           CAST(date_part('hour', delivered_at) AS INTEGER)                                   AS hour,
           (date_part('epoch', delivered_at) - date_part('epoch', promised_at)) / 60.0        AS minutes
    FROM delivery
    WHERE status = 'completed'
)
SELECT s.depot_id,
       p.name                                      AS depot,
       s.hour,
       count(*)                                    AS deliveries,
       count(*) FILTER (WHERE s.minutes > 0)       AS late,
       avg(s.minutes)                              AS average_minutes,
       median(s.minutes)                           AS median_minutes,
       max(s.minutes)                              AS worst_minutes
FROM stop s
JOIN depot p ON p.depot_id = s.depot_id
GROUP BY 1, 2, 3
ORDER BY 1, 3
