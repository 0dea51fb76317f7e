-- From the result of driver_daily.
SELECT date_trunc('month', day)::DATE               AS month,
       depot_id,
       driver_id,
       CAST(sum(stops) AS BIGINT)                   AS stops,
       CAST(sum(completed) AS BIGINT)               AS completed,
       CAST(sum(failed) AS BIGINT)                  AS failed,
       CAST(sum(on_time) AS BIGINT)                 AS on_time,
       CAST(sum(ratings) AS BIGINT)                 AS ratings,
       CAST(sum(stars) AS BIGINT)                   AS stars,
       sum(distance_km)                             AS distance_km
FROM driver_daily
GROUP BY ALL
