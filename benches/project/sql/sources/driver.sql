/* source
title: Drivers
description: The drivers of all depots, from the personnel system. A change arrives as a whole new row; nobody is deleted.
owner: operations
format: jsonl
load: {upsert: {key: [driver_id], watermark: updated_at}}
personal: [name, license_number]
columns:
  driver_id: {description: Number of the driver (司機編號)}
  name: {description: Name of the driver}
  license_number: {description: Number of the driving licence}
  depot_id: {description: Depot where the driver is employed}
  hired_on: {description: First day of employment}
  is_active: {description: Still drives for Lucky Gas}
  updated_at: {description: When the row was last changed (local business time)}
*/
CREATE TABLE driver (
    driver_id      BIGINT NOT NULL PRIMARY KEY,
    name           VARCHAR NOT NULL,
    license_number VARCHAR,
    depot_id       BIGINT NOT NULL,
    hired_on       DATE NOT NULL,
    is_active      BOOLEAN NOT NULL,
    updated_at     TIMESTAMP NOT NULL
)
