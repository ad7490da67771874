"""How care and outcomes differ: Cancer Alliances, survival, and deaths soon after chemotherapy.

What belongs here: the sections that compare. What does not: the methods (`statistics/`), or any number that is not
released.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import pandas as pd

from naome_pipeline.indicators.definitions import SURVIVAL_RESTS_ON
from naome_pipeline.parameters import value_of
from naome_pipeline.reports import numbers, wording
from naome_pipeline.reports.documents.model import Block, Chart, Paragraph, Section, Subheading, Table
from naome_pipeline.reports.documents.pictures import draw
from naome_pipeline.reports.reading import (
    ADJUSTED,
    ALERT,
    ASSESSED,
    BY_TREATING,
    POTENTIAL,
    UNADJUSTED,
    Reading,
    rows_of,
)
from naome_pipeline.reports.recommendations import Recommendation
from naome_pipeline.reports.standing import EXACT_TAIL, not_adjusted_words, without_adjustment
from naome_pipeline.reports.values import value_cells

# What Alliances are compared by, beside the measure that varies most between hospitals.
COMPARED = ("P1", "P8", "P10_1y")
PANEL_LINE = 26  # characters
TIMES = {
    int(value_of(f"survival_days_{short}")): label
    for short, label in (("1y", "1 year"), ("3y", "3 years"), ("5y", "5 years"))
}
DEATHS, ONE_YEAR = "P9", "P10_1y"


def alliances(reading: Reading, advised: Sequence[Recommendation]) -> Section:
    """Every Alliance's value of three measures, and the hospitals outside the limits."""
    title = "How care differs"
    varied = [r.indicator for r in advised if r.rule == "variation" and r.indicator]
    wanted = list(dict.fromkeys([*varied, *COMPARED]))
    there = reading.newest[
        (reading.newest["level"] == "alliance") & (reading.newest["subgroup"] == "all")
    ].sort_values(["unit_name", "unit_code"])
    chosen = [n for n in wanted if n in reading.definitions and (there["indicator"] == n).any()][:3]
    blocks: list[Block] = []
    if not chosen:
        blocks.append(Paragraph("This release has no values by Cancer Alliance."))
    elif there.loc[there["indicator"].isin(chosen), "proportion"].notna().any():
        blocks.append(
            Paragraph(
                "Each Cancer Alliance of England, with its 95% interval; the grey tick is the figure of the whole. Values "
                f"are not adjusted for the mix of patients. Wales has no Alliances. {_hidden(there, chosen)}".strip()
            )
        )
        blocks.append(_panels(reading, there, chosen))
    else:
        blocks.append(
            Paragraph(
                "Every value by Cancer Alliance is hidden in this release, to protect people.", tone="note"
            )
        )
    blocks += _outside(reading)
    return Section("alliances", title, blocks)


def _hidden(there: pd.DataFrame, chosen: Sequence[str]) -> str:
    """How many values of the picture are hidden, where some are."""
    of = there[there["indicator"].isin(chosen)]
    hidden = int(of["proportion"].isna().sum())
    if not hidden:
        return ""
    number, whole = numbers.count(hidden), numbers.count(len(of))
    return f"{number} of the {whole} values {'is' if hidden == 1 else 'are'} hidden to protect people: their places are empty."


