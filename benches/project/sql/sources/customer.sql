/* source
title: Customers
description: Everybody that Lucky Gas delivers to, from the customer register. A change arrives as a whole new row.
owner: sales
format: csv
load: {upsert: {key: [customer_id], watermark: updated_at, delete_when: is_deleted}}
personal: [name, address, phone]
columns:
  customer_id: {description: Number of the customer (客戶編號)}
  name: {description: Name of the person or of the business}
  tax_id: {description: Unified business number of a business (統一編號)}
  customer_type: {description: Kind of customer}
  district: {description: District of the delivery address (行政區)}
  address: {description: Delivery address}
  phone: {description: Telephone number for the delivery}
  depot_id: {description: Depot that normally serves the customer}
  credit_limit: {description: How much the customer may owe; none where nothing is set, unit: TWD}
  registered_on: {description: Day on which the customer was registered}
  updated_at: {description: When the row was last changed (local business time)}
  is_deleted: {description: The customer was removed from the register}
*/
CREATE TABLE customer (
    customer_id   BIGINT NOT NULL PRIMARY KEY,
    name          VARCHAR NOT NULL,
    tax_id        VARCHAR CHECK (is_tax_id(tax_id)),
    customer_type VARCHAR NOT NULL CHECK (customer_type IN ('household', 'restaurant', 'industry', 'institution')),
    district      VARCHAR NOT NULL,
    address       VARCHAR,
    phone         VARCHAR,
    depot_id      BIGINT NOT NULL,
    credit_limit  DECIMAL(12, 2) CHECK (credit_limit >= 0),
    registered_on DATE NOT NULL,
    updated_at    TIMESTAMP NOT NULL,
    is_deleted    BOOLEAN NOT NULL
)
