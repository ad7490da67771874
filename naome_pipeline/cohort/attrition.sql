-- How the delivery becomes the cohort: what each step removed and what it left, rows first, then people.
WITH delivered AS (
    SELECT
        COALESCE(SUM(rows_in), 0) AS rows_in,
        COALESCE(SUM(rows_quarantined), 0) AS rows_quarantined
    FROM delivered_rows
    WHERE data_set = 'tumours'
),

usable AS (
    SELECT
        COUNT(*) AS tumour_rows,
        COALESCE(SUM(CASE WHEN site_icd10 LIKE 'C50%' AND COALESCE(behaviour, '3') = '3' THEN 1 ELSE 0 END), 0) AS breast_rows
    FROM tumours
),

persons AS (
    SELECT
        COUNT(*) AS everyone,
        COALESCE(SUM(CASE WHEN exclusion = 'not_known_to_be_adult' THEN 1 ELSE 0 END), 0) AS not_adult,
        COALESCE(SUM(CASE WHEN exclusion = 'death_certificate_only' THEN 1 ELSE 0 END), 0) AS certificate_only,
        COALESCE(SUM(CASE WHEN exclusion = 'not_diagnosed_in_nhs_hospital' THEN 1 ELSE 0 END), 0) AS not_nhs,
        COALESCE(SUM(CASE WHEN exclusion = 'death_before_diagnosis' THEN 1 ELSE 0 END), 0) AS impossible_dates,
        COALESCE(SUM(CASE WHEN exclusion = 'outside_reported_quarters' THEN 1 ELSE 0 END), 0) AS outside_period,
        COALESCE(SUM(CASE WHEN exclusion = 'no_evidence_of_distant_spread' THEN 1 ELSE 0 END), 0) AS no_evidence,
        COALESCE(SUM(CASE WHEN exclusion IS NULL THEN 1 ELSE 0 END), 0) AS included
    FROM cohort_assessment
),

steps AS (
    SELECT 1 AS step, 'rows' AS unit, 'Tumour rows delivered' AS title, 0 AS removed, d.rows_in AS remaining
    FROM delivered AS d
    UNION ALL
    SELECT 2, 'rows', 'Unusable rows put in quarantine', d.rows_quarantined, u.tumour_rows
    FROM delivered AS d CROSS JOIN usable AS u
    UNION ALL
    SELECT 3, 'rows', 'Not an invasive breast tumour', u.tumour_rows - u.breast_rows, u.breast_rows
    FROM usable AS u
    UNION ALL
    SELECT 4, 'people', 'Later breast tumours of the same person', u.breast_rows - p.everyone, p.everyone
    FROM usable AS u CROSS JOIN persons AS p
    UNION ALL
    SELECT 5, 'people', 'Age not recorded, or under 18', p.not_adult, p.everyone - p.not_adult
    FROM persons AS p
    UNION ALL
    SELECT 6, 'people', 'Known from a death certificate only', p.certificate_only,
        p.everyone - p.not_adult - p.certificate_only
    FROM persons AS p
    UNION ALL
    SELECT 7, 'people', 'Not diagnosed in an NHS hospital of England or Wales', p.not_nhs,
        p.everyone - p.not_adult - p.certificate_only - p.not_nhs
    FROM persons AS p
    UNION ALL
    SELECT 8, 'people', 'Date of death before the date of diagnosis', p.impossible_dates,
        p.everyone - p.not_adult - p.certificate_only - p.not_nhs - p.impossible_dates
    FROM persons AS p
    UNION ALL
    SELECT 9, 'people', 'Diagnosed outside the reported quarters', p.outside_period, p.no_evidence + p.included
    FROM persons AS p
    UNION ALL
    SELECT 10, 'people', 'No evidence of distant spread at diagnosis', p.no_evidence, p.included
    FROM persons AS p
)

SELECT
    step,
    unit,
    title,
    CAST(removed AS BIGINT) AS removed,
    CAST(remaining AS BIGINT) AS remaining
FROM steps
