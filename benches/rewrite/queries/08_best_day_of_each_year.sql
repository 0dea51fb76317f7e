WITH days AS (
    SELECT delivered_at::date AS day, sum(amount) AS revenue
    FROM delivery
    WHERE status = 'completed'
    GROUP BY 1
)
SELECT date_trunc('year', day)::date AS year, max(revenue) AS best, min(revenue) AS worst, count(*) AS days
FROM days
GROUP BY 1
ORDER BY 1
