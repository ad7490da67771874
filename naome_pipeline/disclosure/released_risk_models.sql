-- Risk models as published: national coefficients, discrimination, calibration and notes. What they expect of a
-- provider is in released_comparison.
SELECT
    indicator,
    part,
    unit,
    measure,
    value,
    note
FROM risk_models
WHERE part <> 'provider'
