-- Every record that says "distant spread at first diagnosis", with the site where it names one.
-- One row per finding; the evidence ledger and the sites of metastases are both read from here.
WITH registry AS (
    SELECT
        t.person_id,
        t.diagnosis_date AS finding_date,
        t.stage,
        t.m_category
    FROM tumours AS t
    JOIN index_tumours AS i ON t.person_id = i.person_id
    WHERE
        t.site_icd10 LIKE 'C50%'
        AND DATE_DIFF('day', i.diagnosis_date, t.diagnosis_date) BETWEEN 0 AND $de_novo_window_end
),

cosd_types AS (
    SELECT
        c.person_id,
        c.record_id,
        c.diagnosis_date,
        e.metastatic_type
    FROM cosd_at_diagnosis AS c
    CROSS JOIN UNNEST(c.metastatic_types) AS e(metastatic_type)
    WHERE e.metastatic_type = '03'
),

cosd_sites AS (
    SELECT
        c.person_id,
        c.record_id,
        c.diagnosis_date,
        e.metastatic_site
    FROM cosd_at_diagnosis AS c
    CROSS JOIN UNNEST(c.metastatic_sites) AS e(metastatic_site)
    WHERE e.metastatic_site IS NOT NULL
),

-- Opening the lists of codes is the dear part, and few stays have a code of spread.
stays AS (
    SELECT
        person_id,
        episode_id,
        episode_start,
        diagnosis_codes,
        ARRAY_TO_STRING(diagnosis_codes, ' ') LIKE '%C50%' AS names_breast
    FROM hes_apc
    WHERE
        ARRAY_TO_STRING(diagnosis_codes, ' ') LIKE '%C77%'
        OR ARRAY_TO_STRING(diagnosis_codes, ' ') LIKE '%C78%'
        OR ARRAY_TO_STRING(diagnosis_codes, ' ') LIKE '%C79%'
),

-- A stay with another cancer and no breast cancer among its codes is about the spread of that one.
of_another_cancer AS (
    SELECT DISTINCT
        h.person_id,
        h.episode_id
    FROM stays AS h
    CROSS JOIN UNNEST(h.diagnosis_codes) AS d(diagnosis_code)
    JOIN reference.other_cancers AS o ON SUBSTRING(d.diagnosis_code, 1, LENGTH(o.code)) = o.code
    WHERE NOT h.names_breast
),

hospital AS (
    SELECT
        h.person_id,
        h.episode_start,
        d.diagnosis_code
    FROM stays AS h
    JOIN index_tumours AS i ON h.person_id = i.person_id
    LEFT JOIN of_another_cancer AS a ON h.person_id = a.person_id AND h.episode_id = a.episode_id
    CROSS JOIN UNNEST(h.diagnosis_codes) AS d(diagnosis_code)
    WHERE
        a.episode_id IS NULL
        AND DATE_DIFF('day', i.diagnosis_date, h.episode_start) BETWEEN $de_novo_window_start AND $de_novo_window_end
        AND (d.diagnosis_code LIKE 'C77%' OR d.diagnosis_code LIKE 'C78%' OR d.diagnosis_code LIKE 'C79%')
)

SELECT DISTINCT
    person_id,
    'registry_stage_4' AS source,
    finding_date,
    CAST(NULL AS VARCHAR) AS site
FROM registry
WHERE stage LIKE '4%'

UNION ALL

SELECT DISTINCT
    person_id,
    'registry_m1' AS source,
    finding_date,
    CAST(NULL AS VARCHAR) AS site
FROM registry
WHERE m_category LIKE '1%'

UNION ALL

SELECT DISTINCT
    person_id,
    'cosd_metastatic_type' AS source,
    diagnosis_date AS finding_date,
    CAST(NULL AS VARCHAR) AS site
FROM cosd_types

UNION ALL

SELECT DISTINCT
    s.person_id,
    'cosd_metastatic_site' AS source,
    s.diagnosis_date AS finding_date,
    CASE
        WHEN r."group" IN ('bone', 'bone_marrow') THEN 'bone'
        WHEN r."group" IN ('brain', 'liver', 'lung') THEN r."group"
        WHEN r."group" = 'unknown' THEN NULL
        ELSE 'other'
    END AS site
FROM cosd_sites AS s
JOIN reference.cosd_metastatic_type_site AS r ON s.metastatic_site = r.code AND r.system LIKE '%site'
LEFT JOIN cosd_types AS t ON s.person_id = t.person_id AND s.record_id = t.record_id
WHERE r.distant = 'yes' OR (r.distant = 'only_with_type_03' AND t.record_id IS NOT NULL)

UNION ALL

-- C78 and C79 count whole; of C77 only the groups of nodes that are distant beyond doubt (icd10_metastatic_sites).
SELECT DISTINCT
    h.person_id,
    'hospital_diagnosis' AS source,
    h.episode_start AS finding_date,
    CASE
        WHEN r."group" IN ('bone', 'brain', 'liver', 'lung') THEN r."group"
        WHEN r."group" = 'pleura' THEN 'lung'
        WHEN r."group" <> 'unspecified' THEN 'other'
    END AS site
FROM hospital AS h
LEFT JOIN reference.icd10_metastatic_sites AS r ON SUBSTRING(h.diagnosis_code, 1, 4) = r.code
WHERE h.diagnosis_code LIKE 'C78%' OR h.diagnosis_code LIKE 'C79%' OR r.distant = 'yes'
