-- The ledger: one row per person and source that shows distant spread at first diagnosis, with its first date.
SELECT
    person_id,
    source,
    MIN(finding_date) AS evidence_date,
    COUNT(*) AS findings
FROM distant_findings
GROUP BY person_id, source
