-- Everybody an indicator can count, of both cohorts, with the quarter and the places they are counted in. The recurrent
-- cohort is experimental and counted for the nation only: a trust's share of the evidence says more about its records.
SELECT
    person_id,
    'de_novo' AS cohort,
    quarter_start,
    trust_code,
    alliance_code,
    nation
FROM person_facts

UNION ALL

SELECT
    person_id,
    'recurrent' AS cohort,
    quarter_start,
    trust_code,
    alliance_code,
    nation
FROM recurrent_facts
