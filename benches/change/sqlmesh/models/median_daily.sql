MODEL (
  name change.median_daily,
  kind INCREMENTAL_BY_TIME_RANGE (time_column day, lookback 30)
);

SELECT
  d.delivered_at::DATE AS day,
  d.depot_id::BIGINT AS depot_id,
  count(*)::BIGINT AS deliveries,
  median(d.amount::DOUBLE)::DECIMAL(16, 3) AS median_amount
FROM raw.main.delivery AS d
WHERE
  d.status = 'completed'
  AND d.delivered_at >= @start_date
  AND d.delivered_at < @end_date + INTERVAL 1 DAY
GROUP BY 1, 2
