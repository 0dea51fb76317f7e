/* source
title: Cylinder movements
description: Every cylinder that entered or left a depot. Rows are only ever added; a mistake is put right by an opposite row.
owner: operations
format: parquet
load: append
partition: {month: moved_at}
columns:
  movement_id: {description: Number of the movement (異動單號)}
  depot_id: {description: Depot whose stock changed}
  product_id: {description: Kind of cylinder}
  customer_id: {description: Who received or gave back the cylinders; none inside the company}
  moved_at: {description: When the cylinders moved (local business time)}
  movement: {description: Why they moved}
  quantity: {description: Change of the depot's stock - negative when cylinders leave, unit: cylinders}
*/
CREATE TABLE cylinder_movement (
    movement_id BIGINT NOT NULL PRIMARY KEY,
    depot_id    BIGINT NOT NULL,
    product_id  BIGINT NOT NULL,
    customer_id BIGINT,
    moved_at    TIMESTAMP NOT NULL,
    movement    VARCHAR NOT NULL CHECK (movement IN ('received', 'issued', 'returned', 'lost', 'scrapped')),
    quantity    INTEGER NOT NULL
)
