/* source
title: Customers
description: Everybody that is delivered to. The whole list arrives each time.
owner: sales
format: parquet
load: full
columns:
  customer_id: {description: Number of the customer (客戶編號)}
  segment: {description: Kind of customer}
*/
CREATE TABLE customer (
    customer_id BIGINT NOT NULL PRIMARY KEY,
    segment     VARCHAR NOT NULL CHECK (segment IN ('household', 'restaurant', 'industry', 'institution'))
)
