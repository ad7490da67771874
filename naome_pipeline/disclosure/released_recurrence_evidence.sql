-- What the recurrent cohort rests on, national and experimental, as published; only of nations
-- whose feed supports the recurrent cohort.
SELECT
    a.nation,
    a.certainty,
    a.source,
    a.people,
    a.found_by_one_source_only,
    d.status
FROM recurrence_evidence AS a
JOIN indicator_definitions AS d ON d.indicator = 'R1' AND d.nations LIKE '%' || a.nation || '%'
