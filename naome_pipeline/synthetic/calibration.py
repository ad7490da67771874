"""The numbers the modelled world is tuned to, each with where it comes from.

`published` figures were read in a public source; `assumed` ones are placeholders until the audit publishes its own.
Shares are proportions, times are days unless said otherwise.
"""

from __future__ import annotations

# Diagnosis years in a delivery, counted back from the end of its period (specification, section 8).
DIAGNOSIS_YEARS = 12
# One trust for so many people, so that a small delivery still has providers of a realistic size (assumed).
PEOPLE_PER_TRUST = 2_500
FEWEST_TRUSTS = 12

# 3,823 de novo people a year among about 50,000 registrations (NAoMe quarterly report 1; published).
DE_NOVO_SHARE = 0.076
# 14-year cumulative distant metastasis of 22% (New South Wales linkage study; published), shortened to 12 years.
RECURRENT_SHARE = 0.15
MEN_SHARE = 0.01  # assumed
# 6% of people with de novo disease are under 40 and 48% are 70 or over (assumed).
YOUNG_SHARE = 0.10
# Survival of de novo disease in years: S(t) = exp(-scale * t ** shape), through 65% at 1 and 44% at 3 years
# (NAoMe State of the Nation 2025; derived from published values).
SURVIVAL_SCALE = 0.4308
SURVIVAL_SHAPE = 0.587
EARLY_YEARLY_HAZARD = 0.02  # assumed

# Evidence of de novo disease. Stage is recorded for 33 to 43% (NAoMe quarterly report 1; published).
STAGE_RECORDED = 0.38
COSD_RECORD = 0.96
METASTATIC_TYPE_RECORDED = 0.50
METASTATIC_SITES_RECORDED = 0.55
HOSPITAL_EVIDENCE = 0.75
# Recurrence recorded in COSD for 4% (NABCOP evaluation; published).
RECURRENCE_IN_COSD = 0.04
# Of people with early disease, the share whom a later admission gives a code of secondary cancer by mistake, and of people
# with a recurrence, the share with a biopsy of the metastasis (both assumed).
MISTAKEN_SECONDARY_CODE = 0.01
METASTASIS_BIOPSY = 0.35

# Documented MDT discussion of 59% in England (NAoMe State of the Nation 2025; published), reached with the share of
# people with a COSD record and the share of meetings outside the window.
MDT_DOCUMENTED = 0.70
NURSE_CODE_RECORDED = 0.74  # assumed
FITNESS_RECORDED = 0.35  # assumed
PATHOLOGY_RECORDED = 0.85  # assumed
STATUS_IN_REGISTRY = 0.45  # assumed
STATUS_IN_COSD = 0.55  # assumed

SITES = {"bone": 0.62, "liver": 0.28, "lung": 0.32, "brain": 0.06, "other": 0.20}  # assumed
SUBTYPES = {"hormone_positive": 0.68, "her2_positive": 0.20, "triple_negative": 0.12}  # assumed

# Treatment as intended; death and late starts lower what indicators then measure.
CHEMOTHERAPY_UNDER_70 = 0.74  # assumed
CHEMOTHERAPY_70_AND_OVER = 0.27  # assumed
CDK46 = 0.74  # assumed, of hormone-positive HER2-negative disease
ANTI_HER2 = 0.84  # assumed, of HER2-positive disease
ENDOCRINE = 0.85  # assumed, of hormone-positive disease
BONE_AGENT = 0.66  # assumed, of bone metastases
RADIOTHERAPY = 0.55  # assumed
RESECTION = 0.18  # assumed
CORD_COMPRESSION = 0.05  # assumed
# Of chemotherapy that death would interrupt, the share stopped well before it: tuned to 30-day mortality of 7.5%
# after palliative treatment (Wallington et al., Lancet Oncology 2016; published).
CHEMOTHERAPY_STOPPED_IN_TIME = 0.25

# Standard deviation of the trusts on the logit scale, and the shift of a planted outlier (assumed).
PROVIDER_SD = 0.35
OUTLIER_SHIFT = 1.6

# Ordinary life per person and year in the delivery's twelve years (specification, section 8, divided by people).
ADMISSIONS_PER_YEAR = 15 / 12
OUTPATIENT_PER_YEAR = 50 / 12
EMERGENCY_PER_YEAR = 5 / 12
PRESCRIPTIONS_PER_YEAR = 100 / 12
IMAGING_PER_YEAR = 15 / 12
EARLY_CHEMOTHERAPY_SHARE = 0.40
EARLY_RADIOTHERAPY_SHARE = 0.60
# Of the people of a Welsh delivery, those registered in England, too, when it is written beside an English one (assumed).
REGISTERED_TWICE = 0.004
# Deaths registered without any usable date: assumed, enough for a rule to fail on.
DEATHS_UNDATED = 0.006
