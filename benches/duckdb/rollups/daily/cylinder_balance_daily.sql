SELECT local_day(m.moved_at)                                                     AS day,
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
                                       ORDER BY local_day(m.moved_at)) AS BIGINT)
                                                                                               AS balance
FROM cylinder_movement m
GROUP BY 1, 2, 3
