-- How the delivery became the cohort, national numbers only.
SELECT
    step,
    unit,
    title,
    removed,
    remaining
FROM attrition
