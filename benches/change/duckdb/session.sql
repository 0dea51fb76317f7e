-- The DuckDB session, as somebody who knows DuckDB sets it up. `{lake}` is the lake's folder; threads, memory_limit and
-- temp_directory are set before.
SET preserve_insertion_order = false;
SET parquet_metadata_cache = true;
SET TimeZone = 'Asia/Taipei';

-- Taipei has been eight hours ahead of UTC since 1979, so local time is an addition. ICU's date_trunc('day', TIMESTAMPTZ) would
-- be right in every zone, but takes eight times as long.
CREATE MACRO local_day(moment) AS CAST(make_timestamp(epoch_us(moment) + 28800000000) AS DATE);
CREATE MACRO local_month(moment) AS date_trunc('month', local_day(moment))::DATE;
CREATE MACRO local_year(moment) AS date_trunc('year', local_day(moment))::DATE;

-- The sources as the engine's queries see them: a row that its contract calls deleted stays in the table as a tombstone.
CREATE VIEW delivery AS
    SELECT delivery_id, customer_id, depot_id, product_id, delivered_at, quantity, unit_price, amount, status, updated_at, is_deleted
    FROM delta_scan('{lake}/source/delivery') WHERE NOT _deleted;
CREATE VIEW customer AS
    SELECT customer_id, segment FROM delta_scan('{lake}/source/customer');
