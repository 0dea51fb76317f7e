/* source
title: Products
description: The price list's articles. The whole list arrives each time.
owner: sales
format: csv
load: full
columns:
  product_id: {description: Number of the product (產品編號)}
  name: {description: Name on invoices}
  category: {description: What it is - gas in cylinders or in bulk or an accessory}
  cylinder_kg: {description: Gas in one full cylinder; none for bulk gas - which is sold by the kilogram - and accessories, unit: kg}
*/
CREATE TABLE product (
    product_id  BIGINT NOT NULL PRIMARY KEY,
    name        VARCHAR NOT NULL,
    category    VARCHAR NOT NULL CHECK (category IN ('cylinder', 'bulk', 'accessory')),
    cylinder_kg DECIMAL(6, 2) CHECK (cylinder_kg > 0)
)
