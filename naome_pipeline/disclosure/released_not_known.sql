-- National numbers of people outside a denominator because what decides is not known, where the indicator's own national row of
-- that audit period is shown.
WITH shown AS (
    SELECT
        indicator,
        unit_code,
        period
    FROM released_indicators
    WHERE level = 'nation' AND subgroup = 'all' AND period_kind = 'audit period' AND denominator IS NOT NULL
)

SELECT
    k.indicator,
    k.nation,
    k.period,
    k.who,
    CASE WHEN s.indicator IS NOT NULL THEN k.not_known END AS not_known
FROM not_known AS k
LEFT JOIN shown AS s
    ON
        k.indicator = s.indicator
        AND k.nation = s.unit_code
        AND k.period = s.period
