MODEL (
  name change.delivery_hourly,
  kind INCREMENTAL_BY_TIME_RANGE (time_column day, lookback 30)
);

SELECT
  date_trunc('hour', d.delivered_at)::TIMESTAMP AS hour,
  d.delivered_at::DATE AS day,
  d.depot_id::BIGINT AS depot_id,
  d.product_id::BIGINT AS product_id,
  count(*)::BIGINT AS deliveries,
  sum(d.quantity)::BIGINT AS pieces,
  sum(d.amount)::DECIMAL(18, 2) AS revenue,
  min(d.amount)::DECIMAL(14, 2) AS smallest_delivery,
  max(d.amount)::DECIMAL(14, 2) AS largest_delivery,
  avg(d.unit_price)::DECIMAL(14, 6) AS average_price,
  sum(d.unit_price)::DECIMAL(18, 2) AS price_total
FROM raw.main.delivery AS d
WHERE
  d.status = 'completed'
  AND d.delivered_at >= @start_date
  AND d.delivered_at < @end_date + INTERVAL 1 DAY
GROUP BY 1, 2, 3, 4
