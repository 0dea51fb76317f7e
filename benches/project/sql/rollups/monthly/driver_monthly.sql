/* rollup
title: Driver performance by month
description: What each driver did in each month, how punctually, and what the customers thought of it.
time: delivered_at
columns:
  month: {description: First day of the month}
  depot_id: {description: Depot that the lorry came from}
  driver_id: {description: Who drove}
  stops: {description: Stops of any outcome, unit: stops}
  completed: {description: Stops where everything was delivered, unit: stops}
  failed: {description: Stops where nothing could be delivered, unit: stops}
  on_time: {description: Completed stops not later than promised (準時), unit: stops}
  ratings: {description: Ratings that customers gave, unit: ratings}
  stars: {description: Sum of these ratings, unit: stars}
  distance_km: {description: Distance driven, unit: km}
*/
SELECT date_trunc('month', d.delivered_at)::date                          AS month,
       d.depot_id,
       d.driver_id,
       count(*)                                                           AS stops,
       count(*) FILTER (WHERE d.status = 'completed')                     AS completed,
       count(*) FILTER (WHERE d.status = 'failed')                        AS failed,
       count(*) FILTER (WHERE d.status = 'completed' AND d.delivered_at <= d.promised_at)
                                                                          AS on_time,
       count(d.rating)                                                    AS ratings,
       CAST(sum(d.rating) AS BIGINT)                                      AS stars,
       sum(d.distance_km)                                                 AS distance_km
FROM delivery d
GROUP BY 1, 2, 3
