-- The reporting periods of every indicator: those all of whose follow-up had passed where its data sets end. Of the audit periods
-- it has the newest such one: an indicator that needs more than a year of follow-up is judged by an earlier one, not by none.
SELECT
    d.indicator,
    r.period_kind,
    r.period,
    r.period_end,
    r.quarter_start
FROM indicator_definitions AS d
JOIN reporting_periods AS r ON DATE_DIFF('day', r.period_end, d.followed_to) >= d.follow_up_days
QUALIFY r.period_kind <> 'audit period' OR r.period_end = MAX(r.period_end) OVER (PARTITION BY d.indicator, r.period_kind)
