-- What was delivered, what could be used and what is in quarantine, per data set.
SELECT
    data_set,
    delivered,
    rows_in,
    rows_out,
    rows_quarantined
FROM delivered_rows
