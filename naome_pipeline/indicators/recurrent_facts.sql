-- One row per person whose distant recurrence lies in the reported quarters (experimental): what the indicators of the
-- recurrent cohort ask for. Days count from the recurrence.
WITH procedures AS (
    SELECT
        h.person_id,
        'hes_apc' AS source,
        CONCAT_WS(' ', h.episode_id, h.financial_year) AS record_id,
        o.place,
        COALESCE(h.procedure_dates[o.place], h.episode_start) AS procedure_date,
        h.procedure_codes[o.place] AS procedure_code
    FROM hes_apc AS h
    JOIN recurrences AS r ON h.person_id = r.person_id
    CROSS JOIN UNNEST(GENERATE_SERIES(1, 24)) AS o(place)
    WHERE h.procedure_codes[o.place] IS NOT NULL
    UNION ALL
    SELECT
        h.person_id,
        'hes_op' AS source,
        h.attendance_id AS record_id,
        o.place,
        h.appointment_date AS procedure_date,
        h.procedure_codes[o.place] AS procedure_code
    FROM hes_op AS h
    JOIN recurrences AS r ON h.person_id = r.person_id
    CROSS JOIN UNNEST(GENERATE_SERIES(1, 24)) AS o(place)
    WHERE h.attended IN ('5', '6') AND h.procedure_codes[o.place] IS NOT NULL
),

-- A biopsy "of organ" (Y20) says where by the next site code of the same stay or attendance.
sited AS (
    SELECT
        p.person_id,
        p.source,
        p.record_id,
        p.procedure_date,
        MIN(z.place) AS site_place
    FROM procedures AS p
    JOIN reference.opcs4_biopsy_metastatic_site AS b ON p.procedure_code = b.code AND b."use" = 'with_Z_site'
    JOIN procedures AS z
        ON
            p.person_id = z.person_id
            AND p.source = z.source
            AND p.record_id = z.record_id
            AND p.place < z.place
            AND z.procedure_code LIKE 'Z%'
    GROUP BY p.person_id, p.source, p.record_id, p.place, p.procedure_date
),

tissue AS (
    SELECT
        p.person_id,
        p.procedure_date AS tissue_date
    FROM procedures AS p
    JOIN reference.opcs4_biopsy_metastatic_site AS b ON p.procedure_code = b.code AND b."use" = 'include'
    UNION ALL
    -- Breast, skin, chest wall and nodes can be local.
    SELECT
        s.person_id,
        s.procedure_date AS tissue_date
    FROM sited AS s
    JOIN procedures AS z
        ON
            s.person_id = z.person_id
            AND s.source = z.source
            AND s.record_id = z.record_id
            AND s.site_place = z.place
    JOIN reference.rtds_anatomical_site_groups AS g
        ON SUBSTRING(z.procedure_code, 1, LENGTH(g.code)) = g.code
    WHERE g."group" IN ('bone', 'brain', 'liver') OR g.code IN ('Z245', 'Z246')
    UNION ALL
    SELECT
        person_id,
        COALESCE(sample_date, result_date) AS tissue_date
    FROM cosd_pathology
    WHERE specimen_nature = '5'
),

biopsied AS (
    SELECT DISTINCT t.person_id
    FROM tissue AS t
    JOIN recurrences AS r ON t.person_id = r.person_id
    WHERE DATE_DIFF('day', r.recurrence_date, t.tissue_date) BETWEEN $biopsy_window_start AND $biopsy_window_end
)

SELECT
    r.person_id,
    r.recurrence_date,
    r.quarter_start,
    r.trust_code,
    r.alliance_code,
    r.nation,
    r.certainty,
    r.sources,
    DATE_DIFF('day', r.diagnosis_date, r.recurrence_date) AS days_from_diagnosis,
    DATE_DIFF('day', r.recurrence_date, r.death_date) AS days_to_death,
    b.person_id IS NOT NULL AS metastasis_biopsied
FROM recurrences AS r
LEFT JOIN biopsied AS b ON r.person_id = b.person_id
WHERE r.reported
