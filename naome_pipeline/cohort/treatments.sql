-- Every treatment event of the cohort, from every source, in one shape: who, when, what kind, which drug, by whom.
-- A record that names another cancer as the one treated, and not breast cancer, is no treatment of this one; one that
-- names none, a secondary or an unknown primary is. People are restricted to the cohort first, since all records of the
-- nation are many; only then are codes compared.
WITH other_tumours AS (
    SELECT
        t.person_id,
        t.tumour_id
    FROM tumours AS t
    JOIN people AS p ON t.person_id = p.person_id
    WHERE t.site_icd10 LIKE 'C%' AND SUBSTRING(t.site_icd10, 1, 3) NOT IN ('C50', 'C76', 'C77', 'C78', 'C79', 'C80')
),

sact_drugs AS (
    SELECT
        s.person_id,
        s.administration_date AS treatment_date,
        r."group" AS drug_group,
        r.label AS drug,
        r.is_chemotherapy = 'yes' AS cytotoxic,
        r.anti_her2_agents,
        COALESCE(s.cycle_start_date, s.administration_date) AS cycle_start_date,
        COALESCE(s.drug_provider_code, s.provider_code) AS provider_code
    FROM sact AS s
    JOIN people AS p ON s.person_id = p.person_id
    JOIN reference.drug_groups AS r ON UPPER(TRIM(s.drug_name)) = r.code
    LEFT JOIN reference.other_cancers AS o ON SUBSTRING(s.primary_diagnosis, 1, LENGTH(o.code)) = o.code
    LEFT JOIN other_tumours AS t ON s.person_id = t.person_id AND s.tumour_id = t.tumour_id
    WHERE
        r."group" <> 'supportive_or_other'
        AND o.code IS NULL
        AND (t.tumour_id IS NULL OR s.primary_diagnosis LIKE 'C50%')
),

-- A prescription is known by its month. It is taken for the middle of the month; in the month of diagnosis for no
-- earlier than the diagnosis, in the month of death for no later than the death. What suppresses the ovaries is endocrine
-- treatment, as in SACT. Three bone agents are given at other doses for osteoporosis: ibandronic acid 150 mg or 3 mg,
-- zoledronic acid 5 mg, denosumab 60 mg. Denosumab of no named strength is taken for that, too: it is what general
-- practice gives.
prescriptions AS (
    SELECT
        x.person_id,
        LEAST(
            GREATEST(
                CAST(DATE_TRUNC('month', x.prescription_date) AS DATE) + $prescription_day - 1,
                CASE WHEN DATE_TRUNC('month', x.prescription_date) = DATE_TRUNC('month', p.mbc_date) THEN p.mbc_date END
            ),
            CASE WHEN DATE_TRUNC('month', x.prescription_date) = DATE_TRUNC('month', p.death_date) THEN p.death_date END
        ) AS treatment_date,
        CASE WHEN r."group" = 'bone_modifying' THEN 'bone_modifying' ELSE 'endocrine' END AS drug_group,
        r.drug
    FROM pcpd AS x
    JOIN people AS p ON x.person_id = p.person_id
    JOIN reference.bnf_breast_drugs AS r ON SUBSTRING(x.bnf_code, 1, 9) = r.code
    WHERE
        r."group" IN ('endocrine', 'ovarian_suppression', 'bone_modifying')
        -- Names are read of these three drugs only: it is the dear part.
        AND CASE r.drug
            WHEN 'denosumab'
                THEN REGEXP_MATCHES(UPPER(COALESCE(x.drug_name, '')), 'XGEVA|(^|[^0-9.])120 ?M(ILLI)?G')
            WHEN 'ibandronic acid'
                THEN NOT REGEXP_MATCHES(UPPER(COALESCE(x.drug_name, '')), 'BONVIVA|(^|[^0-9.])(150|3) ?M(ILLI)?G')
            WHEN 'zoledronic acid'
                THEN NOT REGEXP_MATCHES(UPPER(COALESCE(x.drug_name, '')), 'ACLASTA|(^|[^0-9.])5 ?M(ILLI)?G')
            ELSE TRUE
        END
),

