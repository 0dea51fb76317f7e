-- grain: daily
/* rollup
title: Deliveries by the name of their depot on the map
time: delivered_at
*/
SELECT date_trunc('day', d.delivered_at)::date AS day, v.label, count(*) AS deliveries
FROM delivery d
JOIN (VALUES (1, 'north', 'N'), (2, 'east', 'E'), (3, 'south', 'S'), (4, 'west', 'W'), (5, 'centre', 'C'), (6, 'islands', 'I')) v (depot, label, short)
  ON v.depot = d.depot_id
GROUP BY 1, 2

-- same: other aliases, lower case
select date_trunc('day', s.delivered_at)::date as day, m.t as label, count(*) as deliveries
from delivery s
join (values (1, 'north', 'N'), (2, 'east', 'E'), (3, 'south', 'S'), (4, 'west', 'W'), (5, 'centre', 'C'), (6, 'islands', 'I')) as m (k, t, u) on m.k = s.depot_id
group by 1, 2

-- same: a CTE
WITH map (depot, label, short) AS (
    VALUES (1, 'north', 'N'),
           (2, 'east', 'E'),
           (3, 'south', 'S'),
           (4, 'west', 'W'),
           (5, 'centre', 'C'),
           (6, 'islands', 'I')
)
SELECT date_trunc('day', d.delivered_at)::date AS day, map.label, count(*) AS deliveries
FROM delivery d
JOIN map ON map.depot = d.depot_id
GROUP BY 1, 2

-- other: the first name
SELECT date_trunc('day', d.delivered_at)::date AS day, v.label, count(*) AS deliveries
FROM delivery d
JOIN (VALUES (1, 'the north', 'N'), (2, 'east', 'E'), (3, 'south', 'S'), (4, 'west', 'W'), (5, 'centre', 'C'), (6, 'islands', 'I')) v (depot, label, short)
  ON v.depot = d.depot_id
GROUP BY 1, 2

-- other: the sixth name
SELECT date_trunc('day', d.delivered_at)::date AS day, v.label, count(*) AS deliveries
FROM delivery d
JOIN (VALUES (1, 'north', 'N'), (2, 'east', 'E'), (3, 'south', 'S'), (4, 'west', 'W'), (5, 'centre', 'C'), (6, 'the islands', 'I')) v (depot, label, short)
  ON v.depot = d.depot_id
GROUP BY 1, 2

-- other: a seventh row
SELECT date_trunc('day', d.delivered_at)::date AS day, v.label, count(*) AS deliveries
FROM delivery d
JOIN (VALUES (1, 'north', 'N'), (2, 'east', 'E'), (3, 'south', 'S'), (4, 'west', 'W'), (5, 'centre', 'C'), (6, 'islands', 'I'), (7, 'abroad', 'A'))
     v (depot, label, short)
  ON v.depot = d.depot_id
GROUP BY 1, 2

-- other: without the sixth row
SELECT date_trunc('day', d.delivered_at)::date AS day, v.label, count(*) AS deliveries
FROM delivery d
JOIN (VALUES (1, 'north', 'N'), (2, 'east', 'E'), (3, 'south', 'S'), (4, 'west', 'W'), (5, 'centre', 'C')) v (depot, label, short) ON v.depot = d.depot_id
GROUP BY 1, 2

-- other: the names of two columns are exchanged
SELECT date_trunc('day', d.delivered_at)::date AS day, v.label, count(*) AS deliveries
FROM delivery d
JOIN (VALUES (1, 'north', 'N'), (2, 'east', 'E'), (3, 'south', 'S'), (4, 'west', 'W'), (5, 'centre', 'C'), (6, 'islands', 'I')) v (depot, short, label)
  ON v.depot = d.depot_id
GROUP BY 1, 2

-- other: by product
SELECT date_trunc('day', d.delivered_at)::date AS day, v.label, count(*) AS deliveries
FROM delivery d
JOIN (VALUES (1, 'north', 'N'), (2, 'east', 'E'), (3, 'south', 'S'), (4, 'west', 'W'), (5, 'centre', 'C'), (6, 'islands', 'I')) v (depot, label, short)
  ON v.depot = d.product_id
GROUP BY 1, 2
