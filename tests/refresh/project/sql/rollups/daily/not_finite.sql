/* rollup
title: Weights, of which some are no numbers
time: sold_at
*/
-- Which of NaN and a number DataFusion takes for the greater one depends on their order, and it is left with the greatest finite double where
-- there are only infinities: extremes are asked of numbers.
SELECT date_trunc('day', s.sold_at)::date AS day, sum(s.weight) AS weight, avg(s.weight) AS average_weight,
       min(s.weight) FILTER (WHERE s.weight BETWEEN -1e300 AND 1e300) AS least_weight,
       max(s.weight) FILTER (WHERE s.weight BETWEEN -1e300 AND 1e300) AS most_weight, count(DISTINCT s.weight) AS weights
FROM sale s
GROUP BY 1
