/* report
title: Large deliveries
owner: operations
parameters:
  business_date: {type: date}
  least: {type: decimal, default: 50000}
output: csv
*/⟦⟧
