-- Every indicator at every level, period and subgroup in one pass. Intervals come with what may be shown (release.py).
-- An indicator has the periods whose follow-up was over (indicator_periods).
-- People are added up by quarter before periods and levels multiply them.
-- A nation has numbers of what its own delivery supports: a few people registered in one were diagnosed in the other.
WITH supported AS (
    SELECT
        d.indicator,
        n.nation
    FROM indicator_definitions AS d
    CROSS JOIN UNNEST(STR_SPLIT(d.nations, ', ')) AS n(nation)
),

placed AS (
    SELECT
        i.indicator,
        d.measure,
        f.quarter_start,
        s.subgroup,
        f.nation,
        CASE WHEN f.cohort = 'de_novo' THEN f.alliance_code END AS alliance_code,
        CASE WHEN f.cohort = 'de_novo' THEN f.trust_code END AS trust_code,
        COUNT(*) AS people,
        SUM(CASE WHEN d.measure = 'proportion' THEN i.value END) AS events,
        LIST(i.value) FILTER (WHERE d.measure = 'days') AS days
    FROM person_indicators AS i
    JOIN indicator_definitions AS d ON i.indicator = d.indicator
    JOIN counted_people AS f ON i.person_id = f.person_id
    JOIN supported AS o ON i.indicator = o.indicator AND f.nation = o.nation
    JOIN person_subgroups AS s ON i.person_id = s.person_id
    GROUP BY ALL
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
        l.indicator,
        r.period_kind,
        r.period,
        r.period_end,
        l.level,
        l.unit_code,
        l.subgroup,
        CAST(SUM(l.people) AS BIGINT) AS denominator,
        CASE WHEN l.measure = 'proportion' THEN CAST(SUM(l.events) AS BIGINT) END AS numerator,
        CASE WHEN l.measure = 'days' THEN FLATTEN(LIST(l.days)) END AS days
    FROM levelled AS l
    JOIN indicator_periods AS r ON l.indicator = r.indicator AND l.quarter_start = r.quarter_start
    GROUP BY
        l.indicator, l.measure, r.period_kind, r.period, r.period_end, l.level, l.unit_code, l.subgroup
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
    LIST_AGGREGATE(days, 'median') AS median_days,
    LIST_AGGREGATE(days, 'quantile_cont', 0.25) AS lower_quartile_days,
    LIST_AGGREGATE(days, 'quantile_cont', 0.75) AS upper_quartile_days
FROM counted
