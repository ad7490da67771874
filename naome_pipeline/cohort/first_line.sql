-- First line = every anti-cancer drug started within the first weeks after the first one, which itself starts
-- within a year of diagnosis. Bone agents are not anti-cancer drugs.
WITH drugs AS (
    SELECT
        t.person_id,
        t.treatment_date,
        t.drug_group,
        t.drug,
        t.cytotoxic,
        t.anti_her2_agents,
        p.mbc_date
    FROM treatments AS t
    JOIN people AS p ON t.person_id = p.person_id
    WHERE t.kind = 'drug' AND t.drug_group <> 'bone_modifying'
),

starts AS (
    SELECT
        person_id,
        MIN(treatment_date) AS first_line_start
    FROM drugs
    WHERE DATE_DIFF('day', mbc_date, treatment_date) BETWEEN $treatment_window_start AND $treatment_window_end
    GROUP BY person_id
),

-- A name of several drugs is in the group of the newest; an endocrine one among them counts too.
endocrine_names AS (
    SELECT DISTINCT label
    FROM reference.drug_groups
    WHERE is_endocrine = 'yes'
),

line AS (
    SELECT
        s.person_id,
        s.first_line_start,
        d.drug_group,
        d.cytotoxic,
        d.drug_group = 'endocrine' OR e.label IS NOT NULL AS endocrine,
        d.anti_her2_agents
    FROM starts AS s
    JOIN drugs AS d
        ON
            s.person_id = d.person_id
            AND DATE_DIFF('day', s.first_line_start, d.treatment_date) BETWEEN 0 AND $first_line_days
    LEFT JOIN endocrine_names AS e ON d.drug = e.label
),

agents AS (
    SELECT
        l.person_id,
        COUNT(DISTINCT TRIM(a.agent)) AS anti_her2_agents
    FROM line AS l
    CROSS JOIN UNNEST(STR_SPLIT(l.anti_her2_agents, ';')) AS a(agent)
    WHERE TRIM(a.agent) <> ''
    GROUP BY l.person_id
)

SELECT
    l.person_id,
    l.first_line_start,
    MAX(CASE WHEN l.cytotoxic THEN 1 ELSE 0 END) = 1 AS chemotherapy,
    MAX(CASE WHEN l.endocrine THEN 1 ELSE 0 END) = 1 AS endocrine,
    MAX(CASE WHEN l.drug_group = 'cdk46' THEN 1 ELSE 0 END) = 1 AS cdk46,
    MAX(CASE WHEN l.drug_group = 'anti_her2' THEN 1 ELSE 0 END) = 1 AS anti_her2,
    MAX(CASE WHEN l.drug_group = 'immune_checkpoint' THEN 1 ELSE 0 END) = 1 AS immune_checkpoint,
    COALESCE(MAX(a.anti_her2_agents), 0) AS anti_her2_agents
FROM line AS l
LEFT JOIN agents AS a ON l.person_id = a.person_id
GROUP BY l.person_id, l.first_line_start
