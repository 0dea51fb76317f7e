/* source
title: List prices
description: List price of each product from a day on. The whole list, with its history, arrives each time.
owner: sales
format: csv
load: full
columns:
  product_id: {description: Number of the product}
  valid_from: {description: First day on which the price holds (生效日)}
  list_price: {description: Price of one piece or of one kilogram of bulk gas before any discount (牌價), unit: TWD}
*/
CREATE TABLE price (
    product_id BIGINT NOT NULL,
    valid_from DATE NOT NULL,
    list_price DECIMAL(10, 2) NOT NULL CHECK (list_price > 0),
    PRIMARY KEY (product_id, valid_from)
)
