-- Every indicator at every level, period and subgroup in one pass, with its Wilson interval.
-- A period appears only when the whole follow-up of its last quarter had passed at the snapshot date.
WITH eligible AS (
    SELECT
        i.person_id,
        i.indicator,
        i.value,
        d.measure,
        r.period_kind,
        r.period,
        r.period_end
    FROM person_indicators AS i
    JOIN indicator_definitions AS d ON i.indicator = d.indicator
    JOIN counted_people AS f ON i.person_id = f.person_id
    JOIN reporting_periods AS r ON f.quarter_start = r.quarter_start
    WHERE DATE_DIFF('day', r.period_end, $snapshot_date) >= d.follow_up_days
),

placed AS (
    SELECT
        e.indicator,
        e.value,
        e.measure,
        e.period_kind,
        e.period,
        e.period_end,
        s.subgroup,
        f.nation,
        CASE WHEN f.cohort = 'de_novo' THEN f.alliance_code END AS alliance_code,
        CASE WHEN f.cohort = 'de_novo' THEN f.trust_code END AS trust_code
    FROM eligible AS e
    JOIN counted_people AS f ON e.person_id = f.person_id
    JOIN person_subgroups AS s ON e.person_id = s.person_id
),

-- A total of both nations is one of indicators that both have; of the others it would be a single nation's under a wrong name.
nations AS (
    SELECT COUNT(DISTINCT nation) AS number
    FROM counted_people
),

of_both AS (
    SELECT d.indicator
    FROM indicator_definitions AS d
    CROSS JOIN nations AS n
    WHERE n.number = 2 AND d.nations LIKE '%, %'
),

-- Subgroups go to nation and Alliance only: at a trust they would be a handful of people.
levelled AS (
    SELECT p.*, 'both_nations' AS level, 'England and Wales' AS unit_code
    FROM placed AS p
    JOIN of_both AS b ON p.indicator = b.indicator
    UNION ALL
    SELECT *, 'nation' AS level, nation AS unit_code FROM placed
    UNION ALL
    SELECT *, 'alliance' AS level, alliance_code AS unit_code FROM placed WHERE alliance_code IS NOT NULL
    UNION ALL
    SELECT *, 'trust' AS level, trust_code AS unit_code FROM placed WHERE subgroup = 'all' AND trust_code IS NOT NULL
),

counted AS (
    SELECT
        indicator,
        period_kind,
        period,
        period_end,
        level,
        unit_code,
        subgroup,
        COUNT(*) AS denominator,
        CASE WHEN measure = 'proportion' THEN CAST(SUM(value) AS BIGINT) END AS numerator,
        CASE WHEN measure = 'days' THEN MEDIAN(value) END AS median_days,
        CASE WHEN measure = 'days' THEN QUANTILE_CONT(value, 0.25) END AS lower_quartile_days,
        CASE WHEN measure = 'days' THEN QUANTILE_CONT(value, 0.75) END AS upper_quartile_days
    FROM levelled
    GROUP BY indicator, measure, period_kind, period, period_end, level, unit_code, subgroup
)

SELECT
    indicator,
    period_kind,
    period,
    period_end,
    level,
    unit_code,
    subgroup,
    denominator,
    numerator,
    numerator / denominator AS proportion,
    -- Wilson (1927) score interval
    CASE
        WHEN numerator IS NOT NULL THEN
            GREATEST(
                (
                    numerator / denominator + $confidence_z * $confidence_z / (2 * denominator)
                    - $confidence_z * SQRT(
                        numerator / denominator * (1 - numerator / denominator) / denominator
                        + $confidence_z * $confidence_z / (4 * denominator * denominator)
                    )
                ) / (1 + $confidence_z * $confidence_z / denominator),
                0
            )
    END AS lower,
    CASE
        WHEN numerator IS NOT NULL THEN
            LEAST(
                (
                    numerator / denominator + $confidence_z * $confidence_z / (2 * denominator)
                    + $confidence_z * SQRT(
                        numerator / denominator * (1 - numerator / denominator) / denominator
                        + $confidence_z * $confidence_z / (4 * denominator * denominator)
                    )
                ) / (1 + $confidence_z * $confidence_z / denominator),
                1
            )
    END AS upper,
    median_days,
    lower_quartile_days,
    upper_quartile_days
FROM counted
