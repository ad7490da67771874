-- National change of each indicator from year to year, as published.
SELECT
    indicator,
    nation,
    year,
    numerator,
    denominator,
    value,
    difference,
    lower,
    upper,
    p
FROM yearly_change
