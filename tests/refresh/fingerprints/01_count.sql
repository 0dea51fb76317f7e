-- grain: daily
/* rollup
title: Deliveries by day
time: delivered_at
*/
SELECT date_trunc('day', d.delivered_at)::date AS day, d.depot_id, count(*) AS deliveries
FROM delivery d
WHERE d.status = 'completed'
GROUP BY 1, 2

-- same: another layout, another alias, lower case, parentheses
select
    (date_trunc('day', stop.delivered_at))::date as day
  , stop.depot_id
  , count(*) as deliveries
from delivery as stop
where (stop.status = 'completed')
group by 1, 2

-- same: comments, a semicolon, names in capitals and in quotes
/* What was delivered, and where. */
SELECT DATE_TRUNC('day', D."delivered_at")::DATE "day", -- the bucket
       D.DEPOT_ID, COUNT(*) deliveries /* one a stop */
FROM DELIVERY AS D
WHERE D.STATUS = 'completed'
GROUP BY 1, 2;

-- same: no alias at all, CAST written out, grouped by expressions
SELECT CAST(date_trunc('day', delivered_at) AS DATE) AS day, depot_id, count(1) AS deliveries
FROM delivery
WHERE status = 'completed'
GROUP BY CAST(date_trunc('day', delivered_at) AS DATE), depot_id

-- same: grouped by whatever is no aggregate, in some order
SELECT date_trunc('day', d.delivered_at)::date AS day, d.depot_id, count(*) AS deliveries
FROM delivery d
WHERE d.status = 'completed'
GROUP BY ALL
ORDER BY deliveries DESC, day

-- same: another header for people
/* rollup
title: How many stops ended well
description: Counted by day and depot.
owner: operations
strict: incremental
time: delivered_at
columns:
  day: {description: Day of the deliveries}
  deliveries: {description: Completed deliveries, unit: deliveries}
*/
SELECT date_trunc('day', d.delivered_at)::date AS day, d.depot_id, count(*) AS deliveries
FROM delivery d
WHERE d.status = 'completed'
GROUP BY 1, 2

-- same: the header says whose time it is
/* rollup
title: Deliveries by day
time: delivery.delivered_at
*/
SELECT date_trunc('day', d.delivered_at)::date AS day, d.depot_id, count(*) AS deliveries
FROM delivery d
WHERE d.status = 'completed'
GROUP BY 1, 2

-- other: another status
SELECT date_trunc('day', d.delivered_at)::date AS day, d.depot_id, count(*) AS deliveries
FROM delivery d
WHERE d.status = 'failed'
GROUP BY 1, 2

-- other: letters of another case in a constant
SELECT date_trunc('day', d.delivered_at)::date AS day, d.depot_id, count(*) AS deliveries
FROM delivery d
WHERE d.status = 'Completed'
GROUP BY 1, 2

-- other: a blank more in a constant
SELECT date_trunc('day', d.delivered_at)::date AS day, d.depot_id, count(*) AS deliveries
FROM delivery d
WHERE d.status = 'completed '
GROUP BY 1, 2

-- other: no filter
SELECT date_trunc('day', d.delivered_at)::date AS day, d.depot_id, count(*) AS deliveries
FROM delivery d
GROUP BY 1, 2

-- other: only rows with a rating count
SELECT date_trunc('day', d.delivered_at)::date AS day, d.depot_id, count(d.rating) AS deliveries
FROM delivery d
WHERE d.status = 'completed'
GROUP BY 1, 2

-- other: another key
SELECT date_trunc('day', d.delivered_at)::date AS day, d.product_id, count(*) AS deliveries
FROM delivery d
WHERE d.status = 'completed'
GROUP BY 1, 2

-- other: another key under the same name
SELECT date_trunc('day', d.delivered_at)::date AS day, d.product_id AS depot_id, count(*) AS deliveries
FROM delivery d
WHERE d.status = 'completed'
GROUP BY 1, 2

-- other: a key more that is not shown
SELECT date_trunc('day', d.delivered_at)::date AS day, d.depot_id, count(*) AS deliveries
FROM delivery d
WHERE d.status = 'completed'
GROUP BY 1, 2, d.product_id

-- other: another name of a column
SELECT date_trunc('day', d.delivered_at)::date AS day, d.depot_id, count(*) AS stops
FROM delivery d
WHERE d.status = 'completed'
GROUP BY 1, 2

-- other: another order of the columns
SELECT d.depot_id, date_trunc('day', d.delivered_at)::date AS day, count(*) AS deliveries
FROM delivery d
WHERE d.status = 'completed'
GROUP BY 1, 2

-- other: another type of a column
SELECT date_trunc('day', d.delivered_at)::date AS day, d.depot_id, CAST(count(*) AS INTEGER) AS deliveries
FROM delivery d
WHERE d.status = 'completed'
GROUP BY 1, 2

-- other: the day of another time, with that time in the header
/* rollup
title: Deliveries by day
time: promised_at
*/
SELECT date_trunc('day', d.promised_at)::date AS day, d.depot_id, count(*) AS deliveries
FROM delivery d
WHERE d.status = 'completed'
GROUP BY 1, 2

-- other: another table
/* rollup
title: Orders by day
time: ordered_at
*/
SELECT date_trunc('day', d.ordered_at)::date AS day, d.depot_id, count(*) AS deliveries
FROM sales_order d
WHERE d.status = 'completed'
GROUP BY 1, 2
