/* report
title: Large deliveries
owner: operations
output: csv
*/
SELECT s.depot_id
FROM ⟦daily_sales⟧ s
ORDER BY s.depot_id
