-- What providers are compared after: age, sex, deprivation (1 = most deprived), ethnicity, comorbidity, frailty,
-- performance status, receptor subtype and sites. Unknown stays null; it is imputed later, never guessed here.
WITH cosd_status AS (
    SELECT
        person_id,
        MIN(performance_status) AS performance_status
    FROM cosd_at_diagnosis
    WHERE performance_status IN ('0', '1', '2', '3', '4')
    GROUP BY person_id
)

SELECT
    p.person_id,
    p.age,
    CASE p.sex WHEN '1' THEN 'male' WHEN '2' THEN 'female' END AS sex,
    CASE WHEN a.imd_quintile BETWEEN 1 AND 5 THEN a.imd_quintile END AS imd_quintile,
    NULLIF(e.natcan_broad_group, 'Not known') AS ethnicity,
    CASE
        WHEN a.performance_status IN ('0', '1', '2', '3', '4') THEN a.performance_status
        ELSE s.performance_status
    END AS performance_status,
    c.charlson,
    c.scarf,
    c.frailty,
    r.er,
    r.pr,
    r.her2,
    CASE
        WHEN r.er = 'negative' AND r.pr = 'negative' AND r.her2 = 'negative' THEN 'triple_negative'
        WHEN r.her2 = 'positive' THEN 'her2_positive'
        WHEN r.her2 = 'negative' AND (r.er = 'positive' OR r.pr = 'positive') THEN 'hormone_positive_her2_negative'
    END AS subtype,
    m.bone,
    m.liver,
    m.lung,
    m.brain,
    m.other,
    m.known_sites,
    EXTRACT(YEAR FROM p.mbc_date) AS mbc_year
FROM people AS p
JOIN cohort_assessment AS a ON p.person_id = a.person_id
JOIN comorbidity AS c ON p.person_id = c.person_id
JOIN receptors AS r ON p.person_id = r.person_id
JOIN metastatic_sites AS m ON p.person_id = m.person_id
LEFT JOIN reference.ethnicity AS e ON a.ethnicity = e.code
LEFT JOIN cosd_status AS s ON p.person_id = s.person_id
