-- What followed each named intervention, estimates over many providers or the nation, as published; empty while none is configured.
SELECT
    intervention,
    indicator,
    design,
    term,
    estimate,
    standard_error,
    lower,
    upper,
    p,
    expected,
    note
FROM intervention_effects
