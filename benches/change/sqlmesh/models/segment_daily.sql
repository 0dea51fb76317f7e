MODEL (
  name change.segment_daily,
  kind INCREMENTAL_BY_TIME_RANGE (time_column day, lookback 30)
);

SELECT
  d.delivered_at::DATE AS day,
  d.depot_id::BIGINT AS depot_id,
  c.segment::VARCHAR AS segment,
  count(*)::BIGINT AS deliveries,
  sum(d.quantity)::BIGINT AS pieces,
  sum(d.amount)::DECIMAL(18, 2) AS revenue,
  max(d.amount)::DECIMAL(14, 2) AS largest_delivery
FROM raw.main.delivery AS d
JOIN raw.main.customer AS c
  ON c.customer_id = d.customer_id
WHERE
  d.status = 'completed'
  AND d.delivered_at >= @start_date
  AND d.delivered_at < @end_date + INTERVAL 1 DAY
GROUP BY 1, 2, 3