def _panels(reading: Reading, there: pd.DataFrame, chosen: Sequence[str]) -> Chart:
    names = there[["unit_code", "unit_name"]].drop_duplicates("unit_code")
    values = {(str(r["indicator"]), str(r["unit_code"])): r for r in rows_of(there)}
    points, rows = [], []
    for unit in rows_of(names):
        label = str(unit["unit_code"] if numbers.missing(unit["unit_name"]) else unit["unit_name"])
        cells = [label]
        for place, name in enumerate(chosen):
            row = values.get((name, str(unit["unit_code"])))
            counts, percent, interval = value_cells(row)
            cells.append(counts if percent == numbers.NOTHING else f"{percent} ({interval})")
            whole = reading.shown(name)
            points.append(
                {
                    "panel": "\n".join(textwrap.wrap(reading.title(name), PANEL_LINE)[:3]),
                    "place": place,
                    "label": label,
                    **{
                        c: None if row is None or numbers.missing(row[c]) else float(row[c])
                        for c in ("lower", "upper")
                    },
                    "value": None
                    if row is None or numbers.missing(row["proportion"])
                    else float(row["proportion"]),
                    "whole": float(whole["proportion"]) if whole else None,
                }
            )
        rows.append(tuple(cells))
    periods = sorted({str(r["period"]) for (name, _), r in values.items() if name in chosen})
    texts = []
    for name in chosen:
        shown = [r for (n, _), r in values.items() if n == name and not numbers.missing(r["proportion"])]
        if shown:
            low, high = (f(shown, key=lambda r: r["proportion"]) for f in (min, max))
            least, most = (numbers.percent(r["proportion"]) for r in (low, high))
            spread = f"from {least} in {low['unit_name']} to {most} in {high['unit_name']}"
            alike = (
                f"{most} in {high['unit_name']} alone"
                if len(shown) == 1
                else f"{most} in every Alliance shown"
            )
            texts.append(f"{reading.title(name)}, {alike if least == most else spread}")
    return Chart(
        "alliances",
        f"Cancer Alliances compared, people diagnosed in {' and '.join(periods)}",
        f"Three panels of points with 95% intervals, one row per Cancer Alliance. {'. '.join(texts)}. "
        f"{_hidden(there, chosen)}".strip(),
        draw("panels", {"points": points}),
        Table(
            "Cancer Alliances compared, with 95% intervals",
            ("Cancer Alliance", *(reading.title(n) + reading.aside(n) for n in chosen)),
            tuple(rows),
            numeric=tuple(range(1, len(chosen) + 1)),
        ),
    )


def compared(reading: Reading, indicator: str, kind: str | None = None) -> tuple[str, pd.DataFrame]:
    """The comparison of hospitals to speak of: of a kind, or the one that counts; its name and rows."""
    table, kind = reading.frame("released_comparison"), kind or reading.judged_by(indicator)
    return kind, table[(table["indicator"] == indicator) & (table["comparison"] == kind)]


def state_counts(rows: pd.DataFrame) -> tuple[str, ...]:
    """How many hospitals: assessed, potential outliers worse and better, alerts worse and better, hidden or not assessed."""
    states, sides = rows["state"], rows["direction"]
    outlier, alert = states == POTENTIAL, states == ALERT
    assessed = states.isin(ASSESSED)
    # Of a measure without a direction, outside is neither better nor worse: higher and lower.
    worse, better = sides.isin(["worse", "lower", "low"]), sides.isin(["better", "higher", "high"])
    found = (assessed, outlier & worse, outlier & better, alert & worse, alert & better, ~assessed)
    return tuple(numbers.count(int(f.sum())) for f in found)


def _outside(reading: Reading) -> list[Block]:
    rows = []
    for name in reading.indicators("performance"):
        kind, table = compared(reading, name)
        if table.empty:
            continue
        whole = reading.comparator(name)
        aside = "" if whole == reading.whole_name else f", {whole} only"
        rows.append((reading.title(name) + aside, kind, *state_counts(table)))
    if not rows:
        return [Paragraph("No hospitals are compared in this release.")]
    table = Table(
        f"Hospitals outside the limits around the figure of {reading.whole_name}",
        (
            "Measure", "Comparison", "Assessed", "Outliers, worse or lower", "Outliers, better or higher",
            "Alerts, worse or lower", "Alerts, better or higher",
            "Hidden or not assessed",
        ),
        tuple(rows),
        numeric=(2, 3, 4, 5, 6, 7),
        widths=(11, 6, 3, 3, 3, 3, 3, 4),
    )  # fmt: skip
    unadjusted = not_adjusted_words(without_adjustment(reading))
    return [
        Subheading("Hospitals outside the limits"),
        Paragraph(
            "Each hospital is compared with all together. Potential outliers lie beyond the 99.8% limits, alerts beyond the 95% "
            "limits. Chance alone puts at most one "
            "hospital in twenty beyond the 95% limits. A position is a reason to look, not a judgement; small hospitals are not "
            "assessed. Where neither more nor less is better, the sides are lower and higher. The table counts results "
            f"that can be shown: a hidden one may lie anywhere. {EXACT_TAIL} {unadjusted}".strip()
        ),
        table,
    ]


