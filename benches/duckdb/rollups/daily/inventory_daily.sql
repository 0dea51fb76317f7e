SELECT day,
       depot_id,
       product_id,
       count_id,
       counts,
       full_cylinders,
       empty_cylinders,
       CAST(full_cylinders + empty_cylinders AS INTEGER) AS cylinders
FROM (
    SELECT local_day(i.counted_at) AS day,
           i.depot_id,
           i.product_id,
           i.count_id,
           i.full_cylinders,
           i.empty_cylinders,
           count(*) OVER (PARTITION BY local_day(i.counted_at), i.depot_id, i.product_id) AS counts,
           row_number() OVER (PARTITION BY local_day(i.counted_at), i.depot_id, i.product_id
                              ORDER BY i.counted_at DESC, i.count_id DESC) AS newest
    FROM inventory_count i
) counted
WHERE newest = 1
