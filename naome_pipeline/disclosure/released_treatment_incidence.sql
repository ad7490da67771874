-- Share of the national cohort and its subgroups treated by day, death competing, as published. Nothing is said of very
-- few people; both nations hide what one of them hides. Nothing is said either of people some of whose quarters or years the
-- released indicators hide, of everybody (P1, P10) or of those treated (T1): these are all quarters together.
WITH hidden AS (
    SELECT DISTINCT
        r.unit_code,
        r.subgroup
    FROM released_indicators AS r
    JOIN indicator_definitions AS i ON r.indicator = i.indicator
    WHERE
        r.level IN ('nation', 'both_nations')
        AND r.denominator IS NULL
        AND i.denominator_text IN (SELECT denominator_text FROM indicator_definitions WHERE indicator IN ('P1', 'P10_1y', 'T1'))
),

counted AS (
    SELECT
        t.*,
        CASE WHEN h.unit_code IS NULL THEN t.people ELSE 0 END AS told
    FROM treatment_incidence AS t
    LEFT JOIN hidden AS h ON t.unit_code = h.unit_code AND t.subgroup = h.subgroup
),

judged AS (
    SELECT
        *,
        CASE WHEN level = 'both_nations' THEN MIN(told) OVER (PARTITION BY subgroup) ELSE told END AS fewest
    FROM counted
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
