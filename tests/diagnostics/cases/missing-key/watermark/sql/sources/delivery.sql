/* source
title: Deliveries (送貨單)
format: csv
load: {upsert: ⟦{key: [delivery_id], delete_when: is_deleted}⟧}
partition: {month: delivered_at}
columns:
  amount: {description: Price of the whole delivery, unit: TWD}
*/
CREATE TABLE delivery (
    delivery_id  BIGINT NOT NULL PRIMARY KEY,
    depot_id     BIGINT NOT NULL,
    product_id   BIGINT NOT NULL,
    delivered_at TIMESTAMP NOT NULL,
    quantity     INTEGER NOT NULL CHECK (quantity > 0),
    amount       DECIMAL(14, 2) NOT NULL,
    status       VARCHAR NOT NULL CHECK (status IN ('completed', 'failed')),
    updated_at   TIMESTAMP NOT NULL,
    is_deleted   BOOLEAN NOT NULL
)
