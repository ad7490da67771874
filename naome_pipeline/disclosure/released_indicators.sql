-- Counts as they may be shown. Below national level a numerator, its complement or a denominator of 1 to 4 people
-- hides the numerator and everything computed from it; a small denominator is hidden itself. First step only:
-- protection against working a hidden cell out from totals is a separate, later rule.
WITH judged AS (
    SELECT
        *,
        level <> 'nation' AND denominator < $suppression_threshold AS small_denominator,
        level <> 'nation' AND (
            numerator BETWEEN 1 AND $suppression_threshold - 1
            OR denominator - numerator BETWEEN 1 AND $suppression_threshold - 1
        ) AS small_numerator
    FROM indicator_counts
),

trusts AS (
    SELECT DISTINCT
        trust_code,
        trust_name,
        alliance_code,
        nation
    FROM providers
),

alliances AS (
    SELECT DISTINCT
        alliance_code,
        alliance_name,
        nation
    FROM providers
    WHERE alliance_code IS NOT NULL
)

SELECT
    j.indicator,
    j.period_kind,
    j.period,
    j.period_end,
    j.level,
    j.unit_code,
    CASE j.level WHEN 'trust' THEN t.trust_name WHEN 'alliance' THEN a.alliance_name ELSE j.unit_code END AS unit_name,
    CASE j.level WHEN 'trust' THEN t.alliance_code END AS alliance_code,
    CASE j.level WHEN 'trust' THEN t.nation WHEN 'alliance' THEN a.nation ELSE j.unit_code END AS nation,
    j.subgroup,
    CASE WHEN NOT j.small_denominator THEN j.denominator END AS denominator,
    CASE WHEN NOT j.small_denominator AND NOT COALESCE(j.small_numerator, FALSE) THEN j.numerator END AS numerator,
    CASE WHEN NOT j.small_denominator AND NOT COALESCE(j.small_numerator, FALSE) THEN j.proportion END AS proportion,
    CASE WHEN NOT j.small_denominator AND NOT COALESCE(j.small_numerator, FALSE) THEN j.lower END AS lower,
    CASE WHEN NOT j.small_denominator AND NOT COALESCE(j.small_numerator, FALSE) THEN j.upper END AS upper,
    CASE WHEN NOT j.small_denominator THEN j.median_days END AS median_days,
    CASE WHEN NOT j.small_denominator THEN j.lower_quartile_days END AS lower_quartile_days,
    CASE WHEN NOT j.small_denominator THEN j.upper_quartile_days END AS upper_quartile_days,
    CASE
        WHEN j.small_denominator THEN 'fewer than 5 people'
        WHEN j.small_numerator THEN 'fewer than 5 people in or outside the numerator'
        ELSE ''
    END AS suppressed
FROM judged AS j
LEFT JOIN trusts AS t ON j.level = 'trust' AND j.unit_code = t.trust_code
LEFT JOIN alliances AS a ON j.level = 'alliance' AND j.unit_code = a.alliance_code
