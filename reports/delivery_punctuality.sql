/* report
title: Delivery punctuality
description: How many deliveries of each depot came in time on the business date and in the 28 days up to it, and how late the late ones were.
owner: operations
priority: P2
parameters:
  business_date: {type: date}
checks:
  not_null: [business_date, depot_id, deliveries, deliveries_28_days]
  unique: [depot_id]
  expect: on_time <= deliveries AND on_time_28_days <= deliveries_28_days
table: {replace: business_date = $business_date}
output:
  - xlsx: {sheet: Punctuality}
  - csv
columns:
  business_date: {description: Business date}
  depot_id: {description: Number of the depot}
  depot: {description: Name of the depot}
  deliveries: {description: Completed deliveries on the day, unit: deliveries}
  on_time: {description: Those not later than promised (準時), unit: deliveries}
  punctuality: {description: Share of the day's deliveries that were in time (準時率), unit: 0-1}
  deliveries_28_days: {description: Completed deliveries in 28 days, unit: deliveries}
  on_time_28_days: {description: Those not later than promised, unit: deliveries}
  punctuality_28_days: {description: Share of the deliveries in 28 days that were in time, unit: 0-1}
  average_delay: {description: Average delay of the late deliveries in 28 days, unit: minutes}
  median_delay: {description: Median delay of the late deliveries in 28 days (中位數), unit: minutes}
  worst_delay: {description: Longest delay in 28 days, unit: minutes}
*/
WITH stop AS (
    SELECT depot_id,
           CAST(delivered_at AS DATE)                                                           AS day,
           delivered_at <= promised_at                                                          AS is_on_time,
           CASE WHEN delivered_at > promised_at
                THEN (date_part('epoch', delivered_at) - date_part('epoch', promised_at)) / 60.0
           END                                                                                  AS delay
    FROM delivery
    WHERE status = 'completed'
      AND delivered_at >= CAST(CAST($business_date AS DATE) - INTERVAL '27' DAY AS TIMESTAMP)
      AND delivered_at < CAST(CAST($business_date AS DATE) + INTERVAL '1' DAY AS TIMESTAMP)
),
punctual AS (
    SELECT depot_id,
           count(*) FILTER (WHERE day = $business_date)                  AS deliveries,
           count(*) FILTER (WHERE day = $business_date AND is_on_time)   AS on_time,
           count(*)                                                      AS deliveries_28_days,
           count(*) FILTER (WHERE is_on_time)                            AS on_time_28_days,
           avg(delay)                                                    AS average_delay,
           median(delay)                                                 AS median_delay,
           max(delay)                                                    AS worst_delay
    FROM stop
    GROUP BY depot_id
)
SELECT CAST($business_date AS DATE)                                                   AS business_date,
       s.depot_id,
       p.name                                                                         AS depot,
       s.deliveries,
       s.on_time,
       CAST(s.on_time AS DOUBLE) / nullif(s.deliveries, 0)                            AS punctuality,
       s.deliveries_28_days,
       s.on_time_28_days,
       CAST(s.on_time_28_days AS DOUBLE) / nullif(s.deliveries_28_days, 0)            AS punctuality_28_days,
       s.average_delay,
       s.median_delay,
       s.worst_delay
FROM punctual s
LEFT JOIN depot p ON p.depot_id = s.depot_id
ORDER BY s.depot_id
