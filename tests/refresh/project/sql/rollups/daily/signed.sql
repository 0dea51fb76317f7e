/* rollup
title: Sales less voids, out of two parts
time: sold_at
*/
SELECT date_trunc('day', part.sold_at)::date AS day, count(part.quantity) AS parts,
       CAST(sum(part.quantity) AS BIGINT) AS quantity, max(part.amount) AS most
FROM (SELECT sold_at, quantity, amount FROM sale WHERE status = 'done'
      UNION ALL
      SELECT sold_at, -quantity, -amount FROM sale WHERE status = 'void') part
GROUP BY 1