def survival(reading: Reading) -> Section:
    """Kaplan-Meier survival of the nations and of groups of people."""
    title = "Survival"
    table = reading.frame("released_survival")
    table = table[table["time"].isin(list(TIMES)) & table["survival"].notna()]
    everybody = rows_of(table[table["subgroup"] == "all"].sort_values(["level", "unit_code", "time"]))
    missing: list[Block] = [
        Paragraph(said, tone="note") for said in wording.why_missing(reading.definitions, SURVIVAL_RESTS_ON)
    ]
    if not everybody:
        return Section("survival", title, missing or [Paragraph("This release shows no survival.")])
    points = [
        {"time": TIMES[int(r["time"])], "group": r["unit_code"], "value": r["survival"], "lower": r["lower"], "upper": r["upper"]}
        for r in everybody
    ]  # fmt: skip
    words = "; ".join(
        f"{r['unit_code']}, {TIMES[int(r['time'])]}, {numbers.percent(r['survival'])}" for r in everybody
    )
    chart = Chart(
        "survival",
        "Share of people alive at one, three and five years after diagnosis",
        f"Points with 95% intervals: {words}.",
        draw("after_diagnosis", {"points": points}, width=680),
        _survival_table("Survival by nation", "Nation", everybody, "unit_code"),
    )
    blocks: list[Block] = [
        *missing,
        Paragraph(
            f"Kaplan-Meier estimates of everybody diagnosed in {reading.reported}, from the day of metastatic diagnosis, with "
            f"log-log 95% intervals; people still alive are followed to the day the data were drawn.{_fixed_cohort(reading)}"
        ),
        chart,
    ]
    first = str(everybody[0]["unit_code"])
    groups = rows_of(
        table[(table["subgroup"] != "all") & (table["unit_code"] == first)].sort_values(["subgroup", "time"])
    )
    if groups:
        named = [r | {"group": wording.subgroup(str(r["subgroup"]))} for r in groups]
        blocks.append(_survival_table(f"Survival of groups of people, {first}", "Group", named, "group"))
    return Section("survival", title, blocks)


def _fixed_cohort(reading: Reading) -> str:
    """Whom the share of survivors counts, which a reader would compare with the curve."""
    row = reading.shown(ONE_YEAR) if ONE_YEAR in reading.definitions else None
    if row is None:
        return ""
    return (
        f" The measure {ONE_YEAR} counts other people, those diagnosed in {row['period']}, whose year of follow-up is over: the "
        "two need not agree."
    )


def _survival_table(caption: str, head: str, rows: Sequence[dict], key: str) -> Table:
    by_unit: dict[str, dict[int, dict]] = {}
    for r in rows:
        by_unit.setdefault(str(r[key]), {})[int(r["time"])] = r
    lines = []
    for unit, times in by_unit.items():
        cells = [
            f"{numbers.percent(times[t]['survival'])} ({numbers.percent_range(times[t]['lower'], times[t]['upper'])})"
            if t in times
            else numbers.NOTHING
            for t in TIMES
        ]
        lines.append((unit, numbers.count(next(iter(times.values()))["people"]), *cells))
    return Table(
        caption,
        (head, "People", *(f"{label} (95% interval)" for label in TIMES.values())),
        tuple(lines),
        numeric=(1, 2, 3, 4),
        widths=(7, 3, 6, 6, 6),
    )


