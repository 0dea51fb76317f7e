/* source
title: Depots
format: csv
load: full
*/
CREATE TABLE ⟦depots⟧ (
    depot_id  BIGINT NOT NULL PRIMARY KEY,
    name      VARCHAR(40) NOT NULL,
    opened_on DATE NOT NULL
)
