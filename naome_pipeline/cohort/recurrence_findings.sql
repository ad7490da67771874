-- Every record that says "distant recurrence": found later than the window of first diagnosis, in people whose first
-- breast cancer was early. One row per finding; certainty and date are read from here. A stay, drug or course of
-- radiotherapy that names another cancer as the one treated says nothing about this one; one that names none is kept.
WITH early AS (
    SELECT
        person_id,
        tumour_id,
        diagnosis_date
    FROM cohort_assessment
    WHERE
        evidence_sources = 0
        AND exclusion IN ('no_evidence_of_distant_spread', 'outside_reported_quarters')
),

-- COSD: the non-primary pathway (recurrence or progression), and progression within the primary pathway.
cosd_records AS (
    SELECT
        e.person_id,
        c.recurrence_date AS finding_date,
        c.recurrence_types AS types,
        c.recurrence_sites AS sites
    FROM cosd AS c
    JOIN early AS e ON c.person_id = e.person_id
    WHERE COALESCE(c.recurrence_icd10, 'C50') LIKE 'C50%'
    UNION ALL
    SELECT
        e.person_id,
        c.recurrence_date AS finding_date,
        c.non_primary_progression_types AS types,
        c.non_primary_progression_sites AS sites
    FROM cosd AS c
    JOIN early AS e ON c.person_id = e.person_id
    WHERE COALESCE(c.non_primary_progression_icd10, 'C50') LIKE 'C50%'
    UNION ALL
    SELECT
        e.person_id,
        c.progression_dates[1] AS finding_date,
        c.progression_types AS types,
        c.progression_sites AS sites
    FROM cosd AS c
    JOIN early AS e ON c.person_id = e.person_id
    WHERE COALESCE(c.site_icd10, 'C50') LIKE 'C50%'
),

-- Opening the lists is the dear part: nearly all records have none, and few stays a code of spread.
cosd_types AS (
    SELECT
        person_id,
        finding_date,
        types
    FROM cosd_records
    WHERE ARRAY_LENGTH(types) > 0
),

cosd_sites AS (
    SELECT
        person_id,
        finding_date,
        sites
    FROM cosd_records
    WHERE ARRAY_LENGTH(sites) > 0
),

hospital AS (
    SELECT
        person_id,
        episode_id,
        episode_start,
        diagnosis_codes,
        ARRAY_TO_STRING(diagnosis_codes, ' ') LIKE '%C50%' AS names_breast
    FROM hes_apc
    WHERE ARRAY_TO_STRING(diagnosis_codes, ' ') LIKE '%C78%' OR ARRAY_TO_STRING(diagnosis_codes, ' ') LIKE '%C79%'
),

of_another_cancer AS (
    SELECT DISTINCT
        h.person_id,
        h.episode_id
    FROM hospital AS h
    CROSS JOIN UNNEST(h.diagnosis_codes) AS d(diagnosis_code)
    JOIN reference.other_cancers AS o ON SUBSTRING(d.diagnosis_code, 1, LENGTH(o.code)) = o.code
    WHERE NOT h.names_breast
),

cosd_distant AS (
    SELECT
        c.person_id,
        c.finding_date
    FROM cosd_types AS c
    CROSS JOIN UNNEST(c.types) AS t(metastatic_type)
    WHERE t.metastatic_type = '03'
    UNION ALL
    SELECT
        c.person_id,
        c.finding_date
    FROM cosd_sites AS c
    CROSS JOIN UNNEST(c.sites) AS s(metastatic_site)
    JOIN reference.cosd_metastatic_type_site AS r ON s.metastatic_site = r.code AND r.system LIKE '%site'
    WHERE r.distant = 'yes'
),

found AS (
    SELECT
        person_id,
        'cosd_recurrence' AS source,
        finding_date
    FROM cosd_distant

    UNION ALL

    SELECT
        e.person_id,
        'registry_later_tumour' AS source,
        t.diagnosis_date AS finding_date
    FROM tumours AS t
    JOIN early AS e ON t.person_id = e.person_id
    WHERE t.site_icd10 LIKE 'C50%' AND (t.stage LIKE '4%' OR t.m_category LIKE '1%')

    UNION ALL

    SELECT
        e.person_id,
        'hospital_diagnosis' AS source,
        h.episode_start AS finding_date
    FROM hospital AS h
    JOIN early AS e ON h.person_id = e.person_id
    LEFT JOIN of_another_cancer AS a ON h.person_id = a.person_id AND h.episode_id = a.episode_id
    CROSS JOIN UNNEST(h.diagnosis_codes) AS d(diagnosis_code)
    WHERE a.episode_id IS NULL AND (d.diagnosis_code LIKE 'C78%' OR d.diagnosis_code LIKE 'C79%')

    UNION ALL

    -- Palliative intent: P of the older lists, 2 (not curative) of version 3. What goes on with a treatment that began
    -- within the window of first diagnosis is first treatment.
    SELECT
        e.person_id,
        'palliative_drug' AS source,
        s.administration_date AS finding_date
    FROM sact AS s
    JOIN early AS e
        ON
            s.person_id = e.person_id
            AND DATE_DIFF('day', e.diagnosis_date, COALESCE(s.regimen_start_date, s.administration_date)) > $de_novo_window_end
    JOIN reference.drug_groups AS g ON UPPER(TRIM(s.drug_name)) = g.code
    JOIN reference.advanced_disease_drugs AS a ON g.label = a.code
    LEFT JOIN reference.other_cancers AS o ON SUBSTRING(s.primary_diagnosis, 1, LENGTH(o.code)) = o.code
    WHERE UPPER(TRIM(s.intent)) IN ('P', '2', '02') AND o.code IS NULL

    UNION ALL

    SELECT
        e.person_id,
        'palliative_radiotherapy' AS source,
        r.appointment_date AS finding_date
    FROM rtds AS r
    JOIN early AS e
        ON
            r.person_id = e.person_id
            AND DATE_DIFF('day', e.diagnosis_date, COALESCE(r.treatment_start_date, r.appointment_date)) > $de_novo_window_end
    JOIN reference.rtds_anatomical_site_groups AS g
        ON SUBSTRING(r.anatomical_site, 1, LENGTH(g.code)) = g.code
    LEFT JOIN reference.other_cancers AS o ON SUBSTRING(r.diagnosis, 1, LENGTH(o.code)) = o.code
    WHERE r.intent IN ('1', '01', 'P') AND g."group" IN ('bone', 'brain') AND o.code IS NULL
)

SELECT DISTINCT
    f.person_id,
    f.source,
    f.finding_date
FROM found AS f
JOIN early AS e ON f.person_id = e.person_id
WHERE
    DATE_DIFF('day', e.diagnosis_date, f.finding_date) > $de_novo_window_end
    AND f.finding_date <= $snapshot_date