listed_procedures AS (
    SELECT SUBSTRING(code, 1, 3) AS first_characters FROM reference.opcs4_chemotherapy_delivery
    UNION
    SELECT SUBSTRING(code, 1, 3) AS first_characters FROM reference.opcs4_breast_resection
    UNION
    SELECT SUBSTRING(code, 1, 3) AS first_characters FROM reference.opcs4_spinal_decompression
),

admitted AS (
    SELECT
        h.person_id,
        h.episode_id AS record_id,
        h.episode_start AS record_date,
        h.diagnosis_codes,
        COALESCE(h.procedure_dates[o.place], h.episode_start) AS treatment_date,
        h.procedure_codes[o.place] AS procedure_code,
        h.provider_code
    FROM hes_apc AS h
    JOIN people AS p ON h.person_id = p.person_id
    CROSS JOIN UNNEST(GENERATE_SERIES(1, 24)) AS o(place)
    WHERE h.procedure_codes[o.place] IS NOT NULL
),

attended AS (
    SELECT
        h.person_id,
        h.attendance_id AS record_id,
        h.appointment_date AS record_date,
        h.diagnosis_codes,
        h.appointment_date AS treatment_date,
        o.procedure_code,
        h.provider_code
    FROM hes_op AS h
    JOIN people AS p ON h.person_id = p.person_id
    CROSS JOIN UNNEST(h.procedure_codes) AS o(procedure_code)
    WHERE o.procedure_code IS NOT NULL AND h.attended IN ('5', '6')
),

registered AS (
    SELECT
        t.person_id,
        t.event_date AS treatment_date,
        t.event_code,
        t.opcs4_code,
        t.trust_code AS provider_code
    FROM registry_treatments AS t
    JOIN people AS p ON t.person_id = p.person_id
    LEFT JOIN other_tumours AS o ON t.person_id = o.person_id AND t.tumour_id = o.tumour_id
    WHERE o.tumour_id IS NULL
),

-- Procedures that a list below knows: few of all that are coded.
hospital_coded AS (
    SELECT a.*, 'hes_apc' AS source
    FROM admitted AS a
    JOIN listed_procedures AS l ON SUBSTRING(a.procedure_code, 1, 3) = l.first_characters
    UNION ALL
    SELECT a.*, 'hes_op' AS source
    FROM attended AS a
    JOIN listed_procedures AS l ON SUBSTRING(a.procedure_code, 1, 3) = l.first_characters
),

of_another_cancer AS (
    SELECT DISTINCT
        h.person_id,
        h.source,
        h.record_id,
        h.record_date
    FROM hospital_coded AS h
    CROSS JOIN UNNEST(h.diagnosis_codes) AS d(diagnosis_code)
    JOIN reference.other_cancers AS o ON SUBSTRING(d.diagnosis_code, 1, LENGTH(o.code)) = o.code
    WHERE NOT ARRAY_TO_STRING(h.diagnosis_codes, ' ') LIKE '%C50%'
),

hospital AS (
    SELECT
        h.person_id,
        h.treatment_date,
        h.procedure_code,
        h.provider_code,
        h.source
    FROM hospital_coded AS h
    LEFT JOIN of_another_cancer AS a
        ON
            h.person_id = a.person_id
            AND h.source = a.source
            AND h.record_id = a.record_id
            AND h.record_date = a.record_date
    WHERE a.record_id IS NULL
)

SELECT
    person_id,
    treatment_date,
    'drug' AS kind,
    'sact' AS source,
    drug_group,
    drug,
    cytotoxic,
    anti_her2_agents,
    cycle_start_date,
    CAST(NULL AS VARCHAR) AS site,
    provider_code
FROM sact_drugs

UNION ALL

SELECT
    person_id,
    treatment_date,
    'drug' AS kind,
    'pcpd' AS source,
    drug_group,
    drug,
    FALSE AS cytotoxic,
    CAST(NULL AS VARCHAR) AS anti_her2_agents,
    CAST(NULL AS DATE) AS cycle_start_date,
    CAST(NULL AS VARCHAR) AS site,
    CAST(NULL AS VARCHAR) AS provider_code
FROM prescriptions

UNION ALL

SELECT
    h.person_id,
    h.treatment_date,
    'chemotherapy_delivery' AS kind,
    h.source,
    'chemotherapy' AS drug_group,
    CAST(NULL AS VARCHAR) AS drug,
    TRUE AS cytotoxic,
    CAST(NULL AS VARCHAR) AS anti_her2_agents,
    CAST(NULL AS DATE) AS cycle_start_date,
    CAST(NULL AS VARCHAR) AS site,
    h.provider_code
