/* rollup
title: Inventory snapshot by day
description: The last count of each day. Where two counts carry the same time the greater number is the later one.
time: counted_at
columns:
  day: {description: Day of the count}
  depot_id: {description: Depot that was counted}
  product_id: {description: Kind of cylinder that was counted}
  count_id: {description: Number of the last count (盤點單號)}
  counts: {description: How often it was counted on this day, unit: counts}
  full_cylinders: {description: Full cylinders at the last count (實瓶), unit: cylinders}
  empty_cylinders: {description: Empty cylinders at the last count (空瓶), unit: cylinders}
  cylinders: {description: All cylinders at the last count, unit: cylinders}
*/
SELECT day,
       depot_id,
       product_id,
       count_id,
       counts,
       full_cylinders,
       empty_cylinders,
       CAST(full_cylinders + empty_cylinders AS INTEGER) AS cylinders
FROM (
    SELECT date_trunc('day', i.counted_at)::date AS day,
           i.depot_id,
           i.product_id,
           i.count_id,
           i.full_cylinders,
           i.empty_cylinders,
           count(*) OVER (PARTITION BY date_trunc('day', i.counted_at)::date, i.depot_id, i.product_id) AS counts,
           row_number() OVER (PARTITION BY date_trunc('day', i.counted_at)::date, i.depot_id, i.product_id
                              ORDER BY i.counted_at DESC, i.count_id DESC) AS newest
    FROM inventory_count i
) counted
WHERE newest = 1
