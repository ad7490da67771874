-- One wide row per person: every fact an indicator can ask for, counted in days from the MBC diagnosis.
-- The registry's denominators and numerators are expressions over these columns.
WITH mdt AS (
    SELECT
        m.person_id,
        TRUE AS any_date,
        MAX(CASE WHEN DATE_DIFF('day', p.mbc_date, m.mdt_date) BETWEEN $mdt_window_start AND $mdt_window_end
            THEN 1 ELSE 0 END) = 1 AS in_window,
        MAX(CASE WHEN m.meeting = 'breast' AND DATE_DIFF('day', p.mbc_date, m.mdt_date)
            BETWEEN $mdt_window_start AND $mdt_window_end THEN 1 ELSE 0 END) = 1 AS breast_in_window,
        MAX(CASE WHEN m.meeting = 'other' AND DATE_DIFF('day', p.mbc_date, m.mdt_date)
            BETWEEN $mdt_window_start AND $mdt_window_end THEN 1 ELSE 0 END) = 1 AS other_in_window
    FROM mdt_discussions AS m
    JOIN people AS p ON m.person_id = p.person_id
    GROUP BY m.person_id
),

nurse_codes AS (
    SELECT person_id, cns_code FROM cosd_at_diagnosis WHERE cns_code IS NOT NULL
    UNION
    SELECT person_id, cns_code FROM cohort_assessment WHERE cns_code IS NOT NULL AND exclusion IS NULL
),

nurse AS (
    SELECT
        n.person_id,
        MAX(CASE WHEN r.counts_as_yes = 'yes' THEN 1 ELSE 0 END) = 1 AS contact,
        MAX(CASE WHEN r.counts_as_recorded = 'yes' THEN 1 ELSE 0 END) = 1 AS recorded
    FROM nurse_codes AS n
    JOIN reference.cosd_cns_codes AS r ON n.cns_code = r.code
    GROUP BY n.person_id
),

fitness AS (
    SELECT DISTINCT a.person_id
    FROM cosd_fitness AS a
    JOIN people AS p ON a.person_id = p.person_id
    WHERE
        (a.assessment_indicator = 'Y' OR a.clinical_frailty_scale IN ('1', '2', '3', '4', '5', '6', '7', '8', '9'))
        AND (a.assessment_date IS NULL OR p.death_date IS NULL OR a.assessment_date <= p.death_date)
),

sites AS (
    SELECT DISTINCT c.person_id
    FROM cosd_at_diagnosis AS c
    CROSS JOIN UNNEST(c.metastatic_sites) AS s(metastatic_site)
    -- A site that is "unknown" is none that was recorded; regional nodes are no metastasis.
    JOIN reference.cosd_metastatic_type_site AS r ON s.metastatic_site = r.code AND r.system LIKE '%site'
    WHERE r.distant <> 'no' AND r."group" <> 'unknown'
),

ledger AS (
    SELECT
        person_id,
        MAX(CASE WHEN source <> 'hospital_diagnosis' THEN 1 ELSE 0 END) = 1 AS recorded_as_metastatic
    FROM evidence_ledger
    GROUP BY person_id
),

windowed AS (
    SELECT
        t.person_id,
        t.kind,
        t.source,
        t.drug_group,
        t.cytotoxic,
        t.site,
        t.treatment_date,
        t.cycle_start_date,
        p.death_date,
        DATE_DIFF('day', p.mbc_date, t.treatment_date) AS day,
        DATE_DIFF('day', p.mbc_date, t.cycle_start_date) AS cycle_day
    FROM treatments AS t
    JOIN people AS p ON t.person_id = p.person_id
),

received AS (
    SELECT
        person_id,
        MAX(CASE WHEN cytotoxic THEN 1 ELSE 0 END) = 1 AS chemotherapy,
        MAX(CASE WHEN drug_group = 'bone_modifying' THEN 1 ELSE 0 END) = 1 AS bone_agent,
        MAX(CASE WHEN drug_group = 'bone_modifying' AND source = 'sact' THEN 1 ELSE 0 END) = 1 AS bone_agent_in_sact,
        MAX(CASE WHEN source = 'sact' THEN 1 ELSE 0 END) = 1 AS in_sact,
        MAX(CASE WHEN source = 'rtds' THEN 1 ELSE 0 END) = 1 AS in_rtds,
        MAX(CASE WHEN kind = 'radiotherapy' THEN 1 ELSE 0 END) = 1 AS radiotherapy,
        MAX(CASE WHEN kind = 'radiotherapy' AND site = 'bone' THEN 1 ELSE 0 END) = 1 AS bone_radiotherapy,
        MAX(CASE WHEN kind = 'radiotherapy' AND site = 'brain' THEN 1 ELSE 0 END) = 1 AS brain_radiotherapy,
        MIN(
            CASE
                WHEN
                    (kind = 'drug' AND drug_group <> 'bone_modifying')
                    OR kind IN ('chemotherapy_delivery', 'radiotherapy', 'resection')
                    THEN GREATEST(day, 0)
            END
        ) AS days_to_treatment
    FROM windowed
    WHERE day BETWEEN $treatment_window_start AND $treatment_window_end
    GROUP BY person_id
),

