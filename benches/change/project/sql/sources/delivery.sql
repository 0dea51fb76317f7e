/* source
title: Deliveries
description: Every stop of a lorry, whether it succeeded or not. A correction arrives as a whole new row.
owner: operations
format: parquet
load: {upsert: {key: [delivery_id], watermark: updated_at, delete_when: is_deleted}}
partition: {month: delivered_at}
columns:
  delivery_id: {description: Number of the delivery (送貨單號)}
  customer_id: {description: Who received it}
  depot_id: {description: Depot that the lorry came from}
  product_id: {description: What was delivered}
  delivered_at: {description: When the lorry was there (local business time)}
  quantity: {description: How many were delivered, unit: pieces}
  unit_price: {description: Price of one on the delivery note, unit: TWD}
  amount: {description: Price of the whole delivery, unit: TWD}
  status: {description: How the stop ended}
  updated_at: {description: When the row was last changed (local business time)}
  is_deleted: {description: Entered by mistake and removed}
*/
CREATE TABLE delivery (
    delivery_id  BIGINT NOT NULL PRIMARY KEY,
    customer_id  BIGINT NOT NULL,
    depot_id     BIGINT NOT NULL,
    product_id   BIGINT NOT NULL,
    delivered_at TIMESTAMP NOT NULL,
    quantity     INTEGER NOT NULL CHECK (quantity > 0),
    unit_price   DECIMAL(10, 2) NOT NULL,
    amount       DECIMAL(14, 2) NOT NULL CHECK (amount >= 0),
    status       VARCHAR NOT NULL CHECK (status IN ('completed', 'failed', 'returned')),
    updated_at   TIMESTAMP NOT NULL,
    is_deleted   BOOLEAN NOT NULL
)
