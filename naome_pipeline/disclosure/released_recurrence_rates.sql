-- Distant recurrence after early breast cancer by years since diagnosis, national and experimental, as published;
-- only of nations whose feed supports the recurrent cohort.
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
JOIN indicator_definitions AS d ON d.indicator = 'R1' AND d.nations LIKE '%' || a.nation || '%'
