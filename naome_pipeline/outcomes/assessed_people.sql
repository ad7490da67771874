-- Who is compared: everybody in the denominator of a proportion who was diagnosed in the audit period of the indicator. One row per
-- person and indicator.
SELECT
    i.person_id,
    i.indicator,
    CAST(i.value AS INTEGER) AS outcome,
    f.quarter_start,
    f.trust_code,
    f.alliance_code,
    f.nation,
    f.in_sact,
    f.in_rtds
FROM person_indicators AS i
JOIN indicator_definitions AS d ON i.indicator = d.indicator
JOIN person_facts AS f ON i.person_id = f.person_id
JOIN indicator_periods AS r ON i.indicator = r.indicator AND f.quarter_start = r.quarter_start
WHERE d.measure = 'proportion' AND r.period_kind = 'audit period'
