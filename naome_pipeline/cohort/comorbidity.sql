-- RCS Charlson conditions and SCARF frailty deficits from hospital admissions before diagnosis.
-- The look-back ends a month before diagnosis, so that the cancer's own admission does not count as frailty.
-- Without any admission delivered nobody's scores are known; nobody is then said to be fit.
WITH admissions AS (
    SELECT COUNT(*) > 0 AS delivered
    FROM hes_apc
),

history AS (
    SELECT
        p.person_id,
        h.admission_source,
        h.discharge_destination,
        h.diagnosis_codes,
        DATE_DIFF('day', h.episode_start, p.mbc_date) AS days_before
    FROM people AS p
    JOIN hes_apc AS h ON p.person_id = h.person_id
    WHERE DATE_DIFF('day', h.episode_start, p.mbc_date) BETWEEN $comorbidity_washout AND $scarf_lookback
),

codes AS (
    SELECT DISTINCT
        h.person_id,
        d.diagnosis_code,
        h.days_before <= $charlson_lookback AS within_charlson
    FROM history AS h
    CROSS JOIN UNNEST(h.diagnosis_codes) AS d(diagnosis_code)
    WHERE d.diagnosis_code IS NOT NULL
),

charlson AS (
    SELECT
        c.person_id,
        COUNT(DISTINCT r.condition) AS charlson_conditions
    FROM codes AS c
    JOIN reference.rcs_charlson AS r
        ON SUBSTRING(c.diagnosis_code, 1, LENGTH(r.icd10_prefix)) = r.icd10_prefix
    WHERE r.drop_for_cancer_audit = 'no' AND c.within_charlson
    GROUP BY c.person_id
),

deficits AS (
    SELECT
        c.person_id,
        r.deficit
    FROM codes AS c
    JOIN reference.scarf_deficits AS r
        ON SUBSTRING(c.diagnosis_code, 1, LENGTH(r.icd10_prefix)) = r.icd10_prefix

    UNION

    SELECT
        h.person_id,
        r.deficit
    FROM history AS h
    JOIN reference.scarf_admin_codes AS r
        ON
            (r.field = 'ADMISORC' AND h.admission_source = r.code)
            OR (r.field = 'DISDEST' AND h.discharge_destination = r.code)
),

scarf AS (
    SELECT
        person_id,
        COUNT(*) AS deficits
    FROM deficits
    GROUP BY person_id
)

SELECT
    p.person_id,
    CASE WHEN a.delivered THEN LEAST(COALESCE(c.charlson_conditions, 0), $charlson_cap) END AS charlson,
    CASE WHEN a.delivered THEN LEAST(COALESCE(s.deficits, 0), $scarf_deficits) END AS scarf,
    CASE
        WHEN NOT a.delivered THEN NULL
        WHEN COALESCE(s.deficits, 0) >= $scarf_severe_minimum THEN 'severe'
        WHEN COALESCE(s.deficits, 0) >= $scarf_moderate_minimum THEN 'moderate'
        WHEN COALESCE(s.deficits, 0) >= $scarf_mild_minimum THEN 'mild'
        ELSE 'fit'
    END AS frailty
FROM people AS p
CROSS JOIN admissions AS a
LEFT JOIN charlson AS c ON p.person_id = c.person_id
LEFT JOIN scarf AS s ON p.person_id = s.person_id
