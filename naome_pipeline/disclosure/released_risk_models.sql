-- Risk models as published: national coefficients, discrimination, calibration and notes. What they expect of a
-- provider is in released_comparison. Of a level that was merged because few people have it, only the name. Groups by
-- predicted risk, whose people add up to all, have numbers where the released indicators show all national denominators.
WITH audited AS (
    SELECT
        indicator,
        MAX(CASE WHEN denominator IS NULL THEN 1 ELSE 0 END) AS hidden
    FROM released_indicators
    WHERE level IN ('nation', 'both_nations') AND subgroup = 'all' AND period_kind = 'audit period'
    GROUP BY indicator
)

SELECT
    m.indicator,
    m.part,
    m.unit,
    m.measure,
    CASE
        WHEN m.part = 'merged level' THEN NULL
        WHEN m.part = 'risk group' AND COALESCE(a.hidden, 1) = 1 THEN NULL
        ELSE m.value
    END AS value,
    m.note
FROM risk_models AS m
LEFT JOIN audited AS a ON m.indicator = a.indicator
WHERE m.part <> 'provider'
