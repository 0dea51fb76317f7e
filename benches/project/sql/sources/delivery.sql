/* source
title: Deliveries
description: Every stop of a lorry, whether it succeeded or not. Corrections and ratings arrive as a whole new row.
owner: operations
format: csv
load: {upsert: {key: [delivery_id], watermark: updated_at, delete_when: is_deleted}}
partition: {month: delivered_at}
columns:
  delivery_id: {description: Number of the delivery (送貨單號)}
  order_id: {description: Order that is delivered}
  customer_id: {description: Who received it}
  depot_id: {description: Depot that the lorry came from}
  product_id: {description: What was delivered}
  driver_id: {description: Who drove}
  promised_at: {description: Latest time that the customer was promised (local business time)}
  delivered_at: {description: When the lorry was there (local business time)}
  quantity: {description: How many were delivered; kilograms of bulk gas, unit: pieces}
  unit_price: {description: Price of one on the delivery note, unit: TWD}
  amount: {description: Price of the whole delivery, unit: TWD}
  distance_km: {description: Length of the drive to this stop, unit: km}
  status: {description: How the stop ended}
  rating: {description: Stars from the customer; none where no rating was given, unit: 1-5}
  updated_at: {description: When the row was last changed (local business time)}
  is_deleted: {description: Entered by mistake and removed}
*/
CREATE TABLE delivery (
    delivery_id  BIGINT NOT NULL PRIMARY KEY,
    order_id     BIGINT NOT NULL,
    customer_id  BIGINT NOT NULL,
    depot_id     BIGINT NOT NULL,
    product_id   BIGINT NOT NULL,
    driver_id    BIGINT NOT NULL,
    promised_at  TIMESTAMP NOT NULL,
    delivered_at TIMESTAMP NOT NULL,
    quantity     INTEGER NOT NULL CHECK (quantity > 0),
    unit_price   DECIMAL(10, 2) NOT NULL,
    amount       DECIMAL(14, 2) NOT NULL,
    distance_km  DOUBLE,
    status       VARCHAR NOT NULL CHECK (status IN ('completed', 'failed', 'returned')),
    rating       INTEGER CHECK (rating BETWEEN 1 AND 5),
    updated_at   TIMESTAMP NOT NULL,
    is_deleted   BOOLEAN NOT NULL
)
