-- The cohort: one row per person with metastatic breast cancer at first diagnosis (de novo), attributed to the
-- trust of diagnosis after mergers. Other tumours nearby are flagged: they make person-level treatment ambiguous.
WITH near_tumours AS (
    SELECT DISTINCT a.person_id
    FROM cohort_assessment AS a
    JOIN tumours AS t ON a.person_id = t.person_id AND a.tumour_id <> t.tumour_id
    WHERE
        a.exclusion IS NULL
        AND t.site_icd10 NOT LIKE 'C44%'
        AND ABS(DATE_DIFF('day', a.diagnosis_date, t.diagnosis_date)) <= $multiple_tumour_gap
)

SELECT
    a.person_id,
    'de_novo' AS cohort,
    a.tumour_id,
    a.diagnosis_date AS mbc_date,
    CAST(DATE_TRUNC('quarter', a.diagnosis_date) AS DATE) AS quarter_start,
    a.trust_code,
    a.trust_name,
    a.alliance_code,
    a.alliance_name,
    a.nation,
    a.provider_code_sent,
    a.sex,
    a.age,
    a.stage,
    a.death_date,
    a.died_undated,
    a.evidence_sources,
    n.person_id IS NOT NULL AS other_tumour_within_548_days
FROM cohort_assessment AS a
LEFT JOIN near_tumours AS n ON a.person_id = n.person_id
WHERE a.exclusion IS NULL
