-- Who gave the last chemotherapy cycle of the treatment window: 30-day mortality is also shown by treating trust.
WITH cycles AS (
    SELECT
        t.person_id,
        t.cycle_start_date,
        r.trust_code
    FROM treatments AS t
    JOIN people AS p ON t.person_id = p.person_id
    LEFT JOIN providers AS r ON SUBSTRING(t.provider_code, 1, 3) = r.provider_code
    WHERE
        t.source = 'sact'
        AND t.cytotoxic
        AND DATE_DIFF('day', p.mbc_date, t.cycle_start_date) BETWEEN $treatment_window_start AND $treatment_window_end
        AND (p.death_date IS NULL OR t.cycle_start_date <= p.death_date)
),

last_cycles AS (
    SELECT
        person_id,
        MAX(cycle_start_date) AS cycle_start_date
    FROM cycles
    GROUP BY person_id
)

-- Two trusts on one day: the first code, so that nobody counts twice.
SELECT
    c.person_id,
    MIN(c.trust_code) AS treating_trust_code
FROM cycles AS c
JOIN last_cycles AS l ON c.person_id = l.person_id AND c.cycle_start_date = l.cycle_start_date
GROUP BY c.person_id
