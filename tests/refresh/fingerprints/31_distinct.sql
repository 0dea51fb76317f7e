-- grain: daily
/* rollup
title: Who was served, beside the first product of each depot
time: delivered_at
*/
SELECT DISTINCT date_trunc('day', d.delivered_at)::date AS day, d.customer_id, first.product_id
FROM delivery d
JOIN (SELECT DISTINCT ON (t.depot_id) t.depot_id, t.product_id
      FROM (SELECT depot_id, product_id, customer_id FROM sales_order) t
      ORDER BY t.depot_id, t.product_id) first ON first.depot_id = d.depot_id

-- same: other aliases
SELECT DISTINCT date_trunc('day', x.delivered_at)::date AS day, x.customer_id, y.product_id
FROM delivery x
JOIN (SELECT DISTINCT ON (z.depot_id) z.depot_id, z.product_id
      FROM (SELECT depot_id, product_id, customer_id FROM sales_order) z
      ORDER BY z.depot_id, z.product_id) y ON y.depot_id = x.depot_id

-- same: CTEs
WITH t AS (SELECT depot_id, product_id, customer_id FROM sales_order),
     least AS (SELECT DISTINCT ON (t.depot_id) t.depot_id, t.product_id FROM t ORDER BY t.depot_id, t.product_id)
SELECT DISTINCT date_trunc('day', d.delivered_at)::date AS day, d.customer_id, least.product_id
FROM delivery d
JOIN least ON least.depot_id = d.depot_id

-- other: not distinct
SELECT date_trunc('day', d.delivered_at)::date AS day, d.customer_id, first.product_id
FROM delivery d
JOIN (SELECT DISTINCT ON (t.depot_id) t.depot_id, t.product_id
      FROM (SELECT depot_id, product_id, customer_id FROM sales_order) t
      ORDER BY t.depot_id, t.product_id) first ON first.depot_id = d.depot_id

-- other: every product of each depot once
SELECT DISTINCT date_trunc('day', d.delivered_at)::date AS day, d.customer_id, first.product_id
FROM delivery d
JOIN (SELECT DISTINCT t.depot_id, t.product_id
      FROM (SELECT depot_id, product_id, customer_id FROM sales_order) t) first ON first.depot_id = d.depot_id

-- other: the last one
SELECT DISTINCT date_trunc('day', d.delivered_at)::date AS day, d.customer_id, first.product_id
FROM delivery d
JOIN (SELECT DISTINCT ON (t.depot_id) t.depot_id, t.product_id
      FROM (SELECT depot_id, product_id, customer_id FROM sales_order) t
      ORDER BY t.depot_id, t.product_id DESC) first ON first.depot_id = d.depot_id

-- other: the names stand for each other
SELECT DISTINCT date_trunc('day', d.delivered_at)::date AS day, d.customer_id, first.product_id
FROM delivery d
JOIN (SELECT DISTINCT ON (t.depot_id) t.depot_id, t.product_id
      FROM (SELECT depot_id AS product_id, product_id AS depot_id, customer_id FROM sales_order) t
      ORDER BY t.depot_id, t.product_id) first ON first.depot_id = d.depot_id

-- other: distinct drivers
SELECT DISTINCT date_trunc('day', d.delivered_at)::date AS day, d.driver_id AS customer_id, first.product_id
FROM delivery d
JOIN (SELECT DISTINCT ON (t.depot_id) t.depot_id, t.product_id
      FROM (SELECT depot_id, product_id, customer_id FROM sales_order) t
      ORDER BY t.depot_id, t.product_id) first ON first.depot_id = d.depot_id
