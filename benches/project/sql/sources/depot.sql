/* source
title: Depots
description: The depots that store cylinders and send out the lorries. The whole list arrives each time.
owner: operations
format: csv
load: full
columns:
  depot_id: {description: Number of the depot (分裝場編號)}
  name: {description: Name of the depot}
  region: {description: Sales region of the depot}
  capacity_cylinders: {description: How many cylinders the licence allows on the premises, unit: cylinders}
  opened_on: {description: Day on which the depot opened}
*/
CREATE TABLE depot (
    depot_id           BIGINT NOT NULL PRIMARY KEY,
    name               VARCHAR NOT NULL,
    region             VARCHAR NOT NULL,
    capacity_cylinders INTEGER NOT NULL CHECK (capacity_cylinders >= 0),
    opened_on          DATE NOT NULL
)
