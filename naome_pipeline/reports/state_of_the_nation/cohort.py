"""Who the report is about: how deliveries became the cohort, the two nations, and people whose cancer came back.

What belongs here: the sections about people. What does not: comparing hospitals or areas (`care.py`).
"""

from __future__ import annotations

from naome_pipeline.parameters import value_of
from naome_pipeline.reports import numbers, wording
from naome_pipeline.reports.documents.model import Block, Chart, Paragraph, Section, Table
from naome_pipeline.reports.documents.pictures import draw
from naome_pipeline.reports.reading import BOTH, NATION, NATIONS, Reading, rows_of
from naome_pipeline.reports.values import HIDDEN_SHORT, said_with_interval, value_cells

CERTAINTY = {
    "definite": "a record that states it",
    "probable": "two independent sources",
    "possible": "one source only",
}


def cohort(reading: Reading) -> Section:
    """How the cohort came about: every step of the attrition."""
    steps = rows_of(reading.frame("released_attrition").sort_values("step"))
    if not steps:
        return Section("cohort", "How the cohort came about", [Paragraph("This release does not say.")])
    table = Table(
        "How many records and people each step took out",
        ("Step", "Counted in", "Taken out", "Left"),
        tuple(
            (str(s["title"]), str(s["unit"]), numbers.count(s["removed"]), numbers.count(s["remaining"]))
            for s in steps
        ),
        numeric=(2, 3),
    )
    points = [
        {
            "label": str(s["title"]),
            "value": int(s["remaining"]),
            "text": f"{numbers.count(s['remaining'])} {s['unit']}",
        }
        for s in steps
    ]
    first, last = steps[0], steps[-1]
    alternative = (
        f"Bars, one per step, of what is left after it: from {numbers.count(first['remaining'])} {first['unit']} "
        f"({first['title'].lower()}) to {numbers.count(last['remaining'])} {last['unit']} after the last step "
        f"({last['title'].lower()})."
    )
    chart = Chart(
        "attrition",
        "What is left after each step, from the first row delivered to the cohort",
        alternative,
        draw("remaining", {"points": points}, width=680),
        table,
    )
    text = (
        "Nothing is collected by hand: the cohort is found in routine national data. Adults with invasive breast cancer "
        "diagnosed in an NHS hospital count when any source shows distant spread at diagnosis; people known only from a death "
        "certificate do not. The last number covers all quarters in the release, so it is larger than the audit period's."
    )
    return Section("cohort", "How the cohort came about", [Paragraph(text), chart])


def nations(reading: Reading) -> Section:
    """Every performance measure by nation."""
    blocks: list[Block] = [
        Paragraph(
            f"{nation}: this release holds no values, so nothing here speaks of care in {nation}.",
            tone="note",
        )
        for nation in NATIONS
        if nation not in reading.nations
    ]
    two = len(reading.nations) > 1
    units = [*reading.units[NATION], *reading.units[BOTH]]
    rows = []
    for name in reading.indicators("performance"):
        if reading.definitions[name]["measure"] != "proportion":
            continue
        cells: list[str] = []
        for unit in units:
            row = reading.row(name, unit)
            if not reading.definitions[name]["available"] or _not_in(reading, name, unit.name):
                cells += ["not available"] if two else ["not available", numbers.NOTHING, numbers.NOTHING]
                continue
            counts, percent, interval = value_cells(row)
            if row is None and unit.level == NATION:
                counts = "not yet complete"
            if two:
                cells.append(counts if percent == numbers.NOTHING else f"{percent} ({interval})")
            else:
                cells += [counts, percent, interval]
        rows.append((reading.title(name) + reading.aside(name), *cells))
    if reading.nations and rows:
        columns = (
            ("Measure", *(f"{unit.name} (95% interval)" for unit in units))
            if two
            else ("Measure", "People", units[0].name, "95% interval")
        )
        count = len(columns)
        blocks.append(
            Table(
                f"Performance measures, {reading.whole_name}, people diagnosed in {reading.period} unless another period is "
                "named",
                columns,
                tuple(rows),
                numeric=tuple(range(1, count)),
                widths=(8, *(5 for _ in units)) if two else (12, 4, 2, 4),
            )
        )
        blocks.append(
            Paragraph(
                "Survival measures here are shares of people whose follow-up is complete. Team meetings and nurse specialists "
                "are documented measures: a missing record counts as not documented.",
                tone="quiet",
            )
        )
    elif not blocks:
        blocks.append(Paragraph("This release shows no value of any nation."))
    return Section("nations", "England and Wales", blocks)


