/* source
title: Payments
description: Money that came in, from the cash desks and the bank. Rows are only ever added.
owner: finance
format: jsonl
load: append
partition: {month: paid_at}
columns:
  payment_id: {description: Number of the payment (收款單號)}
  order_id: {description: Order that it pays for; none for a payment on account}
  customer_id: {description: Who paid}
  paid_at: {description: When it was paid (local business time)}
  amount: {description: How much was paid, unit: TWD}
  method: {description: How it was paid}
*/
CREATE TABLE payment (
    payment_id  BIGINT NOT NULL PRIMARY KEY,
    order_id    BIGINT,
    customer_id BIGINT NOT NULL,
    paid_at     TIMESTAMP NOT NULL,
    amount      DECIMAL(14, 2) NOT NULL CHECK (amount > 0),
    method      VARCHAR NOT NULL CHECK (method IN ('cash', 'transfer', 'card', 'line_pay'))
)
