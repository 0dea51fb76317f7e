-- By key: a range of days would replace only months that begin in it, and a month's customers need all of its days.
MODEL (
  name change.customers_monthly,
  kind INCREMENTAL_BY_UNIQUE_KEY (unique_key (month, depot_id), lookback 30)
);

SELECT
  date_trunc('month', d.delivered_at)::DATE AS month,
  d.depot_id::BIGINT AS depot_id,
  count(DISTINCT d.customer_id)::BIGINT AS customers,
  count(*)::BIGINT AS deliveries
FROM raw.main.delivery AS d
WHERE
  d.status = 'completed'
  AND d.delivered_at >= date_trunc('month', @start_date)
  AND d.delivered_at < @end_date + INTERVAL 1 DAY
GROUP BY 1, 2