-- A cycle dated after the death was planned, not given.
cycles AS (
    SELECT
        person_id,
        MAX(cycle_start_date) AS last_cycle_start
    FROM windowed
    WHERE
        source = 'sact'
        AND cytotoxic
        AND cycle_day BETWEEN $treatment_window_start AND $treatment_window_end
        AND (death_date IS NULL OR cycle_start_date <= death_date)
    GROUP BY person_id
),

compression AS (
    SELECT
        c.person_id,
        MAX(
            CASE
                WHEN
                    t.kind IN ('radiotherapy', 'spinal_decompression')
                    AND DATE_DIFF('day', c.compression_date, t.treatment_date)
                    BETWEEN 0 AND $spinal_compression_days
                    THEN 1
                ELSE 0
            END
        ) = 1 AS treated_in_time
    FROM cord_compressions AS c
    LEFT JOIN treatments AS t ON c.person_id = t.person_id
    GROUP BY c.person_id
),

continuing AS (
    SELECT DISTINCT f.person_id
    FROM first_line AS f
    JOIN treatments AS t ON f.person_id = t.person_id
    WHERE
        t.kind = 'drug'
        AND t.drug_group <> 'bone_modifying'
        AND ABS(DATE_DIFF('day', f.first_line_start, t.treatment_date) - $on_treatment_days) <= $on_treatment_tolerance
)

SELECT
    p.person_id,
    p.mbc_date,
    p.quarter_start,
    p.trust_code,
    p.alliance_code,
    p.nation,
    c.age,
    c.sex,
    c.frailty,
    c.performance_status,
    c.er,
    c.pr,
    c.her2,
    c.subtype,
    r.pd_l1,
    c.bone,
    c.liver,
    c.lung,
    c.brain,
    c.other,
    c.known_sites,
    r.determined_by_biopsy,
    p.stage,
    DATE_DIFF('day', p.mbc_date, p.death_date) AS days_to_death,
    p.died_undated,
    COALESCE(m.any_date, FALSE) AS mdt_any_date,
    COALESCE(m.in_window, FALSE) AS mdt_in_window,
    COALESCE(m.breast_in_window, FALSE) AS mdt_breast_in_window,
    COALESCE(m.other_in_window, FALSE) AS mdt_other_in_window,
    COALESCE(n.contact, FALSE) AS cns_contact,
    COALESCE(n.recorded, FALSE) AS cns_recorded,
    f.person_id IS NOT NULL AS fitness_assessed,
    s.person_id IS NOT NULL AS site_recorded,
    COALESCE(l.recorded_as_metastatic, FALSE) AS recorded_as_metastatic,
    COALESCE(x.chemotherapy, FALSE) AS chemotherapy,
    COALESCE(x.bone_agent, FALSE) AS bone_agent,
    COALESCE(x.bone_agent_in_sact, FALSE) AS bone_agent_in_sact,
    COALESCE(x.in_sact, FALSE) AS in_sact,
    COALESCE(x.in_rtds, FALSE) AS in_rtds,
    COALESCE(x.radiotherapy, FALSE) AS radiotherapy,
    COALESCE(x.bone_radiotherapy, FALSE) AS bone_radiotherapy,
    COALESCE(x.brain_radiotherapy, FALSE) AS brain_radiotherapy,
    x.days_to_treatment,
    y.person_id IS NOT NULL AS had_cycle,
    DATE_DIFF('day', y.last_cycle_start, p.death_date) AS days_from_last_cycle_to_death,
    z.person_id IS NOT NULL AS cord_compression,
    COALESCE(z.treated_in_time, FALSE) AS cord_compression_treated_in_time,
    g.person_id IS NOT NULL AS first_line_started,
    DATE_DIFF('day', g.first_line_start, p.death_date) AS days_from_first_line_to_death,
    COALESCE(g.chemotherapy, FALSE) AS first_line_chemotherapy,
    COALESCE(g.endocrine, FALSE) AS first_line_endocrine,
    COALESCE(g.cdk46, FALSE) AS first_line_cdk46,
    COALESCE(g.anti_her2, FALSE) AS first_line_anti_her2,
    COALESCE(g.anti_her2_agents, 0) AS first_line_anti_her2_agents,
    COALESCE(g.immune_checkpoint, FALSE) AS first_line_immune_checkpoint,
    h.person_id IS NOT NULL AS on_treatment_at_12_months
FROM people AS p
JOIN case_mix AS c ON p.person_id = c.person_id
JOIN receptors AS r ON p.person_id = r.person_id
LEFT JOIN mdt AS m ON p.person_id = m.person_id
LEFT JOIN nurse AS n ON p.person_id = n.person_id
LEFT JOIN fitness AS f ON p.person_id = f.person_id
LEFT JOIN sites AS s ON p.person_id = s.person_id
LEFT JOIN ledger AS l ON p.person_id = l.person_id
LEFT JOIN received AS x ON p.person_id = x.person_id
LEFT JOIN cycles AS y ON p.person_id = y.person_id
LEFT JOIN compression AS z ON p.person_id = z.person_id
LEFT JOIN first_line AS g ON p.person_id = g.person_id
LEFT JOIN continuing AS h ON p.person_id = h.person_id
