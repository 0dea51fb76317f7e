-- grain: daily
/* rollup
title: Numbers as texts, and texts as numbers
time: delivered_at
*/
SELECT date_trunc('day', d.delivered_at)::date                                                            AS day,
       CAST(d.depot_id AS VARCHAR)                                                                        AS depot,
       count(TRY_CAST(d.status AS INTEGER))                                                               AS numbers,
       CAST(sum(CAST(d.amount AS DECIMAL(12, 0))) AS DECIMAL(18, 2))                                      AS rounded,
       count(*) FILTER (WHERE CAST(d.status AS BYTEA) = X'636F6D706C657465642121')                        AS marked
FROM delivery d
GROUP BY 1, 2

-- same: colons, other names of types, lower case digits
SELECT date_trunc('day', k.delivered_at)::date AS day, k.depot_id::TEXT AS depot, count(TRY_CAST(k.status AS INT)) AS numbers,
       sum(k.amount::NUMERIC(12))::DECIMAL(18, 2) AS rounded, count(*) FILTER (WHERE k.status::BYTEA = x'636f6d706c657465642121') AS marked
FROM delivery k
GROUP BY 1, 2

-- same: casts in a subquery
SELECT date_trunc('day', at)::date AS day, depot, count(n) AS numbers, CAST(sum(a) AS DECIMAL(18, 2)) AS rounded,
       count(*) FILTER (WHERE b = X'636F6D706C657465642121') AS marked
FROM (SELECT delivered_at AS at, CAST(depot_id AS VARCHAR) AS depot, TRY_CAST(status AS INTEGER) AS n, CAST(amount AS DECIMAL(12, 0)) AS a,
             CAST(status AS BYTEA) AS b
      FROM delivery) d
GROUP BY 1, 2

-- other: what is no number is an error
SELECT date_trunc('day', d.delivered_at)::date AS day, CAST(d.depot_id AS VARCHAR) AS depot, count(CAST(d.status AS INTEGER)) AS numbers,
       CAST(sum(CAST(d.amount AS DECIMAL(12, 0))) AS DECIMAL(18, 2)) AS rounded,
       count(*) FILTER (WHERE CAST(d.status AS BYTEA) = X'636F6D706C657465642121') AS marked
FROM delivery d
GROUP BY 1, 2

-- other: a shorter number
SELECT date_trunc('day', d.delivered_at)::date AS day, CAST(d.depot_id AS VARCHAR) AS depot, count(TRY_CAST(d.status AS SMALLINT)) AS numbers,
       CAST(sum(CAST(d.amount AS DECIMAL(12, 0))) AS DECIMAL(18, 2)) AS rounded,
       count(*) FILTER (WHERE CAST(d.status AS BYTEA) = X'636F6D706C657465642121') AS marked
FROM delivery d
GROUP BY 1, 2

-- other: cast by way of another type
SELECT date_trunc('day', d.delivered_at)::date AS day, CAST(CAST(d.depot_id AS DOUBLE) AS VARCHAR) AS depot, count(TRY_CAST(d.status AS INTEGER)) AS numbers,
       CAST(sum(CAST(d.amount AS DECIMAL(12, 0))) AS DECIMAL(18, 2)) AS rounded,
       count(*) FILTER (WHERE CAST(d.status AS BYTEA) = X'636F6D706C657465642121') AS marked
FROM delivery d
GROUP BY 1, 2

-- other: rounded to another digit
SELECT date_trunc('day', d.delivered_at)::date AS day, CAST(d.depot_id AS VARCHAR) AS depot, count(TRY_CAST(d.status AS INTEGER)) AS numbers,
       CAST(sum(CAST(d.amount AS DECIMAL(12, 1))) AS DECIMAL(18, 2)) AS rounded,
       count(*) FILTER (WHERE CAST(d.status AS BYTEA) = X'636F6D706C657465642121') AS marked
FROM delivery d
GROUP BY 1, 2

-- other: the eleventh byte is another one
SELECT date_trunc('day', d.delivered_at)::date AS day, CAST(d.depot_id AS VARCHAR) AS depot, count(TRY_CAST(d.status AS INTEGER)) AS numbers,
       CAST(sum(CAST(d.amount AS DECIMAL(12, 0))) AS DECIMAL(18, 2)) AS rounded,
       count(*) FILTER (WHERE CAST(d.status AS BYTEA) = X'636F6D706C65746564213F') AS marked
FROM delivery d
GROUP BY 1, 2

-- other: a twelfth byte
SELECT date_trunc('day', d.delivered_at)::date AS day, CAST(d.depot_id AS VARCHAR) AS depot, count(TRY_CAST(d.status AS INTEGER)) AS numbers,
       CAST(sum(CAST(d.amount AS DECIMAL(12, 0))) AS DECIMAL(18, 2)) AS rounded,
       count(*) FILTER (WHERE CAST(d.status AS BYTEA) = X'636F6D706C65746564212121') AS marked
FROM delivery d
GROUP BY 1, 2
