"""What every column of the released tables means, for the data dictionary of the open data.

What belongs here: meanings, in words of people who were not there. What does not: writing the dictionary (`open_data.py`).
"""

from __future__ import annotations

MEANINGS = {
    "indicator": "identifier of the indicator; see definitions.csv",
    "period_kind": "quarter of diagnosis, rolling four quarters or audit period",
    "period": "the period",
    "period_end": "last day of the period",
    "level": "both_nations, nation, alliance or trust (in Wales health board)",
    "unit_code": "organisation code of the unit (ODS for trusts, ONS for Alliances)",
    "unit_name": "name of the unit",
    "alliance_code": "Cancer Alliance of a trust, ONS code",
    "nation": "England or Wales",
    "subgroup": "all, or a subgroup; subgroups are given for nation and Alliance only",
    "denominator": "people counted; empty where hidden",
    "numerator": "people who meet the criterion; empty where hidden",
    "proportion": "numerator / denominator, 0 to 1; empty where hidden",
    "lower": "lower end of the 95% Wilson interval, 0 to 1",
    "upper": "upper end of the 95% Wilson interval, 0 to 1",
    "median_days": "median, days",
    "lower_quartile_days": "lower quartile, days",
    "upper_quartile_days": "upper quartile, days",
    "suppressed": "said where values are hidden; empty where they are shown",
    "policy": "disclosure policy in force; see provenance.csv",
    "available": "whether the feed supports the indicator",
    "status": "published, experimental or not available in this feed",
    "reason": "why the indicator is not available",
    "follow_up_days": "days after diagnosis that must have passed on the day in followed_to",
    "followed_to": "last day for which all data sets that follow people have their records: the snapshot date, or earlier",
    "complete_to": "last day for which the data set has all its records: the snapshot date, or what the sender said",
    "layout_assumed": "whether the layout of a file is an assumption of this project; provenance.csv says what is assumed",
    "rows_in": "records delivered",
    "rows_out": "records used",
    "rows_quarantined": "records that could not be used, kept aside with their reason",
    "removed": "how many the step removed",
    "remaining": "how many the step left",
    "sha256": "SHA-256 of the file",
    "change": "what became of the cell or file since the release before",
    "trust_code": "organisation code of the trust",
    "comparison": "unadjusted, risk adjusted, or unadjusted by treating trust",
    "expected": "people expected to meet the criterion, given the case mix (or at the rate of all trusts together)",
    "target": "value the trust is compared with: of all trusts together, of the nations that have the indicator (nations in "
    "definitions.csv); 1 for a ratio",
    "value": "numerator / denominator, 0 to 1; risk adjusted: numerator / expected, to two decimals",
    "p_low": "probability of so few or fewer by chance alone",
    "p_high": "probability of so many or more by chance alone",
    "judged_by": "whether trusts are judged by the comparison: not by a variant, by treating trust, or unadjusted where the "
    "definition asks for risk adjustment, whatever the state says",
    "state": "within, alert (beyond 95% limits), potential outlier (beyond 99.8% limits), not assessed, or hidden",
    "direction": "side of the flag: better or worse; for neutral indicators higher or lower",
    "overdispersed_state": "state under the wider limits",
    "overdispersed_direction": "direction under the wider limits",
    "domain": "negative tail, central mass or positive tail; tail without a better side where neither more nor less is better",
    "method": "how the limits were computed",
    "centre": "pooled proportion of the whole series",
    "moving_average": "three quarters pooled, centred",
    "sigma_z": "spread of successive quarters over that of binomial counts; 1 where chance alone acts",
    "limits": "binomial, or Laney p′: widened by sigma_z, where that lies beyond chance",
    "special_cause": "whether a rule of Making Data Count marks the point",
    "variation": "common cause, improvement or concern; not judged where years overlap",
    "people": "people counted",
    "time": "days since diagnosis",
    "day": "days since diagnosis",
    "survival": "share alive at that time, 0 to 1 (Kaplan-Meier)",
    "incidence": "share treated by that day, 0 to 1 (Aalen-Johansen, death competing)",
    "at_risk": "people still followed at that time",
    "events": "deaths by that time",
    "p": "p value",
    "measure": "which figure the row gives",
    "certainty": "definite: COSD or the registry; probable: two independent sources; possible: one (experimental)",
    "recurred": "people with a distant recurrence by that year",
    "died_before": "share who died before any recurrence, 0 to 1",
    "year": "calendar year of diagnosis",
    "source": "data set that shows the recurrence",
    "table_name": "released table that differs from the release before; see the other files",
    "row_name": "what names the row in that table",
    "column_name": "column whose value differs",
    "before": "value in the release before; empty where it was hidden or not given",
    "now": "value in this release; empty where it is hidden or not given",
    "item": "what is compared between the registries, or the name of a fact or parameter",
    "intervention": "name of the intervention",
    "design": "interrupted time series, or difference-in-differences with the providers that did not have it",
    "term": "which part of the design the row estimates",
    "estimate": "the estimate, on the scale of the proportion (0 to 1)",
    "kappa": "Cohen's kappa, unweighted: agreement beyond chance, 1 = full; nations only",
    "found_by_one_source_only": "people whom no other source shows as recurrent",
    "deaths": "people who died while they were followed",
    "standard_error": "standard error of the share alive",
    "median": "median survival, days; empty where more than half are alive",
    "median_lower": "lower end of the 95% interval of the median, days",
    "median_upper": "upper end of the 95% interval of the median, days",
    "restricted_mean": "mean days alive up to the horizon in provenance.csv (restricted_mean_days)",
    "restricted_mean_se": "standard error of the restricted mean, days",
    "restricted_mean_lower": "lower end of the 95% interval of the restricted mean, days",
    "restricted_mean_upper": "upper end of the 95% interval of the restricted mean, days",
    "treated": "people treated by that day",
    "died_untreated": "share who died untreated by that day, 0 to 1",
    "trusts": "trusts the figure rests on",
    "note": "what to know about the row",
    "block": "kind of factor: patient, hospital or region",
    "factor": "the factor and its level",
    "part": "coefficient, figure of merit, calibration or note",
    "unit": "what the row or the value is about",
    "difference": "value minus that of the year before, in proportion",
    "position": "place in the order of the registry",
    "title": "name in words",
    "goal": "number of the audit's goal",
    "goal_title": "the audit's goal",
    "cohort": "de novo (metastatic at first diagnosis) or recurrent",
    "denominator_text": "who is counted",
    "numerator_text": "who meets the criterion",
    "variant_of": "indicator that this one varies; empty for none",
    "completeness_indicator": "indicator of how complete the records behind it are",
    "records_indicator": "indicator of how complete the records are that say who or what it counts: a trust below "
    "funnel_minimum_completeness (provenance.csv) is not assessed",
    "risk_adjustment": "case mix, or none: what the indicator asks for; risk_models.csv says where a release has "
    "no model, and without a row in funnels.csv nobody is compared",
    "guideline": "guideline behind the indicator",
    "construction": "how it is computed",
    "extension": "whether it goes beyond the audit's plan",
    "nations": "nations that have it",
    "not_in": "nations without it, with the reason",
    "step": "order of the step",
    "data_set": "name of the data set",
    "delivered": "whether it was delivered",
    "file": "name of the file",
    "rows": "rows of the file",
    "basis": "basis of the parameter: plan, published or assumption",
}
# What a column means in one table, where that is not what it means elsewhere.
MEANINGS_IN = {
    "released_comparison": {
        f"{wide}{side}_{level}": f"{side} {share} limit{' widened for overdispersion' if wide else ''}"
        for wide in ("", "overdispersed_")
        for side in ("lower", "upper")
        for level, share in (("95", "95%"), ("998", "99.8%"))
    }
    | {"reason": "why the trust is not assessed", "period": "the audit period"},
    "released_variation": {"value": "value of the measure; an intraclass correlation is 0 to 1"},
    "released_factors": {
        "value": "value of the measure: an odds ratio, or the statistic of a likelihood ratio test"
    },
    "released_risk_models": {"value": "value of the measure"},
    "provenance": {
        "value": "what the item is",
        "kind": "release: a fact about it; parameter; or layout of delivered files",
        "unit": "unit of the parameter",
    },
    "released_definitions": {
        "direction": "which way is better: higher, lower, or neutral where neither is",
        "kind": "performance, data quality or contextual",
        "measure": "what is computed: a proportion, days, or a cumulative incidence",
    },
    "released_not_known": {
        "period": "the audit period of the indicator",
        "who": "of whom it is not known whether the indicator counts them",
        "not_known": "how many of them were diagnosed in the period; they are outside the denominator; empty where hidden",
    },
    "released_attrition": {"unit": "what the step counts: rows or people"},
    "released_intervention_effects": {
        "standard_error": "standard error of the estimate",
        "expected": "which way the intervention was expected to move the indicator: increase or decrease",
    },
    "released_recurrence_rates": {
        "incidence": "share of people with a distant recurrence by that year, 0 to 1 (Aalen-Johansen, death competing)",
        "year": "years since diagnosis",
    },
    "released_registry_agreement": {
        "measure": "registered, in the cohort: share of the cohort by full registration that rapid registration knows, and has "
        "in its cohort; confirmed: share of the cohort by rapid registration that full registration has in its own; recorded: "
        "share of people in both cohorts whose item rapid registration has, of those for whom full registration has it; agrees: "
        "share with the same value, of those with both",
        "note": "why there is nothing to compare",
    },
    "released_series": {"lower": "lower control limit, 0 to 1", "upper": "upper control limit, 0 to 1"},
}
_INTERVAL = {"lower": "lower end of the 95% interval", "upper": "upper end of the 95% interval"}
for _name in (
    "released_survival",
    "released_treatment_incidence",
    "released_variation",
    "released_factors",
    "released_yearly_change",
    "released_intervention_effects",
    "released_recurrence_rates",
):
    MEANINGS_IN[_name] = _INTERVAL | MEANINGS_IN.get(_name, {})


def meaning(table: str, column: str) -> str:
    """What a column of a released table means: in that table, by its whole name, or by that without `_before` or `_now`."""
    if said := MEANINGS_IN.get(table, {}).get(column) or MEANINGS.get(column):
        return said
    base = column.removesuffix("_before").removesuffix("_now")
    said = MEANINGS.get(base) or column.replace("_", " ")
    return f"{said} (in the release before)" if column.endswith("_before") else said
