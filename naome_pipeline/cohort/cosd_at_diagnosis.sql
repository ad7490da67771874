-- COSD records that belong to the index tumour: same person, breast cancer, diagnosis dates near each other.
-- COSD carries no registry tumour key in the flat view, so nearness in time is the link. A record of another cancer of
-- the same weeks says where that one spread to.
SELECT
    c.person_id,
    c.record_id,
    c.diagnosis_date,
    c.performance_status,
    c.cns_code,
    c.metastatic_types,
    c.metastatic_sites
FROM cosd AS c
JOIN index_tumours AS i ON c.person_id = i.person_id
WHERE
    COALESCE(c.site_icd10, 'C50') LIKE 'C50%'
    AND ABS(DATE_DIFF('day', i.diagnosis_date, c.diagnosis_date)) <= $cosd_link_days
