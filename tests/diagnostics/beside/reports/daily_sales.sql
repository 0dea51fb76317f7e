/* report
title: Sales by depot
owner: operations
output: csv
*/
SELECT d.depot_id, d.amount +
FROM delivery ⟦d⟧
