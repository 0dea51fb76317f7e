/* report
title: Driver ranking
description: The drivers in the order of their punctuality in the business date's month, then of their ratings, then of their completed stops. Drivers who tie in all three are ordered by their number.
owner: operations
priority: P3
parameters:
  business_date: {type: date}
checks:
  not_null: [month, position, driver_id, stops]
  unique: [driver_id]
  expect: punctuality BETWEEN 0 AND 1 AND average_rating BETWEEN 1 AND 5
table: {replace: "month = date_trunc('month', $business_date)::date"}
output:
  - xlsx: {sheet: Driver ranking}
columns:
  month: {description: First day of the month}
  position: {description: Place in the company (名次) - 1 is the best}
  position_in_depot: {description: Place among the drivers of the same depot}
  driver_id: {description: Number of the driver}
  driver: {description: Name of the driver}
  depot_id: {description: Depot where the driver is employed}
  stops: {description: Stops of any outcome, unit: stops}
  completed: {description: Stops where everything was delivered, unit: stops}
  failed: {description: Stops where nothing could be delivered, unit: stops}
  punctuality: {description: Share of the completed stops that were in time (準時率), unit: 0-1}
  average_rating: {description: Average of the ratings; none where nobody rated, unit: 1-5}
  distance_km: {description: Distance driven, unit: km}
*/
WITH performance AS (
    SELECT driver_id,
           sum(stops)                                                                     AS stops,
           sum(completed)                                                                 AS completed,
           sum(failed)                                                                    AS failed,
           CAST(sum(on_time) AS DOUBLE) / nullif(CAST(sum(completed) AS DOUBLE), 0)       AS punctuality,
           CAST(sum(stars) AS DOUBLE) / nullif(CAST(sum(ratings) AS DOUBLE), 0)           AS average_rating,
           sum(distance_km)                                                               AS distance_km
    FROM driver_monthly
    WHERE month = date_trunc('month', CAST($business_date AS DATE))::date
    GROUP BY driver_id
)
SELECT date_trunc('month', CAST($business_date AS DATE))::date      AS month,
       CAST(row_number() OVER (ORDER BY f.punctuality DESC NULLS LAST, f.average_rating DESC NULLS LAST,
                                        f.completed DESC, f.driver_id) AS BIGINT)
                                                                    AS position,
       CAST(row_number() OVER (PARTITION BY d.depot_id
                               ORDER BY f.punctuality DESC NULLS LAST, f.average_rating DESC NULLS LAST,
                                        f.completed DESC, f.driver_id) AS BIGINT)
                                                                    AS position_in_depot,
       f.driver_id,
       d.name                                                       AS driver,
       d.depot_id,
       CAST(f.stops AS BIGINT)                                      AS stops,
       CAST(f.completed AS BIGINT)                                  AS completed,
       CAST(f.failed AS BIGINT)                                     AS failed,
       f.punctuality,
       f.average_rating,
       f.distance_km
FROM performance f
LEFT JOIN driver d ON d.driver_id = f.driver_id
ORDER BY position
