/* source
title: Sales
format: jsonl
load: append
*/
CREATE TABLE sale (
    sale_id  BIGINT NOT NULL PRIMARY KEY,
    shop_id  BIGINT,
    buyer_id BIGINT NOT NULL,
    sold_at  TIMESTAMP,
    due_on   DATE NOT NULL,
    status   VARCHAR NOT NULL,
    quantity INTEGER NOT NULL,
    amount   DECIMAL(10, 2),
    weight   DOUBLE,
    worth    DECIMAL(38, 4),
    points   BIGINT
)
