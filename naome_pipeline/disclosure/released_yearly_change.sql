-- National change of each indicator from year to year, as published. A year that the released indicators hide is hidden
-- here, and so is its difference from the year before and that of the year after.
WITH hidden AS (
    SELECT
        indicator,
        unit_code AS nation,
        period,
        denominator IS NULL AS denominator_hidden,
        numerator IS NULL AS numerator_hidden
    FROM released_indicators
    WHERE level = 'nation' AND subgroup = 'all' AND period_kind = 'rolling four quarters'
),

judged AS (
    SELECT
        y.*,
        COALESCE(h.denominator_hidden, FALSE) OR y.denominator < $fewest_people AS denominator_hidden,
        COALESCE(h.numerator_hidden, FALSE) OR y.denominator < $fewest_people AS numerator_hidden
    FROM yearly_change AS y
    LEFT JOIN hidden AS h
        ON
            y.indicator = h.indicator
            AND y.nation = h.nation
            AND h.period = CONCAT(y.year, ' Q1 to ', y.year, ' Q4')
),

marked AS (
    SELECT
        *,
        numerator_hidden OR COALESCE(LAG(numerator_hidden) OVER (PARTITION BY indicator, nation ORDER BY year), FALSE) AS difference_hidden
    FROM judged
)

SELECT
    indicator,
    nation,
    year,
    CASE WHEN NOT numerator_hidden THEN numerator END AS numerator,
    CASE WHEN NOT denominator_hidden THEN denominator END AS denominator,
    CASE WHEN NOT numerator_hidden THEN value END AS value,
    CASE WHEN NOT difference_hidden THEN difference END AS difference,
    CASE WHEN NOT difference_hidden THEN lower END AS lower,
    CASE WHEN NOT difference_hidden THEN upper END AS upper,
    CASE WHEN NOT difference_hidden THEN p END AS p
FROM marked