def _not_in(reading: Reading, indicator: str, nation: str) -> bool:
    text = reading.definitions[indicator]["not_in"]
    return not numbers.missing(text) and str(text).startswith(f"{nation}: ")


def recurrence(reading: Reading) -> Section:
    """People whose cancer came back elsewhere: experimental."""
    title = "When breast cancer comes back (experimental)"
    rates = reading.frame("released_recurrence_rates")
    rates = rates[rates["certainty"] == "any"].sort_values(["nation", "year"])
    evidence = reading.frame("released_recurrence_evidence")
    definition = reading.definitions.get("R1")
    if rates.empty and evidence.empty:
        reason = str(definition["reason"]) if definition and not definition["available"] else ""
        said_why = f": {wording.plain_reason(reason)}" if reason else ""
        return Section(
            "recurrence", title, [Paragraph(f"This release does not report recurrence{said_why}.")]
        )
    blocks: list[Block] = [
        Paragraph(
            "Few recurrences are recorded as such, so people are found by a chain of evidence: records that state it, "
            "hospital diagnoses, drugs for advanced disease, palliative radiotherapy. The numbers are experimental: some people "
            "are missed, some are counted wrongly.",
            tone="warning",
            lead="Experimental.",
        )
    ]
    biopsy = reading.shown("P2") if "P2" in reading.definitions else None
    if biopsy is not None:
        blocks.append(
            Paragraph(
                f"{reading.title('P2')}: {said_with_interval(biopsy)}, in {biopsy['period']}{reading.only(biopsy)}."
            )
        )
    if rates["incidence"].notna().any():
        blocks.append(_rates_chart(rows_of(rates)))
    certain = rows_of(evidence[evidence["source"] == "any"].sort_values(["nation", "certainty"]))
    if certain:
        blocks.append(
            Table(
                "How certain the recurrences are",
                ("Known from", "Class", "Nation", "People"),
                tuple(
                    (
                        CERTAINTY.get(str(r["certainty"]), str(r["certainty"])).capitalize(),
                        str(r["certainty"]),
                        str(r["nation"]),
                        "hidden" if numbers.missing(r["people"]) else numbers.count(r["people"]),
                    )
                    for r in certain
                ),
                numeric=(3,),
            )
        )
    return Section("recurrence", title, blocks)


def _rates_chart(rates: list[dict]) -> Chart:
    def year(r: dict) -> str:
        return f"{int(r['year'])} year{'' if int(r['year']) == 1 else 's'}"

    shown = [r for r in rates if not numbers.missing(r["incidence"])]
    points = [
        {
            "time": year(r),
            "group": r["nation"],
            "value": r["incidence"],
            "lower": r["lower"],
            "upper": r["upper"],
        }
        for r in shown
    ]
    table = Table(
        "Distant recurrence after early breast cancer",
        (
            "Nation",
            "Years since diagnosis",
            "With recurrence",
            "95% interval",
            "Died before",
            "People at the start",
        ),
        tuple(
            (
                str(r["nation"]),
                year(r),
                HIDDEN_SHORT if numbers.missing(r["incidence"]) else numbers.percent(r["incidence"]),
                numbers.percent_range(r["lower"], r["upper"]),
                numbers.percent(r["died_before"]),
                numbers.count(r["people"]),
            )
            for r in rates
        ),
        numeric=(2, 3, 4, 5),
    )
    alternative = "Points with 95% intervals: " + "; ".join(
        f"{r['nation']}, {year(r)} after diagnosis, {numbers.percent(r['incidence'])}" for r in shown
    )
    return Chart(
        "recurrence",
        "Share of people with early breast cancer whose cancer has come back elsewhere, by years since diagnosis; death is "
        f"counted as a competing event. Only people still followed after day {int(value_of('de_novo_window_end'))} are in it",
        f"{alternative}.",
        draw("after_diagnosis", {"points": points}, width=680),
        table,
    )
