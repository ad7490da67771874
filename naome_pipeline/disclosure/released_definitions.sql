-- Definitions and availability of every indicator, as published beside the numbers.
SELECT
    indicator,
    position,
    title,
    goal,
    goal_title,
    kind,
    cohort,
    measure,
    denominator_text,
    numerator_text,
    direction,
    follow_up_days,
    variant_of,
    completeness_indicator,
    risk_adjustment,
    guideline,
    construction,
    extension,
    available,
    status,
    reason
FROM indicator_definitions
