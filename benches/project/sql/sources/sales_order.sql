/* source
title: Sales orders
description: Orders as they are taken by telephone or the app or LINE or at a counter. A change of status arrives as a whole new row.
owner: sales
format: csv
load: {upsert: {key: [order_id], watermark: updated_at, delete_when: is_deleted}}
partition: {month: ordered_at}
columns:
  order_id: {description: Number of the order (訂單編號)}
  customer_id: {description: Who ordered}
  depot_id: {description: Depot that will deliver}
  product_id: {description: What was ordered}
  ordered_at: {description: When the order was taken (local business time)}
  quantity: {description: How many were ordered; kilograms of bulk gas, unit: pieces}
  unit_price: {description: Agreed price of one, unit: TWD}
  amount: {description: Price of the whole order, unit: TWD}
  due_on: {description: Day by which it must be paid (到期日)}
  channel: {description: How the order came in}
  status: {description: How far the order has got}
  updated_at: {description: When the row was last changed (local business time)}
  is_deleted: {description: Entered by mistake and removed}
*/
CREATE TABLE sales_order (
    order_id    BIGINT NOT NULL PRIMARY KEY,
    customer_id BIGINT NOT NULL,
    depot_id    BIGINT NOT NULL,
    product_id  BIGINT NOT NULL,
    ordered_at  TIMESTAMP NOT NULL,
    quantity    INTEGER NOT NULL CHECK (quantity > 0),
    unit_price  DECIMAL(10, 2) NOT NULL,
    amount      DECIMAL(14, 2) NOT NULL,
    due_on      DATE NOT NULL,
    channel     VARCHAR NOT NULL CHECK (channel IN ('phone', 'app', 'line', 'counter')),
    status      VARCHAR NOT NULL CHECK (status IN ('pending', 'confirmed', 'delivered', 'cancelled')),
    updated_at  TIMESTAMP NOT NULL,
    is_deleted  BOOLEAN NOT NULL,
    CONSTRAINT amount_is_price_times_quantity CHECK (amount = unit_price * quantity)
)
