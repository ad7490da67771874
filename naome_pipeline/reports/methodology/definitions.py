"""The definitions chapter: the cohort's rules, every indicator, the subgroups.

What belongs here: the registry in words. What does not: a definition of its own.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from naome_pipeline.indicators.record_rules import record_rules
from naome_pipeline.indicators.registry import Indicator, registry
from naome_pipeline.parameters import parameters
from naome_pipeline.reports import numbers, wording
from naome_pipeline.reports.documents.model import Block, Bullets, Paragraph, Section, Subheading, Table
from naome_pipeline.reports.reading import Reading
from naome_pipeline.reports.standing import adjustment_said
from naome_pipeline.reports.values import not_counted

DIRECTIONS = {
    "higher": "more is better",
    "lower": "less is better",
    "neutral": "neither more nor less is better",
}
COHORTS = {
    "de_novo": "metastatic at first diagnosis",
    "recurrent": "distant recurrence after early breast cancer",
}
MEASURES = {
    "proportion": "share of people",
    "days": "days: median and quartiles",
    wording.BY_YEARS: "cumulative incidence by years since diagnosis",
}


def _number(name: str) -> str:
    return f"{parameters()[name].value:g}".replace("-", "−")


def cohort_rules(reading: Reading) -> Section:
    """Who counts, and from when to when."""
    start, end = _number("de_novo_window_start"), _number("de_novo_window_end")
    items = (
        f"People aged {_number('minimum_age')} or over at diagnosis, women and men, with invasive breast cancer (ICD-10 C50) "
        "diagnosed in an NHS hospital in England or Wales. People known only from a death certificate are left out.",
        "Metastatic at first diagnosis: any of registry stage 4 or M1, a distant metastatic type or site in COSD, or a "
        f"hospital diagnosis of distant spread from day {start} to day {end} of the diagnosis. Each source is one row of a "
        "ledger of evidence.",
        f"Recurrent (experimental): earlier breast cancer without metastases, then distant spread after day {end}, from COSD, "
        "the registry, hospital diagnoses, drugs for advanced disease, or palliative radiotherapy to bone or brain. Definite: "
        "a record states it. Probable: two independent sources. Possible: one source.",
        "One row per person: the first metastatic event. Treatment that names another cancer is not counted; of people with "
        f"another tumour within {_number('multiple_tumour_gap')} days, who are marked, treatment that names none is.",
        "People belong to the trust or health board of diagnosis, merged trusts to their successor, and through it to a "
        "Cancer Alliance and a nation.",
        f"Frailty (SCARF) looks back {_number('scarf_lookback')} days and the RCS Charlson score "
        f"{_number('charlson_lookback')} days, both ending {_number('comorbidity_washout')} days before diagnosis.",
        "Whoever is registered as dead without a date is neither alive nor dead on any day that is asked about, and is left "
        "out of survival, time to treatment, recurrence and the indicators that rest on deaths.",
        f"The audit period is {_number('audit_period_years')} calendar years; a quarter counts for an indicator once its "
        "follow-up is complete, so indicators may end at different quarters, and one that needs more than a year of it may "
        "have an earlier audit period.",
        " ".join(said for said in (reading.about.ends_before, reading.about.not_all_found) if said),
    )
    said = tuple(item for item in items if item)
    return Section("cohort", f"Who is counted in {reading.whole_name}", [Bullets(said)])


def records_to_facts() -> Section:
    """How the records are read: the rules behind the facts that indicators count."""
    blocks: list[Block] = []
    for chapter, sentences in record_rules().items():
        blocks += [Subheading(chapter), Bullets(sentences)]
    return Section("records", "How records become facts", blocks)


def indicators(reading: Reading) -> Section:
    """One table per indicator, in the order of the registry, by goal."""
    blocks: list[Block] = [
        Paragraph(
            "Every indicator as it is computed. Days count from the metastatic diagnosis. Needs names the delivered items "
            "without which it is not available; a bar separates alternatives. Rests on names the data sets it is read from: "
            "where one that a nation's feed should bring was not delivered, it is not available. Everything rests on COSD and "
            "hospital admissions too, which show who has metastases."
        )
    ]
    definitions, adjustment = registry(), adjustment_said(reading)
    for goal, title in definitions.goals.items():
        blocks.append(Subheading(f"Goal {goal}: {title}"))
        blocks += [
            _definition(
                row,
                definitions.indicators.get(name),
                adjustment.get(name, ""),
                reading.about.snapshot,
                not_counted(reading.not_known(name)),
            )
            for name, row in reading.definitions.items()
            if row["goal"] == goal
        ]
    return Section("definitions", "Definitions of the indicators", blocks, new_page=True)


def _definition(
    row: dict[str, Any], entry: Indicator | None, adjustment: str, snapshot: dt.date, not_known: str
) -> Table:
    available = wording.state(row, True) or "yes"
    if available == "yes" and not numbers.missing(row["not_in"]) and row["not_in"]:
        available = f"in {row['nations']}; {' '.join(wording.missing_in(str(row['not_in'])).values())}"
    follow_up, end = int(row["follow_up_days"]), row["followed_to"].date()
    followed = f"{numbers.count(follow_up)} days" if follow_up else "none needed"
    rows = [
        ("Kind", f"{row['kind']}, {MEASURES.get(str(row['measure']), str(row['measure']))}"),
        ("People", COHORTS.get(str(row["cohort"]), str(row["cohort"]))),
        ("Denominator", str(row["denominator_text"])),
        ("Numerator", str(row["numerator_text"])),
        ("Direction", DIRECTIONS[str(row["direction"])]),
        ("Follow-up", followed if end >= snapshot else f"{followed}; its data end on {end}"),
        (
            "Risk adjustment",
            str(row["risk_adjustment"]) + (f"; {adjustment}" if adjustment else ""),
        ),
        ("Status", str(row["status"])),
        ("Available", available),
        ("Construction", str(row["construction"])),
    ]
    optional = (
        ("Not counted", not_known),
        ("Guideline", row["guideline"]),
        ("Variant of", row["variant_of"]),
        ("Completeness beside it", row["completeness_indicator"]),
        ("Hospitals are assessed where", wording.records_needed(row["records_indicator"])),
        ("Needs", "; ".join(n.replace("|", " | ") for n in entry.needs) if entry else ""),
        ("Rests on", "; ".join(map(wording.data_set, entry.rests_on)) if entry else ""),
    )
    rows += [(what, str(value)) for what, value in optional if not numbers.missing(value) and value]
    if row["extension"]:
        rows.append(("Beyond the plan", "an extension of this project, not in the audit's plan"))
    return Table(f"{row['indicator']}: {row['title']}", ("Item", "Definition"), tuple(rows), widths=(2, 8))


def subgroups() -> Section:
    """The subgroups and what they need."""
    rows = tuple(
        (group.title, group.where, "; ".join(group.needs).replace("|", " | ") or "nothing further")
        for group in registry().subgroups.values()
    )
    return Section(
        "subgroups",
        "Groups of people",
        [
            Paragraph("Shown for nations and Cancer Alliances only. A dollar sign names a parameter."),
            Table("Subgroups", ("Group", "Rule", "Needs"), rows, widths=(3, 4, 3)),
        ],
    )
