/* source
title: Shops
format: jsonl
load: full
*/
CREATE TABLE shop (
    shop_id BIGINT NOT NULL PRIMARY KEY,
    region  VARCHAR NOT NULL
)
