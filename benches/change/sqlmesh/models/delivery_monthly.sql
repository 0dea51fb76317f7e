-- Whole: from 70,000 rows of days that takes no longer than to find out what changed.
MODEL (
  name change.delivery_monthly,
  kind FULL
);

SELECT
  date_trunc('month', day)::DATE AS month,
  depot_id,
  product_id,
  sum(deliveries)::BIGINT AS deliveries,
  sum(pieces)::BIGINT AS pieces,
  sum(revenue)::DECIMAL(18, 2) AS revenue,
  min(smallest_delivery)::DECIMAL(14, 2) AS smallest_delivery,
  max(largest_delivery)::DECIMAL(14, 2) AS largest_delivery,
  (sum(price_total) / sum(deliveries))::DECIMAL(14, 6) AS average_price,
  sum(price_total)::DECIMAL(18, 2) AS price_total
FROM change.delivery_daily
GROUP BY 1, 2, 3
