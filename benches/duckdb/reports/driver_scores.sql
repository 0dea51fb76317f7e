WITH performance AS (
    SELECT local_month(d.delivered_at)                                                AS month,
           v.depot_id,
           d.driver_id,
           v.name                                                                                   AS driver,
           count(*)                                                                                 AS stops,
           count(*) FILTER (WHERE d.status = 'completed')                                           AS completed,
           count(*) FILTER (WHERE d.status = 'completed' AND d.delivered_at <= d.promised_at)       AS on_time,
           avg(CAST(d.rating AS DOUBLE))                                                            AS average_rating,
           sum(d.distance_km)                                                                       AS distance_km
    FROM delivery d
    JOIN driver v ON v.driver_id = d.driver_id
    GROUP BY 1, 2, 3, 4
),
scored AS (
    SELECT p.*, CAST(p.on_time AS DOUBLE) / nullif(p.completed, 0) AS punctuality
    FROM performance p
)
SELECT month,
       depot_id,
       CAST(row_number() OVER (PARTITION BY month, depot_id
                               ORDER BY punctuality DESC NULLS LAST, completed DESC, driver_id) AS BIGINT) AS position,
       driver_id,
       driver,
       stops,
       completed,
       punctuality,
       average_rating,
       distance_km
FROM scored
ORDER BY month, depot_id, position
