-- Distant recurrence after early breast cancer by years since diagnosis, national and experimental, as published; only of
-- nations whose feed supports the recurrent cohort. Nothing is said of very few people.
SELECT
    a.nation,
    a.certainty,
    a.year,
    CASE WHEN a.people >= $fewest_people THEN a.people END AS people,
    CASE WHEN a.people >= $fewest_people THEN a.recurred END AS recurred,
    CASE WHEN a.people >= $fewest_people THEN a.incidence END AS incidence,
    CASE WHEN a.people >= $fewest_people THEN a.lower END AS lower,
    CASE WHEN a.people >= $fewest_people THEN a.upper END AS upper,
    CASE WHEN a.people >= $fewest_people THEN a.died_before END AS died_before,
    d.status
FROM recurrence_rates AS a
JOIN indicator_definitions AS d ON d.indicator = 'R1' AND d.nations LIKE '%' || a.nation || '%'
