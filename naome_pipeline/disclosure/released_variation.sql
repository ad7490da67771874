-- How much of the variation lies between providers, national figures, as published. Nothing is said of very few people. How
-- many people it counts is said where the released indicators show all national denominators of the audit period: less
-- England's it would be those of Wales.
WITH audited AS (
    SELECT
        indicator,
        MAX(CASE WHEN denominator IS NULL THEN 1 ELSE 0 END) AS hidden
    FROM released_indicators
    WHERE level IN ('nation', 'both_nations') AND subgroup = 'all' AND period_kind = 'audit period'
    GROUP BY indicator
),

judged AS (
    SELECT
        v.*,
        v.people < $fewest_people AS few,
        v.people < $fewest_people OR COALESCE(a.hidden, 1) = 1 AS uncounted
    FROM provider_variation AS v
    LEFT JOIN audited AS a ON v.indicator = a.indicator
)

SELECT
    indicator,
    measure,
    CASE WHEN NOT few THEN value END AS value,
    CASE WHEN NOT few THEN lower END AS lower,
    CASE WHEN NOT few THEN upper END AS upper,
    CASE WHEN NOT few THEN p END AS p,
    CASE WHEN NOT uncounted THEN trusts END AS trusts,
    CASE WHEN NOT uncounted THEN people END AS people,
    CASE WHEN few THEN 'about very few people' ELSE note END AS note
FROM judged
