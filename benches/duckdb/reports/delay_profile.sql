WITH stop AS (
    SELECT depot_id,
           CAST(hour(local_time(delivered_at)) AS INTEGER)                                    AS hour,
           (epoch_us(delivered_at) - epoch_us(promised_at)) / 60000000                           AS minutes
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
