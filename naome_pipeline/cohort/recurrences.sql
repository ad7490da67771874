-- Distant recurrence after early breast cancer (experimental): one row per person, dated by the earliest evidence, with
-- its certainty. Definite: COSD or the registry says so. Probable: two independent sources. Possible: one.
WITH evidence AS (
    SELECT
        person_id,
        MIN(finding_date) AS recurrence_date,
        COUNT(DISTINCT source) AS sources,
        MAX(CASE WHEN source IN ('cosd_recurrence', 'registry_later_tumour') THEN 1 ELSE 0 END) = 1 AS recorded,
        MAX(CASE WHEN source = 'cosd_recurrence' THEN 1 ELSE 0 END) = 1 AS in_cosd,
        MAX(CASE WHEN source = 'registry_later_tumour' THEN 1 ELSE 0 END) = 1 AS in_registry,
        MAX(CASE WHEN source = 'hospital_diagnosis' THEN 1 ELSE 0 END) = 1 AS in_hospital,
        MAX(CASE WHEN source = 'palliative_drug' THEN 1 ELSE 0 END) = 1 AS in_drugs,
        MAX(CASE WHEN source = 'palliative_radiotherapy' THEN 1 ELSE 0 END) = 1 AS in_radiotherapy
    FROM recurrence_findings
    GROUP BY person_id
)

SELECT
    e.person_id,
    a.tumour_id,
    a.diagnosis_date,
    e.recurrence_date,
    CAST(DATE_TRUNC('quarter', e.recurrence_date) AS DATE) AS quarter_start,
    CASE WHEN e.recorded THEN 'definite' WHEN e.sources >= 2 THEN 'probable' ELSE 'possible' END AS certainty,
    e.sources,
    e.in_cosd,
    e.in_registry,
    e.in_hospital,
    e.in_drugs,
    e.in_radiotherapy,
    e.recurrence_date BETWEEN $first_reported_day AND $period_end AS reported,
    a.trust_code,
    a.trust_name,
    a.alliance_code,
    a.nation,
    a.death_date
FROM evidence AS e
JOIN cohort_assessment AS a ON e.person_id = a.person_id
WHERE a.death_date IS NULL OR e.recurrence_date <= a.death_date
