/* source
title: Depots
format: csv
load: full
*/
⟦SELECT⟧ depot_id FROM depot
