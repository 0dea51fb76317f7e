SELECT local_day(d.delivered_at)                            AS day,
       d.depot_id,
       d.driver_id,
       count(*)                                                           AS stops,
       count(*) FILTER (WHERE d.status = 'completed')                     AS completed,
       count(*) FILTER (WHERE d.status = 'failed')                        AS failed,
       count(*) FILTER (WHERE d.status = 'completed' AND d.delivered_at <= d.promised_at)
                                                                          AS on_time,
       CAST(count(*) FILTER (WHERE d.status = 'completed' AND d.delivered_at <= d.promised_at) AS DOUBLE)
           / nullif(count(*) FILTER (WHERE d.status = 'completed'), 0)    AS punctuality,
       count(d.rating)                                                    AS ratings,
       CAST(sum(d.rating) AS BIGINT)                                      AS stars,
       avg(CAST(d.rating AS DOUBLE))                                      AS average_rating,
       sum(d.distance_km)                                                 AS distance_km,
       CAST(coalesce(sum(d.quantity) FILTER (WHERE d.status = 'completed'), 0) AS BIGINT)
                                                                          AS pieces
FROM delivery d
GROUP BY 1, 2, 3
