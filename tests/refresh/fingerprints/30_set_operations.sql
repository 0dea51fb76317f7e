-- grain: daily
/* rollup
title: Customers that were served and rated on a day, but not by a delivery that was removed
time: delivered_at
*/
SELECT r.day, count(*) AS customers
FROM (SELECT date_trunc('day', delivered_at)::date AS day, customer_id FROM delivery WHERE status = 'completed'
      INTERSECT
      SELECT date_trunc('day', delivered_at)::date, customer_id FROM delivery WHERE rating IS NOT NULL
      EXCEPT
      SELECT date_trunc('day', delivered_at)::date, customer_id FROM delivery WHERE is_deleted) r
GROUP BY 1

-- same: other aliases and names
SELECT any_name.b AS day, count(*) AS customers
FROM (SELECT date_trunc('day', x.delivered_at)::date AS b, x.customer_id AS w FROM delivery x WHERE x.status = 'completed'
      INTERSECT
      SELECT date_trunc('day', y.delivered_at)::date AS c, y.customer_id AS v FROM delivery y WHERE y.rating IS NOT NULL
      EXCEPT
      SELECT date_trunc('day', z.delivered_at)::date AS d, z.customer_id AS u FROM delivery z WHERE z.is_deleted) any_name
GROUP BY 1

-- same: CTEs
WITH served AS (SELECT date_trunc('day', delivered_at)::date AS day, customer_id FROM delivery WHERE status = 'completed'),
     rated AS (SELECT date_trunc('day', delivered_at)::date AS day, customer_id FROM delivery WHERE rating IS NOT NULL),
     gone AS (SELECT date_trunc('day', delivered_at)::date AS day, customer_id FROM delivery WHERE is_deleted),
     r AS (SELECT * FROM served INTERSECT SELECT * FROM rated EXCEPT SELECT * FROM gone)
SELECT r.day, count(*) AS customers
FROM r
GROUP BY 1

-- other: either in place of both
SELECT r.day, count(*) AS customers
FROM (SELECT date_trunc('day', delivered_at)::date AS day, customer_id FROM delivery WHERE status = 'completed'
      UNION
      SELECT date_trunc('day', delivered_at)::date, customer_id FROM delivery WHERE rating IS NOT NULL
      EXCEPT
      SELECT date_trunc('day', delivered_at)::date, customer_id FROM delivery WHERE is_deleted) r
GROUP BY 1

-- other: other parentheses
SELECT r.day, count(*) AS customers
FROM (SELECT date_trunc('day', delivered_at)::date AS day, customer_id FROM delivery WHERE status = 'completed'
      INTERSECT
      (SELECT date_trunc('day', delivered_at)::date, customer_id FROM delivery WHERE rating IS NOT NULL
       EXCEPT
       SELECT date_trunc('day', delivered_at)::date, customer_id FROM delivery WHERE is_deleted)) r
GROUP BY 1

-- other: INTERSECT and EXCEPT are exchanged
SELECT r.day, count(*) AS customers
FROM (SELECT date_trunc('day', delivered_at)::date AS day, customer_id FROM delivery WHERE status = 'completed'
      EXCEPT
      SELECT date_trunc('day', delivered_at)::date, customer_id FROM delivery WHERE rating IS NOT NULL
      INTERSECT
      SELECT date_trunc('day', delivered_at)::date, customer_id FROM delivery WHERE is_deleted) r
GROUP BY 1

-- other: as often as they were served
SELECT r.day, count(*) AS customers
FROM (SELECT date_trunc('day', delivered_at)::date AS day, customer_id FROM delivery WHERE status = 'completed'
      INTERSECT ALL
      SELECT date_trunc('day', delivered_at)::date, customer_id FROM delivery WHERE rating IS NOT NULL
      EXCEPT
      SELECT date_trunc('day', delivered_at)::date, customer_id FROM delivery WHERE is_deleted) r
GROUP BY 1

-- other: drivers in place of customers
SELECT r.day, count(*) AS customers
FROM (SELECT date_trunc('day', delivered_at)::date AS day, driver_id FROM delivery WHERE status = 'completed'
      INTERSECT
      SELECT date_trunc('day', delivered_at)::date, driver_id FROM delivery WHERE rating IS NOT NULL
      EXCEPT
      SELECT date_trunc('day', delivered_at)::date, driver_id FROM delivery WHERE is_deleted) r
GROUP BY 1
