-- People diagnosed in quarters that two registries share, one row per person in the cohort of either: whom both know, and
-- what each says. Read from the tables of two releases, kept nowhere: `registry_agreement` counts it.
WITH full_recorded AS (
    SELECT DISTINCT person_id FROM full_ledger WHERE source <> 'hospital_diagnosis'
),

rapid_recorded AS (
    SELECT DISTINCT person_id FROM rapid_ledger WHERE source <> 'hospital_diagnosis'
),

full_people AS (
    SELECT
        a.person_id,
        -- Whom the audit counts in this nation: of people registered in two, one nation's.
        p.person_id IS NOT NULL AS counted,
        a.diagnosis_date,
        a.trust_code,
        a.nation,
        a.stage,
        t.m_category,
        c.er,
        c.her2,
        c.performance_status,
        c.ethnicity,
        l.person_id IS NOT NULL AS metastatic_recorded
    FROM full_assessment AS a
    JOIN full_tumours AS t ON a.person_id = t.person_id
    LEFT JOIN people AS p ON a.person_id = p.person_id AND a.nation = p.nation AND a.exclusion IS NULL
    LEFT JOIN full_case_mix AS c ON a.person_id = c.person_id
    LEFT JOIN full_recorded AS l ON a.person_id = l.person_id
),

-- The trust as the full registry's release maps it: a merger between the two releases is no disagreement.
rapid_people AS (
    SELECT
        a.person_id,
        a.exclusion IS NULL AS counted,
        a.diagnosis_date,
        p.trust_code,
        a.nation,
        a.stage,
        t.m_category,
        c.er,
        c.her2,
        c.performance_status,
        c.ethnicity,
        l.person_id IS NOT NULL AS metastatic_recorded
    FROM rapid_assessment AS a
    JOIN rapid_tumours AS t ON a.person_id = t.person_id
    LEFT JOIN rapid_case_mix AS c ON a.person_id = c.person_id
    LEFT JOIN rapid_recorded AS l ON a.person_id = l.person_id
    LEFT JOIN providers AS p ON SUBSTRING(a.provider_code_sent, 1, 3) = p.provider_code
),

paired AS (
    SELECT
        COALESCE(f.diagnosis_date, r.diagnosis_date) AS diagnosis_date,
        COALESCE(f.nation, r.nation) AS nation,
        f.trust_code,
        f.counted IS TRUE AS in_full,
        r.counted IS TRUE AS in_rapid,
        r.person_id IS NOT NULL AS registered,
        DATE_DIFF('day', f.diagnosis_date, r.diagnosis_date) AS days_apart,
        f.trust_code = r.trust_code AS same_trust,
        CASE WHEN SUBSTRING(f.stage, 1, 1) IN ('0', '1', '2', '3', '4') THEN SUBSTRING(f.stage, 1, 1) END AS full_stage,
        CASE WHEN SUBSTRING(r.stage, 1, 1) IN ('0', '1', '2', '3', '4') THEN SUBSTRING(r.stage, 1, 1) END AS rapid_stage,
        CASE WHEN SUBSTRING(f.m_category, 1, 1) IN ('0', '1') THEN SUBSTRING(f.m_category, 1, 1) END AS full_m,
        CASE WHEN SUBSTRING(r.m_category, 1, 1) IN ('0', '1') THEN SUBSTRING(r.m_category, 1, 1) END AS rapid_m,
        CASE WHEN f.metastatic_recorded THEN 'yes' END AS full_metastatic_recorded,
        CASE WHEN r.metastatic_recorded THEN 'yes' END AS rapid_metastatic_recorded,
        f.er AS full_er,
        r.er AS rapid_er,
        f.her2 AS full_her2,
        r.her2 AS rapid_her2,
        f.performance_status AS full_performance_status,
        r.performance_status AS rapid_performance_status,
        f.ethnicity AS full_ethnicity,
        r.ethnicity AS rapid_ethnicity
    FROM full_people AS f
    FULL JOIN rapid_people AS r ON f.person_id = r.person_id
)

SELECT
    *,
    CAST(DATE_TRUNC('quarter', diagnosis_date) AS DATE) AS quarter_start
FROM paired
WHERE (in_full OR in_rapid) AND diagnosis_date BETWEEN $first_common_day AND $last_common_day
