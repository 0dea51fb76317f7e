/* source
title: Receipts
format: jsonl
load: append
*/
CREATE TABLE receipt (
    receipt_id BIGINT NOT NULL,
    sale_id    BIGINT,
    paid       DECIMAL(10, 2) NOT NULL
)
