-- Where the metastases were at diagnosis: a site counts when COSD or a hospital code names it.
SELECT
    p.person_id,
    COALESCE(MAX(CASE WHEN f.site = 'bone' THEN 1 ELSE 0 END), 0) = 1 AS bone,
    COALESCE(MAX(CASE WHEN f.site = 'liver' THEN 1 ELSE 0 END), 0) = 1 AS liver,
    COALESCE(MAX(CASE WHEN f.site = 'lung' THEN 1 ELSE 0 END), 0) = 1 AS lung,
    COALESCE(MAX(CASE WHEN f.site = 'brain' THEN 1 ELSE 0 END), 0) = 1 AS brain,
    COALESCE(MAX(CASE WHEN f.site = 'other' THEN 1 ELSE 0 END), 0) = 1 AS other,
    COUNT(DISTINCT f.site) AS known_sites
FROM people AS p
LEFT JOIN distant_findings AS f ON p.person_id = f.person_id
GROUP BY p.person_id
