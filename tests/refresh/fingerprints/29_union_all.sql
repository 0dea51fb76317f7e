-- grain: daily
/* rollup
title: Delivered less returned
time: delivered_at
*/
SELECT part.day, part.depot_id, CAST(sum(part.pieces) AS BIGINT) AS pieces, max(part.sign) AS sign
FROM (SELECT date_trunc('day', delivered_at)::date AS day, depot_id, quantity AS pieces, 1 AS sign FROM delivery WHERE status = 'completed'
      UNION ALL
      SELECT date_trunc('day', delivered_at)::date, depot_id, -quantity, -1 FROM delivery WHERE status = 'returned') part
GROUP BY 1, 2

-- same: the parts are CTEs
WITH done AS (SELECT date_trunc('day', delivered_at)::date AS d, depot_id AS p, quantity AS q, 1 AS s FROM delivery WHERE status = 'completed'),
     back AS (SELECT date_trunc('day', delivered_at)::date AS any_name, depot_id, -quantity AS pieces, -1 AS sign FROM delivery WHERE status = 'returned'),
     part AS (SELECT * FROM done UNION ALL SELECT * FROM back)
SELECT part.d AS day, part.p AS depot_id, CAST(sum(part.q) AS BIGINT) AS pieces, max(part.s) AS sign
FROM part
GROUP BY 1, 2

-- same: other aliases and parentheses
SELECT u.day, u.depot_id, CAST(sum(u.pieces) AS BIGINT) AS pieces, max(u.sign) AS sign
FROM ((SELECT date_trunc('day', a.delivered_at)::date AS day, a.depot_id, a.quantity AS pieces, 1 AS sign FROM delivery a WHERE a.status = 'completed')
      UNION ALL
      (SELECT date_trunc('day', b.delivered_at)::date AS day, b.depot_id, (- b.quantity) AS pieces, (-1) AS sign FROM delivery b WHERE b.status = 'returned')) AS u
GROUP BY 1, 2

-- other: the same rows once
SELECT part.day, part.depot_id, CAST(sum(part.pieces) AS BIGINT) AS pieces, max(part.sign) AS sign
FROM (SELECT date_trunc('day', delivered_at)::date AS day, depot_id, quantity AS pieces, 1 AS sign FROM delivery WHERE status = 'completed'
      UNION
      SELECT date_trunc('day', delivered_at)::date, depot_id, -quantity, -1 FROM delivery WHERE status = 'returned') part
GROUP BY 1, 2

-- other: the signs are exchanged
SELECT part.day, part.depot_id, CAST(sum(part.pieces) AS BIGINT) AS pieces, max(part.sign) AS sign
FROM (SELECT date_trunc('day', delivered_at)::date AS day, depot_id, -quantity AS pieces, 1 AS sign FROM delivery WHERE status = 'completed'
      UNION ALL
      SELECT date_trunc('day', delivered_at)::date, depot_id, quantity, -1 FROM delivery WHERE status = 'returned') part
GROUP BY 1, 2

-- other: the conditions are exchanged
SELECT part.day, part.depot_id, CAST(sum(part.pieces) AS BIGINT) AS pieces, max(part.sign) AS sign
FROM (SELECT date_trunc('day', delivered_at)::date AS day, depot_id, quantity AS pieces, 1 AS sign FROM delivery WHERE status = 'returned'
      UNION ALL
      SELECT date_trunc('day', delivered_at)::date, depot_id, -quantity, -1 FROM delivery WHERE status = 'completed') part
GROUP BY 1, 2

-- other: two columns of the second part are exchanged
SELECT part.day, part.depot_id, CAST(sum(part.pieces) AS BIGINT) AS pieces, max(part.sign) AS sign
FROM (SELECT date_trunc('day', delivered_at)::date AS day, depot_id, quantity AS pieces, 1 AS sign FROM delivery WHERE status = 'completed'
      UNION ALL
      SELECT date_trunc('day', delivered_at)::date, depot_id, -1, -quantity FROM delivery WHERE status = 'returned') part
GROUP BY 1, 2

-- other: the first part alone
SELECT part.day, part.depot_id, CAST(sum(part.pieces) AS BIGINT) AS pieces, max(part.sign) AS sign
FROM (SELECT date_trunc('day', delivered_at)::date AS day, depot_id, quantity AS pieces, 1 AS sign FROM delivery WHERE status = 'completed') part
GROUP BY 1, 2

-- other: a third part
SELECT part.day, part.depot_id, CAST(sum(part.pieces) AS BIGINT) AS pieces, max(part.sign) AS sign
FROM (SELECT date_trunc('day', delivered_at)::date AS day, depot_id, quantity AS pieces, 1 AS sign FROM delivery WHERE status = 'completed'
      UNION ALL
      SELECT date_trunc('day', delivered_at)::date, depot_id, -quantity, -1 FROM delivery WHERE status = 'returned'
      UNION ALL
      SELECT date_trunc('day', delivered_at)::date, depot_id, 0, 0 FROM delivery WHERE status = 'failed') part
GROUP BY 1, 2
