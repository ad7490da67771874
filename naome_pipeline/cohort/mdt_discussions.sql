-- Dates on which the person was discussed in a multidisciplinary team meeting, with the kind of meeting.
-- A block marked "not discussed" is no discussion.
WITH blocks AS (
    SELECT
        p.person_id,
        c.mdt_dates[b.place] AS mdt_date,
        c.mdt_types[b.place] AS mdt_type,
        c.mdt_not_discussed[b.place] AS not_discussed
    FROM people AS p
    JOIN cosd AS c ON p.person_id = c.person_id
    CROSS JOIN UNNEST(GENERATE_SERIES(1, 10)) AS b(place)
)

SELECT DISTINCT
    m.person_id,
    m.mdt_date,
    CASE WHEN r.breast_mdt = 'yes' THEN 'breast' WHEN r.code IS NOT NULL THEN 'other' END AS meeting
FROM blocks AS m
LEFT JOIN reference.cosd_mdt_types AS r ON m.mdt_type = r.code
WHERE m.mdt_date IS NOT NULL AND COALESCE(m.not_discussed, '') <> '1'

UNION

SELECT
    p.person_id,
    c.care_plan_mdt_date AS mdt_date,
    CAST(NULL AS VARCHAR) AS meeting
FROM people AS p
JOIN cosd AS c ON p.person_id = c.person_id
WHERE c.care_plan_mdt_date IS NOT NULL

UNION

SELECT
    p.person_id,
    a.first_mdt_date AS mdt_date,
    CAST(NULL AS VARCHAR) AS meeting
FROM people AS p
JOIN cohort_assessment AS a ON p.person_id = a.person_id
WHERE a.first_mdt_date IS NOT NULL
