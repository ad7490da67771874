-- Survival of the national cohort and its subgroups, as published. Below the nation survival is published as the
-- one-year proportion only. Nothing is said of very few people, nor of a day at which very few are still at risk; both
-- nations hide what one of them hides, since their difference is the other. Nothing is said either of people some of whose
-- quarters or years the released indicators hide: these are all quarters together, and less the shown ones they would be the
-- hidden ones: those that P1 or P10 counts. A proportion with its interval says how many people it is of, so that hiding their number would not be enough.
WITH hidden AS (
    SELECT DISTINCT
        r.unit_code,
        r.subgroup
    FROM released_indicators AS r
    JOIN indicator_definitions AS i ON r.indicator = i.indicator
    WHERE
        r.level IN ('nation', 'both_nations')
        AND r.denominator IS NULL
        AND i.denominator_text IN (SELECT denominator_text FROM indicator_definitions WHERE indicator IN ('P1', 'P10_1y'))
),

counted AS (
    SELECT
        s.*,
        CASE WHEN h.unit_code IS NULL THEN s.people ELSE 0 END AS told
    FROM survival_estimates AS s
    LEFT JOIN hidden AS h ON s.unit_code = h.unit_code AND s.subgroup = h.subgroup
),

judged AS (
    SELECT
        *,
        CASE WHEN level = 'both_nations' THEN MIN(told) OVER (PARTITION BY subgroup) ELSE told END AS fewest,
        CASE
            WHEN level = 'both_nations' THEN MIN(NULLIF(at_risk, 0)) OVER (PARTITION BY subgroup, time)
            ELSE NULLIF(at_risk, 0)
        END AS fewest_at_risk
    FROM counted
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
