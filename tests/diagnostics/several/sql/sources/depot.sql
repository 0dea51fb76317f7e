/* source
title: Depots
format: csv
load: full
*/
CREATE TABLE depot (
    depot_id  BIGINT NOT NULL PRIMARY KEY,
    name      VARCHAR(40) NOT NULL,
    opened_on ⟦DAY⟧ NOT NULL
)
