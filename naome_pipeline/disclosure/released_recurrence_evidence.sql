-- What the recurrent cohort rests on, national and experimental, as published; only of nations
-- whose feed supports the recurrent cohort. Where a source has found very few people nothing is said of the sources of that
-- certainty: who is known from one source alone adds up to all of them. Where very few people are known with some certainty, or
-- the released indicators hide a row of the recurrent cohort, nothing is said of the nation: the certainties add up to that
-- cohort.
WITH judged AS (
    SELECT
        nation,
        certainty,
        source,
        people,
        found_by_one_source_only,
        MIN(CASE WHEN source = 'any' THEN people END) OVER (PARTITION BY nation) AS fewest_of_a_certainty,
        MIN(people) OVER (PARTITION BY nation, certainty) AS fewest_of_a_source
    FROM recurrence_evidence
),

hidden AS (
    SELECT DISTINCT r.unit_code AS nation
    FROM released_indicators AS r
    JOIN indicator_definitions AS i ON r.indicator = i.indicator
    WHERE i.cohort = 'recurrent' AND r.level = 'nation' AND r.denominator IS NULL
),

marked AS (
    SELECT
        j.*,
        j.fewest_of_a_certainty < $fewest_people
        OR (j.source <> 'any' AND j.fewest_of_a_source < $fewest_people)
        OR h.nation IS NOT NULL AS few
    FROM judged AS j
    LEFT JOIN hidden AS h ON j.nation = h.nation
)

SELECT
    a.nation,
    a.certainty,
    a.source,
    CASE WHEN NOT a.few THEN a.people END AS people,
    CASE WHEN NOT a.few THEN a.found_by_one_source_only END AS found_by_one_source_only,
    d.status
FROM marked AS a
JOIN indicator_definitions AS d ON d.indicator = 'R1' AND d.nations LIKE '%' || a.nation || '%'
