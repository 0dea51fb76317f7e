SELECT d.delivered_at,
       d.delivery_id,
       d.order_id,
       d.promised_at,
       d.depot_id,
       p.name              AS depot,
       d.driver_id,
       v.name              AS driver,
       d.customer_id,
       c.name              AS customer,
       c.district,
       c.address,
       c.phone,
       d.product_id,
       a.name              AS product,
       d.quantity,
       d.unit_price,
       d.amount,
       d.distance_km,
       d.status,
       d.rating
FROM delivery d
LEFT JOIN depot p ON p.depot_id = d.depot_id
LEFT JOIN driver v ON v.driver_id = d.driver_id
LEFT JOIN customer c ON c.customer_id = d.customer_id
LEFT JOIN product a ON a.product_id = d.product_id
WHERE d.delivered_at >= CAST(CAST($business_date AS DATE) - 91 AS TIMESTAMPTZ)
ORDER BY d.delivered_at, d.delivery_id
