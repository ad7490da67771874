-- Receptor status at diagnosis: the registry's, else from pathology near the diagnosis. Unknown stays null:
-- a person of unknown status leaves the denominators that need it.
WITH pathology AS (
    SELECT
        p.person_id,
        g.specimen_nature,
        g.er_status,
        g.pr_status,
        g.her2_status,
        g.her2_ish_status
    FROM people AS p
    JOIN cosd_pathology AS g ON p.person_id = g.person_id
    WHERE
        DATE_DIFF('day', p.mbc_date, COALESCE(g.sample_date, g.result_date))
        BETWEEN $receptor_window_start AND $receptor_window_end
),

recorded AS (
    SELECT
        person_id,
        MAX(CASE WHEN er_status = 'P' THEN 2 WHEN er_status = 'N' THEN 1 END) AS er,
        MAX(CASE WHEN pr_status = 'P' THEN 2 WHEN pr_status = 'N' THEN 1 END) AS pr,
        MAX(
            CASE
                WHEN her2_status = 'P' OR her2_ish_status = 'P' THEN 2
                WHEN her2_status IN ('N', 'N1', 'N2') OR her2_ish_status = 'N' THEN 1
            END
        ) AS her2,
        MAX(CASE WHEN specimen_nature = '1' AND er_status IN ('P', 'N') THEN 1 ELSE 0 END) AS er_from_primary,
        MAX(
            CASE
                WHEN
                    specimen_nature = '1'
                    AND (her2_status IN ('P', 'N', 'N1', 'N2') OR her2_ish_status IN ('P', 'N'))
                    THEN 1
                ELSE 0
            END
        ) AS her2_from_primary
    FROM pathology
    GROUP BY person_id
),

-- PD-L1 from molecular tests; how the result is written is our assumption (a or P: abnormal, positive; b or N: not).
checkpoint AS (
    SELECT
        p.person_id,
        MAX(
            CASE
                WHEN SUBSTRING(UPPER(TRIM(s.test_status)), 1, 1) IN ('A', 'P') THEN 2
                WHEN SUBSTRING(UPPER(TRIM(s.test_status)), 1, 1) IN ('B', 'N') THEN 1
            END
        ) AS pd_l1
    FROM people AS p
    JOIN somatic AS s ON p.person_id = s.person_id
    WHERE
        REPLACE(REPLACE(UPPER(TRIM(s.gene)), '-', ''), '_', '') IN ('PDL1', 'CD274')
        AND DATE_DIFF('day', p.mbc_date, s.test_date) BETWEEN $receptor_window_start AND $receptor_window_end
    GROUP BY p.person_id
),

registered AS (
    SELECT
        p.person_id,
        t.er_status,
        t.pr_status,
        t.her2_status
    FROM people AS p
    JOIN tumours AS t ON p.tumour_id = t.tumour_id
)

SELECT
    p.person_id,
    CASE COALESCE(CASE WHEN t.er_status = 'P' THEN 2 WHEN t.er_status = 'N' THEN 1 END, r.er)
        WHEN 2 THEN 'positive'
        WHEN 1 THEN 'negative'
    END AS er,
    CASE COALESCE(CASE WHEN t.pr_status = 'P' THEN 2 WHEN t.pr_status = 'N' THEN 1 END, r.pr)
        WHEN 2 THEN 'positive'
        WHEN 1 THEN 'negative'
    END AS pr,
    CASE COALESCE(CASE WHEN t.her2_status = 'P' THEN 2 WHEN t.her2_status = 'N' THEN 1 END, r.her2)
        WHEN 2 THEN 'positive'
        WHEN 1 THEN 'negative'
    END AS her2,
    CASE c.pd_l1 WHEN 2 THEN 'positive' WHEN 1 THEN 'negative' END AS pd_l1,
    COALESCE(r.er_from_primary = 1 AND r.her2_from_primary = 1, FALSE) AS determined_by_biopsy
FROM people AS p
LEFT JOIN recorded AS r ON p.person_id = r.person_id
LEFT JOIN checkpoint AS c ON p.person_id = c.person_id
LEFT JOIN registered AS t ON p.person_id = t.person_id
