/* rollup
title: Driver performance by day
description: What each driver did on each day, how punctually, and what the customers thought of it.
time: delivered_at
columns:
  day: {description: Day of the stops}
  depot_id: {description: Depot that the lorry came from}
  driver_id: {description: Who drove}
  stops: {description: Stops of any outcome, unit: stops}
  completed: {description: Stops where everything was delivered, unit: stops}
  failed: {description: Stops where nothing could be delivered, unit: stops}
  on_time: {description: Completed stops not later than promised (準時), unit: stops}
  punctuality: {description: Share of the completed stops that were in time (準時率), unit: 0-1}
  ratings: {description: Ratings that customers gave, unit: ratings}
  stars: {description: Sum of these ratings, unit: stars}
  average_rating: {description: Average of the ratings; none where nobody rated, unit: 1-5}
  distance_km: {description: Distance driven, unit: km}
  pieces: {description: Pieces on the completed stops, unit: pieces}
*/
SELECT date_trunc('day', d.delivered_at)::date                            AS day,
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
