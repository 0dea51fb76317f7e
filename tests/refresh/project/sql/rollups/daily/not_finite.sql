/* rollup
title: Weights, of which some are no numbers
time: sold_at
*/
SELECT date_trunc('day', s.sold_at)::date AS day, sum(s.weight) AS weight, avg(s.weight) AS average_weight,
       min(s.weight) AS least_weight, max(s.weight) AS most_weight, count(DISTINCT s.weight) AS weights
FROM sale s
GROUP BY 1
