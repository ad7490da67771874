-- Survival of the national cohort and its subgroups, as published. Below the nation survival is published as the
-- one-year proportion only.
SELECT
    level,
    unit_code,
    subgroup,
    people,
    deaths,
    time,
    survival,
    lower,
    upper,
    standard_error,
    at_risk,
    events,
    median,
    median_lower,
    median_upper,
    restricted_mean,
    restricted_mean_se,
    restricted_mean_lower,
    restricted_mean_upper
FROM survival_estimates
WHERE level IN ('nation', 'both_nations')
