-- Patient, hospital and regional factors that go with each indicator, national odds ratios, as published.
SELECT
    indicator,
    block,
    factor,
    measure,
    value,
    lower,
    upper,
    p,
    people,
    note
FROM associated_factors
