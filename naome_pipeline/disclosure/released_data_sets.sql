-- What was delivered, to which day it is complete, what could be used and what is in quarantine, per data set; and whether a
-- layout is an assumption.
SELECT
    data_set,
    delivered,
    layout_assumed,
    complete_to,
    rows_in,
    rows_out,
    rows_quarantined
FROM delivered_rows
