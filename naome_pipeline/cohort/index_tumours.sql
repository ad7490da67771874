-- Each person's first invasive breast tumour: every window and every rule of the cohort counts from its date. Of two
-- on one day, in both breasts, the one that has spread: its hospital and its receptors are those of the disease measured.
WITH breast AS (
    SELECT
        person_id,
        tumour_id,
        diagnosis_date,
        sex,
        age,
        stage,
        m_category,
        ethnicity,
        imd_quintile,
        performance_status,
        basis_of_diagnosis,
        dco,
        trust_code,
        cns_code,
        first_mdt_date,
        ROW_NUMBER() OVER (
            PARTITION BY person_id
            ORDER BY
                diagnosis_date,
                CASE WHEN stage LIKE '4%' OR m_category LIKE '1%' THEN 0 ELSE 1 END,
                tumour_id
        ) AS tumour_order
    FROM tumours
    WHERE site_icd10 LIKE 'C50%' AND COALESCE(behaviour, '3') = '3'
)

SELECT
    person_id,
    tumour_id,
    diagnosis_date,
    sex,
    age,
    stage,
    m_category,
    ethnicity,
    imd_quintile,
    performance_status,
    basis_of_diagnosis,
    dco,
    trust_code,
    cns_code,
    first_mdt_date
FROM breast
WHERE tumour_order = 1