FROM hospital AS h
JOIN reference.opcs4_chemotherapy_delivery AS r ON h.procedure_code = r.code
WHERE r."group" IN ('delivery', 'delivery_oral', 'procurement', 'route')

UNION ALL

SELECT
    h.person_id,
    h.treatment_date,
    'resection' AS kind,
    h.source,
    CAST(NULL AS VARCHAR) AS drug_group,
    CAST(NULL AS VARCHAR) AS drug,
    FALSE AS cytotoxic,
    CAST(NULL AS VARCHAR) AS anti_her2_agents,
    CAST(NULL AS DATE) AS cycle_start_date,
    'breast' AS site,
    h.provider_code
FROM hospital AS h
JOIN reference.opcs4_breast_resection AS r ON h.procedure_code = r.code
WHERE h.source = 'hes_apc'

UNION ALL

SELECT
    h.person_id,
    h.treatment_date,
    'spinal_decompression' AS kind,
    h.source,
    CAST(NULL AS VARCHAR) AS drug_group,
    CAST(NULL AS VARCHAR) AS drug,
    FALSE AS cytotoxic,
    CAST(NULL AS VARCHAR) AS anti_her2_agents,
    CAST(NULL AS DATE) AS cycle_start_date,
    'spine' AS site,
    h.provider_code
FROM hospital AS h
JOIN reference.opcs4_spinal_decompression AS r
    ON r.match = 'prefix' AND SUBSTRING(h.procedure_code, 1, LENGTH(r.code)) = r.code
-- Vertebroplasty and kyphoplasty share the prefix of fracture decompression and do not free the cord.
LEFT JOIN reference.opcs4_spinal_decompression AS x
    ON x."group" = 'vertebroplasty_exclude' AND h.procedure_code = x.code
WHERE h.source = 'hes_apc' AND x.code IS NULL

UNION ALL

SELECT
    t.person_id,
    t.appointment_date AS treatment_date,
    'radiotherapy' AS kind,
    'rtds' AS source,
    CAST(NULL AS VARCHAR) AS drug_group,
    CAST(NULL AS VARCHAR) AS drug,
    FALSE AS cytotoxic,
    CAST(NULL AS VARCHAR) AS anti_her2_agents,
    CAST(NULL AS DATE) AS cycle_start_date,
    r."group" AS site,
    t.provider_code
FROM rtds AS t
JOIN people AS p ON t.person_id = p.person_id
LEFT JOIN reference.rtds_anatomical_site_groups AS r
    ON SUBSTRING(t.anatomical_site, 1, LENGTH(r.code)) = r.code
LEFT JOIN reference.other_cancers AS o ON SUBSTRING(t.diagnosis, 1, LENGTH(o.code)) = o.code
WHERE o.code IS NULL

UNION ALL

-- What the registry itself holds: operations by their code, radiotherapy by the kind of event. Its sites are not told.
SELECT
    t.person_id,
    t.treatment_date,
    'resection' AS kind,
    'registry_treatments' AS source,
    CAST(NULL AS VARCHAR) AS drug_group,
    CAST(NULL AS VARCHAR) AS drug,
    FALSE AS cytotoxic,
    CAST(NULL AS VARCHAR) AS anti_her2_agents,
    CAST(NULL AS DATE) AS cycle_start_date,
    'breast' AS site,
    t.provider_code
FROM registered AS t
JOIN reference.opcs4_breast_resection AS r ON t.opcs4_code = r.code

UNION ALL

SELECT
    t.person_id,
    t.treatment_date,
    'radiotherapy' AS kind,
    'registry_treatments' AS source,
    CAST(NULL AS VARCHAR) AS drug_group,
    CAST(NULL AS VARCHAR) AS drug,
    FALSE AS cytotoxic,
    CAST(NULL AS VARCHAR) AS anti_her2_agents,
    CAST(NULL AS DATE) AS cycle_start_date,
    CAST(NULL AS VARCHAR) AS site,
    t.provider_code
FROM registered AS t
JOIN reference.registry_event_codes AS r ON t.event_code = r.code AND r."group" = 'radiotherapy'
