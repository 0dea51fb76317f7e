-- grain: daily
/* rollup
title: How each day went, in order
time: delivered_at
*/
SELECT date_trunc('day', d.delivered_at)::date                                            AS day,
       d.driver_id,
       string_agg(d.status, ',' ORDER BY d.delivered_at, d.delivery_id)                   AS course,
       first_value(d.customer_id ORDER BY d.delivered_at, d.delivery_id)                  AS first_customer,
       last_value(d.rating ORDER BY d.delivered_at, d.delivery_id)                        AS last_rating
FROM delivery d
GROUP BY 1, 2

-- same: the direction is written out
SELECT date_trunc('day', d.delivered_at)::date AS day, d.driver_id,
       string_agg(d.status, ',' ORDER BY d.delivered_at ASC, d.delivery_id ASC NULLS LAST) AS course,
       first_value(d.customer_id ORDER BY d.delivered_at ASC NULLS LAST, d.delivery_id) AS first_customer,
       last_value(d.rating ORDER BY d.delivered_at, d.delivery_id) AS last_rating
FROM delivery d
GROUP BY 1, 2

-- same: another alias
SELECT date_trunc('day', s.delivered_at)::date AS day, s.driver_id, string_agg(s.status, ',' ORDER BY s.delivered_at, s.delivery_id) AS course,
       first_value(s.customer_id ORDER BY s.delivered_at, s.delivery_id) AS first_customer,
       last_value(s.rating ORDER BY s.delivered_at, s.delivery_id) AS last_rating
FROM delivery s
GROUP BY 1, 2

-- other: the other way round
SELECT date_trunc('day', d.delivered_at)::date AS day, d.driver_id, string_agg(d.status, ',' ORDER BY d.delivered_at DESC, d.delivery_id) AS course,
       first_value(d.customer_id ORDER BY d.delivered_at, d.delivery_id) AS first_customer,
       last_value(d.rating ORDER BY d.delivered_at, d.delivery_id) AS last_rating
FROM delivery d
GROUP BY 1, 2

-- other: another separator
SELECT date_trunc('day', d.delivered_at)::date AS day, d.driver_id, string_agg(d.status, ';' ORDER BY d.delivered_at, d.delivery_id) AS course,
       first_value(d.customer_id ORDER BY d.delivered_at, d.delivery_id) AS first_customer,
       last_value(d.rating ORDER BY d.delivered_at, d.delivery_id) AS last_rating
FROM delivery d
GROUP BY 1, 2

-- other: the order of another time
SELECT date_trunc('day', d.delivered_at)::date AS day, d.driver_id, string_agg(d.status, ',' ORDER BY d.promised_at, d.delivery_id) AS course,
       first_value(d.customer_id ORDER BY d.delivered_at, d.delivery_id) AS first_customer,
       last_value(d.rating ORDER BY d.delivered_at, d.delivery_id) AS last_rating
FROM delivery d
GROUP BY 1, 2

-- other: the last customer
SELECT date_trunc('day', d.delivered_at)::date AS day, d.driver_id, string_agg(d.status, ',' ORDER BY d.delivered_at, d.delivery_id) AS course,
       last_value(d.customer_id ORDER BY d.delivered_at, d.delivery_id) AS first_customer,
       last_value(d.rating ORDER BY d.delivered_at, d.delivery_id) AS last_rating
FROM delivery d
GROUP BY 1, 2

-- other: stops without a rating are passed over
SELECT date_trunc('day', d.delivered_at)::date AS day, d.driver_id, string_agg(d.status, ',' ORDER BY d.delivered_at, d.delivery_id) AS course,
       first_value(d.customer_id ORDER BY d.delivered_at, d.delivery_id) AS first_customer,
       last_value(d.rating ORDER BY d.delivered_at, d.delivery_id) IGNORE NULLS AS last_rating
FROM delivery d
GROUP BY 1, 2

-- other: NULL comes first
SELECT date_trunc('day', d.delivered_at)::date AS day, d.driver_id, string_agg(d.status, ',' ORDER BY d.delivered_at, d.delivery_id) AS course,
       first_value(d.customer_id ORDER BY d.delivered_at, d.delivery_id) AS first_customer,
       last_value(d.rating ORDER BY d.delivered_at NULLS FIRST, d.delivery_id) AS last_rating
FROM delivery d
GROUP BY 1, 2
