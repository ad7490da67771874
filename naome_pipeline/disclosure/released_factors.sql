-- Patient, hospital and regional factors that go with each indicator, national odds ratios, as published. Nothing is said of
-- a factor with a level of very few people. How many people an indicator counts is said where the released indicators show
-- all national denominators of the audit period; how many people have a level, only in a release of one nation that hides no
-- subgroup of that period: the levels are nearly the subgroups, and less England's they would be those of Wales.
WITH audited AS (
    SELECT
        indicator,
        MAX(CASE WHEN denominator IS NULL AND subgroup = 'all' THEN 1 ELSE 0 END) AS whole_hidden,
        MAX(CASE WHEN denominator IS NULL THEN 1 ELSE 0 END) AS part_hidden
    FROM released_indicators
    WHERE level IN ('nation', 'both_nations') AND period_kind = 'audit period'
    GROUP BY indicator
),

nations AS (
    SELECT COUNT(DISTINCT unit_code) AS nations FROM released_indicators WHERE level = 'nation'
),

named AS (
    SELECT
        *,
        CASE WHEN block = 'patient' AND measure = 'odds_ratio' THEN SPLIT_PART(factor, ': ', 1) END AS of_factor,
        MAX(people) OVER (PARTITION BY indicator) AS everybody
    FROM associated_factors
),

-- The level the others are compared with has no row: it is everybody less those that have.
levels AS (
    SELECT
        indicator,
        of_factor,
        LEAST(MIN(NULLIF(people, 0)), NULLIF(MAX(everybody) - SUM(people), 0)) AS fewest
    FROM named
    WHERE of_factor IS NOT NULL
    GROUP BY indicator, of_factor
),

judged AS (
    SELECT
        n.*,
        n.people < $fewest_people OR COALESCE(l.fewest < $fewest_people, FALSE) AS few,
        CASE
            WHEN n.of_factor IS NULL THEN COALESCE(a.whole_hidden, 1) = 1
            ELSE COALESCE(a.part_hidden, 1) = 1 OR m.nations > 1
        END AS uncounted
    FROM named AS n
    CROSS JOIN nations AS m
    LEFT JOIN audited AS a ON n.indicator = a.indicator
    LEFT JOIN levels AS l ON n.indicator = l.indicator AND n.of_factor = l.of_factor
)

SELECT
    indicator,
    block,
    factor,
    measure,
    CASE WHEN NOT few THEN value END AS value,
    CASE WHEN NOT few THEN lower END AS lower,
    CASE WHEN NOT few THEN upper END AS upper,
    CASE WHEN NOT few THEN p END AS p,
    CASE WHEN NOT few AND NOT uncounted THEN people END AS people,
    CASE WHEN few THEN 'about very few people' ELSE note END AS note
FROM judged
