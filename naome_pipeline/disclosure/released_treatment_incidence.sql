-- Share of the national cohort and its subgroups treated by day, death competing, as published.
SELECT
    level,
    unit_code,
    subgroup,
    day,
    people,
    treated,
    died_untreated,
    incidence,
    lower,
    upper
FROM treatment_incidence
WHERE level IN ('nation', 'both_nations')
