-- Survival of the national cohort and its subgroups, as published. Below the nation survival is published as the
-- one-year proportion only. Nothing is said of very few people, nor of a day at which very few are still at risk; both
-- nations hide what one of them hides, since their difference is the other.
WITH judged AS (
    SELECT
        *,
        CASE WHEN level = 'both_nations' THEN MIN(people) OVER (PARTITION BY subgroup) ELSE people END AS fewest,
        CASE
            WHEN level = 'both_nations' THEN MIN(NULLIF(at_risk, 0)) OVER (PARTITION BY subgroup, time)
            ELSE NULLIF(at_risk, 0)
        END AS fewest_at_risk
    FROM survival_estimates
    WHERE level IN ('nation', 'both_nations')
),

marked AS (
    SELECT
        *,
        fewest < $fewest_people AS few,
        fewest < $fewest_people OR COALESCE(fewest_at_risk < $fewest_people, FALSE) AS few_at_risk
    FROM judged
)

SELECT
    level,
    unit_code,
    subgroup,
    CASE WHEN NOT few THEN people END AS people,
    CASE WHEN NOT few THEN deaths END AS deaths,
    time,
    CASE WHEN NOT few_at_risk THEN survival END AS survival,
    CASE WHEN NOT few_at_risk THEN lower END AS lower,
    CASE WHEN NOT few_at_risk THEN upper END AS upper,
    CASE WHEN NOT few_at_risk THEN standard_error END AS standard_error,
    CASE WHEN NOT few_at_risk THEN at_risk END AS at_risk,
    CASE WHEN NOT few_at_risk THEN events END AS events,
    CASE WHEN NOT few THEN median END AS median,
    CASE WHEN NOT few THEN median_lower END AS median_lower,
    CASE WHEN NOT few THEN median_upper END AS median_upper,
    CASE WHEN NOT few THEN restricted_mean END AS restricted_mean,
    CASE WHEN NOT few THEN restricted_mean_se END AS restricted_mean_se,
    CASE WHEN NOT few THEN restricted_mean_lower END AS restricted_mean_lower,
    CASE WHEN NOT few THEN restricted_mean_upper END AS restricted_mean_upper
FROM marked
