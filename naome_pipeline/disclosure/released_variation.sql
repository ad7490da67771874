-- How much of the variation lies between providers, national figures, as published. Nothing is said of very few people.
SELECT
    indicator,
    measure,
    CASE WHEN people >= $fewest_people THEN value END AS value,
    CASE WHEN people >= $fewest_people THEN lower END AS lower,
    CASE WHEN people >= $fewest_people THEN upper END AS upper,
    CASE WHEN people >= $fewest_people THEN p END AS p,
    CASE WHEN people >= $fewest_people THEN trusts END AS trusts,
    CASE WHEN people >= $fewest_people THEN people END AS people,
    CASE WHEN people >= $fewest_people OR people IS NULL THEN note ELSE 'about very few people' END AS note
FROM provider_variation
