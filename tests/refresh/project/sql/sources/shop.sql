/* source
title: Shops
format: jsonl
load: {upsert: {key: [shop_id], watermark: updated_at, delete_when: closed}}
*/
CREATE TABLE shop (
    shop_id    BIGINT NOT NULL PRIMARY KEY,
    region     VARCHAR NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    closed     BOOLEAN NOT NULL
)
