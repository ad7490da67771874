-- Distant recurrence after early breast cancer by years since diagnosis, national and experimental, as published; only from feeds
-- that support the recurrent cohort.
SELECT
    a.nation,
    a.certainty,
    a.year,
    a.people,
    a.recurred,
    a.incidence,
    a.lower,
    a.upper,
    a.died_before,
    d.status
FROM recurrence_rates AS a
JOIN indicator_definitions AS d ON d.indicator = 'R1' AND d.available
