-- How much of the variation lies between providers, national figures, as published.
SELECT
    indicator,
    measure,
    value,
    lower,
    upper,
    p,
    trusts,
    people,
    note
FROM provider_variation
