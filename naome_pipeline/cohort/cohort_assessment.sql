-- Everybody with an invasive breast tumour, measured against the inclusion rules in their order.
-- `exclusion` is the first rule a person fails; null means in the cohort. `naome explain` reads this table.
-- Deaths: the death registration; of people it does not have, or has without a date, the date that the cancer registry
-- holds. Whoever is registered as dead and has no date anywhere is marked: neither alive nor dead on any day.
WITH first_death AS (
    SELECT
        person_id,
        MIN(death_date) AS death_date
    FROM deaths
    GROUP BY person_id
),

registry_death AS (
    SELECT
        person_id,
        MIN(death_date) AS death_date
    FROM tumours
    WHERE death_date IS NOT NULL
    GROUP BY person_id
),

evidence AS (
    SELECT
        person_id,
        COUNT(*) AS evidence_sources,
        MIN(evidence_date) AS first_evidence_date
    FROM evidence_ledger
    GROUP BY person_id
),

assessed AS (
    SELECT
        i.person_id,
        i.tumour_id,
        i.diagnosis_date,
        i.sex,
        i.age,
        i.stage,
        i.ethnicity,
        i.imd_quintile,
        i.performance_status,
        i.basis_of_diagnosis,
        i.dco,
        b.cohort_use = 'exclude' AS excluded_by_basis,
        i.cns_code,
        i.first_mdt_date,
        i.trust_code AS provider_code_sent,
        p.trust_code,
        p.trust_name,
        p.alliance_code,
        p.alliance_name,
        p.nation,
        COALESCE(d.death_date, r.death_date) AS death_date,
        d.person_id IS NOT NULL AND d.death_date IS NULL AND r.death_date IS NULL AS died_undated,
        COALESCE(e.evidence_sources, 0) AS evidence_sources,
        e.first_evidence_date
    FROM index_tumours AS i
    LEFT JOIN providers AS p ON SUBSTRING(i.trust_code, 1, 3) = p.provider_code
    LEFT JOIN reference.basis_of_diagnosis AS b ON i.basis_of_diagnosis = b.code
    LEFT JOIN first_death AS d ON i.person_id = d.person_id
    LEFT JOIN registry_death AS r ON i.person_id = r.person_id
    LEFT JOIN evidence AS e ON i.person_id = e.person_id
)

SELECT
    person_id,
    tumour_id,
    diagnosis_date,
    sex,
    age,
    stage,
    ethnicity,
    imd_quintile,
    performance_status,
    basis_of_diagnosis,
    dco,
    cns_code,
    first_mdt_date,
    provider_code_sent,
    trust_code,
    trust_name,
    alliance_code,
    alliance_name,
    nation,
    death_date,
    died_undated,
    evidence_sources,
    first_evidence_date,
    CASE
        WHEN age IS NULL OR age < $minimum_age THEN 'not_known_to_be_adult'
        WHEN excluded_by_basis OR dco = 'Y' THEN 'death_certificate_only'
        WHEN trust_code IS NULL THEN 'not_diagnosed_in_nhs_hospital'
        WHEN death_date < diagnosis_date THEN 'death_before_diagnosis'
        WHEN diagnosis_date < $first_reported_day OR diagnosis_date > $period_end THEN 'outside_reported_quarters'
        WHEN evidence_sources = 0 THEN 'no_evidence_of_distant_spread'
    END AS exclusion
FROM assessed
