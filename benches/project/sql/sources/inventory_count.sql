/* source
title: Inventory counts
description: Cylinders that were counted by hand in a depot. Rows are only ever added; a later count replaces an earlier one.
owner: operations
format: csv
load: append
partition: {month: counted_at}
columns:
  count_id: {description: Number of the count (盤點單號)}
  depot_id: {description: Depot that was counted}
  product_id: {description: Kind of cylinder that was counted}
  counted_at: {description: When it was counted (local business time)}
  full_cylinders: {description: Full cylinders found (實瓶), unit: cylinders}
  empty_cylinders: {description: Empty cylinders found (空瓶), unit: cylinders}
*/
CREATE TABLE inventory_count (
    count_id        BIGINT NOT NULL PRIMARY KEY,
    depot_id        BIGINT NOT NULL,
    product_id      BIGINT NOT NULL,
    counted_at      TIMESTAMP NOT NULL,
    full_cylinders  INTEGER NOT NULL CHECK (full_cylinders >= 0),
    empty_cylinders INTEGER NOT NULL CHECK (empty_cylinders >= 0)
)
