/* rollup
title: Cylinder balance by day
description: Cylinders that entered and left each depot on each day with a movement, and how many should be there at its end.
time: moved_at
columns:
  day: {description: Day of the movements}
  depot_id: {description: Depot whose stock changed}
  product_id: {description: Kind of cylinder}
  movements: {description: Number of movements, unit: movements}
  cylinders_in: {description: Cylinders that entered the depot (入庫), unit: cylinders}
  cylinders_out: {description: Cylinders that left the depot for any reason (出庫), unit: cylinders}
  issued: {description: Cylinders issued to customers, unit: cylinders}
  lost: {description: Cylinders reported as lost (遺失), unit: cylinders}
  scrapped: {description: Cylinders scrapped (報廢), unit: cylinders}
  change: {description: Change of the stock on this day, unit: cylinders}
  balance: {description: Stock at the end of the day - the sum of all changes so far (結存), unit: cylinders}
*/
SELECT date_trunc('day', m.moved_at)::date                                                     AS day,
       m.depot_id,
       m.product_id,
       count(*)                                                                                AS movements,
       CAST(coalesce(sum(m.quantity) FILTER (WHERE m.quantity > 0), 0) AS BIGINT)              AS cylinders_in,
       CAST(coalesce(sum(-m.quantity) FILTER (WHERE m.quantity < 0), 0) AS BIGINT)             AS cylinders_out,
       CAST(coalesce(sum(-m.quantity) FILTER (WHERE m.movement = 'issued'), 0) AS BIGINT)      AS issued,
       CAST(coalesce(sum(-m.quantity) FILTER (WHERE m.movement = 'lost'), 0) AS BIGINT)        AS lost,
       CAST(coalesce(sum(-m.quantity) FILTER (WHERE m.movement = 'scrapped'), 0) AS BIGINT)    AS scrapped,
       CAST(sum(m.quantity) AS BIGINT)                                                         AS change,
       CAST(sum(sum(m.quantity)) OVER (PARTITION BY m.depot_id, m.product_id
                                       ORDER BY date_trunc('day', m.moved_at)::date) AS BIGINT)
                                                                                               AS balance
FROM cylinder_movement m
GROUP BY 1, 2, 3
