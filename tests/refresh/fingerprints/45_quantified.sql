-- grain: daily
/* rollup
title: Deliveries worth no less than every payment in cash, or as much as one by card
time: delivered_at
*/
SELECT date_trunc('day', d.delivered_at)::date AS day, count(*) AS deliveries
FROM delivery d
WHERE d.amount >= ALL (SELECT p.amount FROM payment p WHERE p.method = 'cash')
   OR d.unit_price = ANY (SELECT q.list_price FROM price q WHERE q.list_price > 100)
GROUP BY 1

-- same: other aliases inside
SELECT date_trunc('day', d.delivered_at)::date AS day, count(*) AS deliveries
FROM delivery d
WHERE d.amount >= ALL (SELECT m.amount FROM payment m WHERE m.method = 'cash')
   OR d.unit_price = ANY (SELECT n.list_price FROM price n WHERE n.list_price > 100)
GROUP BY 1

-- same: another alias outside
SELECT date_trunc('day', e.delivered_at)::date AS day, count(*) AS deliveries
FROM delivery e
WHERE e.amount >= ALL (SELECT p.amount FROM payment p WHERE p.method = 'cash')
   OR e.unit_price = ANY (SELECT q.list_price FROM price q WHERE q.list_price > 100)
GROUP BY 1

-- other: by card
SELECT date_trunc('day', d.delivered_at)::date AS day, count(*) AS deliveries
FROM delivery d
WHERE d.amount >= ALL (SELECT p.amount FROM payment p WHERE p.method = 'card')
   OR d.unit_price = ANY (SELECT q.list_price FROM price q WHERE q.list_price > 100)
GROUP BY 1

-- other: other prices
SELECT date_trunc('day', d.delivered_at)::date AS day, count(*) AS deliveries
FROM delivery d
WHERE d.amount >= ALL (SELECT p.amount FROM payment p WHERE p.method = 'cash')
   OR d.unit_price = ANY (SELECT q.list_price FROM price q WHERE q.list_price > 200)
GROUP BY 1

-- other: any payment
SELECT date_trunc('day', d.delivered_at)::date AS day, count(*) AS deliveries
FROM delivery d
WHERE d.amount >= ANY (SELECT p.amount FROM payment p WHERE p.method = 'cash')
   OR d.unit_price = ANY (SELECT q.list_price FROM price q WHERE q.list_price > 100)
GROUP BY 1

-- other: more than every payment
SELECT date_trunc('day', d.delivered_at)::date AS day, count(*) AS deliveries
FROM delivery d
WHERE d.amount > ALL (SELECT p.amount FROM payment p WHERE p.method = 'cash')
   OR d.unit_price = ANY (SELECT q.list_price FROM price q WHERE q.list_price > 100)
GROUP BY 1

-- other: another number of the delivery
SELECT date_trunc('day', d.delivered_at)::date AS day, count(*) AS deliveries
FROM delivery d
WHERE d.unit_price >= ALL (SELECT p.amount FROM payment p WHERE p.method = 'cash')
   OR d.unit_price = ANY (SELECT q.list_price FROM price q WHERE q.list_price > 100)
GROUP BY 1
