-- What the recurrent cohort rests on (experimental): people of the nation by certainty, how many of them each source has
-- found, and how many only that source has found.
WITH sources AS (
    SELECT nation, certainty, 'any' AS source, person_id, sources FROM recurrences WHERE reported
    UNION ALL
    SELECT nation, certainty, 'cosd_recurrence' AS source, person_id, sources FROM recurrences WHERE reported AND in_cosd
    UNION ALL
    SELECT nation, certainty, 'registry_later_tumour' AS source, person_id, sources
    FROM recurrences
    WHERE reported AND in_registry
    UNION ALL
    SELECT nation, certainty, 'hospital_diagnosis' AS source, person_id, sources
    FROM recurrences
    WHERE reported AND in_hospital
    UNION ALL
    SELECT nation, certainty, 'palliative_drug' AS source, person_id, sources FROM recurrences WHERE reported AND in_drugs
    UNION ALL
    SELECT nation, certainty, 'palliative_radiotherapy' AS source, person_id, sources
    FROM recurrences
    WHERE reported AND in_radiotherapy
)

SELECT
    nation,
    certainty,
    source,
    COUNT(DISTINCT person_id) AS people,
    SUM(CASE WHEN sources = 1 THEN 1 ELSE 0 END) AS found_by_one_source_only
FROM sources
GROUP BY nation, certainty, source