def early_deaths(reading: Reading) -> Section:
    """Deaths within 30 days of a chemotherapy cycle, nationally and by hospital."""
    title = "Deaths soon after chemotherapy"
    definition = reading.definitions.get(DEATHS)
    row = reading.shown(DEATHS) if definition is not None else None
    if definition is None or row is None:
        why = reading.state(DEATHS) if definition is not None else "The measure is not defined."
        return Section("early-deaths", title, [Paragraph(why)])
    counts, percent, interval = value_cells(row)
    blocks: list[Block] = [
        Paragraph(
            f"{reading.title(DEATHS)}: {counts} people, {percent} (95% interval {interval}), of those treated "
            f"in {row['period']}{reading.only(row)}. Some treatment near the end of life is the right choice; a high share asks "
            "for review of the decisions behind it."
        )
    ]
    kind, table = compared(reading, DEATHS, UNADJUSTED)
    shown = table[table["value"].notna()]
    if shown.empty:
        blocks.append(
            Paragraph(
                "No hospital's number by where people were diagnosed is shown: each is hidden, to protect people, or there is "
                "none."
            )
        )
    else:
        if why := reading.not_judged(DEATHS, kind):
            blocks.append(
                Paragraph(f"Nobody is judged by the funnel below ({why.removeprefix('not judged: ')}).")
            )
        blocks.append(_funnel(reading, kind, shown, table))
    others = []
    for other in (ADJUSTED, BY_TREATING):
        rows = compared(reading, DEATHS, other)[1]
        if len(rows):
            assessed, worse, better, *_ = state_counts(rows)
            nobody = ", by which nobody is judged" if reading.not_judged(DEATHS, other) else ""
            others.append(
                f"{other}{nobody}: {assessed} assessed, {worse} outliers on the worse side, {better} on the better"
            )
    if others:
        blocks.append(Paragraph(f"Other comparisons, {'; '.join(others)}."))
    return Section("early-deaths", title, blocks)


def _funnel(reading: Reading, kind: str, shown: pd.DataFrame, table: pd.DataFrame) -> Chart:
    rows = rows_of(shown.sort_values(["denominator", "trust_code"]))
    limits = ("target", "lower_998", "lower_95", "upper_95", "upper_998")
    points = [
        {"size": r["denominator"], "value": r["value"], "state": str(r["state"]), "lit": False, "label": ""}
        for r in rows
    ]
    bounds = [
        {"size": r["denominator"], **{c: r[c] for c in limits}}
        for r in rows
        if not numbers.missing(r["target"])
    ]
    assessed, worse, better, alert_worse, alert_better, rest = state_counts(table)
    twin = Table(
        "Deaths within 30 days of a chemotherapy cycle, by trust of diagnosis",
        ("Trust or health board", "Died", "Treated", "Share", "State"),
        tuple(
            (
                str(r["trust_code"] if numbers.missing(r["unit_name"]) else r["unit_name"]),
                numbers.count(r["numerator"]),
                numbers.count(r["denominator"]),
                numbers.percent(r["value"]),
                f"{r['state']}{', ' + str(r['direction']) if r['direction'] else ''}",
            )
            for r in rows
        ),
        numeric=(1, 2, 3),
    )
    return Chart(
        "early-deaths",
        f"Hospitals by the number of people treated, {kind}: circle within the limits, diamond alert, triangle potential "
        f"outlier, cross not assessed; dashed line {reading.comparator(DEATHS)}, dotted 95% limits, solid 99.8% limits (exact)",
        f"A funnel of {len(rows)} hospitals. {assessed} are assessed: {worse} potential outliers on the worse side and {better} "
        f"on the better, {alert_worse} alerts on the worse side and {alert_better} on the better. {rest} are hidden or not "
        "assessed.",
        draw("funnel", {"points": points, "limits": bounds}, width=680, height=210),
        twin,
    )
