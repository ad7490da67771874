-- The first admission with spinal cord compression after the diagnosis: the compression code together with a
-- secondary of bone or nervous system in the same episode. One that names another cancer, and not breast cancer, is about
-- that one, as its treatment is.
WITH episodes AS (
    SELECT
        p.person_id,
        p.mbc_date,
        h.episode_id,
        h.episode_start,
        d.diagnosis_code
    FROM people AS p
    JOIN hes_apc AS h ON p.person_id = h.person_id
    CROSS JOIN UNNEST(h.diagnosis_codes) AS d(diagnosis_code)
    WHERE
        DATE_DIFF('day', p.mbc_date, h.episode_start) BETWEEN $treatment_window_start AND $treatment_window_end
        AND d.diagnosis_code IS NOT NULL
),

compressed AS (
    SELECT
        e.person_id,
        e.episode_id,
        e.episode_start,
        MAX(CASE WHEN e.diagnosis_code LIKE 'C50%' THEN 1 ELSE 0 END) = 1 AS names_breast
    FROM episodes AS e
    LEFT JOIN reference.icd10_mscc AS r
        ON SUBSTRING(e.diagnosis_code, 1, 4) = r.code AND r.strength = 'strong'
    GROUP BY e.person_id, e.episode_id, e.episode_start
    HAVING
        MAX(CASE WHEN r.code IS NOT NULL THEN 1 ELSE 0 END) = 1
        AND MAX(CASE WHEN SUBSTRING(e.diagnosis_code, 1, 4) IN ('C793', 'C794', 'C795') THEN 1 ELSE 0 END) = 1
),

of_another_cancer AS (
    SELECT DISTINCT
        c.person_id,
        c.episode_id,
        c.episode_start
    FROM compressed AS c
    JOIN episodes AS e
        ON c.person_id = e.person_id AND c.episode_id = e.episode_id AND c.episode_start = e.episode_start
    JOIN reference.other_cancers AS o ON SUBSTRING(e.diagnosis_code, 1, LENGTH(o.code)) = o.code
    WHERE NOT c.names_breast
)

SELECT
    c.person_id,
    MIN(c.episode_start) AS compression_date
FROM compressed AS c
LEFT JOIN of_another_cancer AS a
    ON c.person_id = a.person_id AND c.episode_id = a.episode_id AND c.episode_start = a.episode_start
WHERE a.person_id IS NULL
GROUP BY c.person_id
