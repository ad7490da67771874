-- Share of the national cohort and its subgroups treated by day, death competing, as published. Nothing is said of very
-- few people; both nations hide what one of them hides.
WITH judged AS (
    SELECT
        *,
        CASE WHEN level = 'both_nations' THEN MIN(people) OVER (PARTITION BY subgroup) ELSE people END AS fewest
    FROM treatment_incidence
    WHERE level IN ('nation', 'both_nations')
)

SELECT
    level,
    unit_code,
    subgroup,
    day,
    CASE WHEN fewest >= $fewest_people THEN people END AS people,
    CASE WHEN fewest >= $fewest_people THEN treated END AS treated,
    CASE WHEN fewest >= $fewest_people THEN died_untreated END AS died_untreated,
    CASE WHEN fewest >= $fewest_people THEN incidence END AS incidence,
    CASE WHEN fewest >= $fewest_people THEN lower END AS lower,
    CASE WHEN fewest >= $fewest_people THEN upper END AS upper
FROM judged
