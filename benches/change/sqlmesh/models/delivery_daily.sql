MODEL (
  name change.delivery_daily,
  kind INCREMENTAL_BY_TIME_RANGE (time_column day, lookback 30)
);

SELECT
  day,
  depot_id,
  product_id,
  sum(deliveries)::BIGINT AS deliveries,
  sum(pieces)::BIGINT AS pieces,
  sum(revenue)::DECIMAL(18, 2) AS revenue,
  min(smallest_delivery)::DECIMAL(14, 2) AS smallest_delivery,
  max(largest_delivery)::DECIMAL(14, 2) AS largest_delivery,
  (sum(price_total) / sum(deliveries))::DECIMAL(14, 6) AS average_price,
  sum(price_total)::DECIMAL(18, 2) AS price_total
FROM change.delivery_hourly
WHERE
  day BETWEEN @start_date AND @end_date
GROUP BY 1, 2, 3
