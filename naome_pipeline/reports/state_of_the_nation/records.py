"""What the numbers rest on: completeness of records, change since the year before, what is missing, what was used.

What belongs here: the sections about data and about the release itself. What does not: the definitions and parameters in
full (`methodology/`).
"""

from __future__ import annotations

from naome_pipeline.parameters import value_of
from naome_pipeline.reports import numbers, wording
from naome_pipeline.reports.documents.model import Block, Bullets, Chart, Paragraph, Section, Table
from naome_pipeline.reports.documents.pictures import draw
from naome_pipeline.reports.reading import Reading, rows_of
from naome_pipeline.reports.values import HIDDEN_SHORT, lacking, value_cells

# The measures whose years are drawn; the table has all performance measures.
DRAWN = ("P1", "P8", "P3", "P10_1y")
# What a point with its interval is drawn from.
_DRAWN_FROM = {"value": "proportion", "lower": "lower", "upper": "upper"}


def data_quality(reading: Reading) -> Section:
    """How complete each record is, against the target."""
    title = "How complete the records are"
    target = float(value_of("data_quality_target"))
    rows = [(n, reading.shown(n)) for n in reading.indicators("data quality")]
    shown = [(n, r) for n, r in rows if r is not None]
    without = [n for n, r in rows if r is None]
    if not shown:
        why = tuple(f"{reading.title(n)}: {reading.state(n)}" for n in without)
        said = Paragraph("This release shows no value of data quality.")
        return Section("data-quality", title, [said, *([Bullets(why)] if why else [])])
    points = [
        {
            "label": reading.title(n) + reading.only(r),
            **{key: float(r[of]) for key, of in _DRAWN_FROM.items()},
        }
        for n, r in shown
    ]
    table = Table(
        f"Completeness of records, against a target of {numbers.whole_percent(target)}",
        ("Record", "Diagnosed in", "People", "Share", "95% interval", "Target reached"),
        tuple(
            (
                reading.title(n) + reading.only(r),
                str(r["period"]),
                *value_cells(r),
                "yes" if r["proportion"] >= target else "no",
            )
            for n, r in shown
        ),
        numeric=(2, 3, 4),
    )
    words = "; ".join(f"{reading.title(n)}, {numbers.percent(r['proportion'])}" for n, r in shown)
    reached = sum(r["proportion"] >= target for _, r in shown)
    blocks: list[Block] = [
        Paragraph(
            f"A measure can be no better than the record behind it. {reached} of {len(shown)} records reach the target of "
            f"{numbers.whole_percent(target)}, the dashed line."
        ),
        Chart(
            "data-quality",
            f"Share of people with each record, {reading.whole_name}, with 95% intervals",
            f"Points with 95% intervals and a line at {numbers.whole_percent(target)}. {words}.",
            draw("intervals", {"points": points, "reference": [{"value": target}]}, width=680),
            table,
        ),
    ]
    if without:
        blocks.append(Bullets(tuple(f"{reading.title(n)}: {reading.state(n)}" for n in without)))
    absent = [
        wording.data_set(str(r["data_set"]))
        for r in rows_of(reading.frame("released_data_sets"))
        if not r["delivered"]
    ]
    blocks += _not_known(reading)
    if absent:
        blocks.append(Paragraph(f"Not delivered for this release: {', '.join(absent)}."))
    return Section("data-quality", title, blocks)


def _not_known(reading: Reading) -> list[Block]:
    """Whom measures may have to count and cannot; nothing where no measure asks for what may be unknown."""
    of = {name: {str(r["nation"]): r for r in reading.not_known(name)} for name in reading.definitions}
    nations = sorted({nation for found in of.values() for nation in found})
    rows = []
    for name, found in of.items():
        if found:
            about = next(iter(found.values()))
            people = (lacking(found[nation]) if nation in found else numbers.NOTHING for nation in nations)
            rows.append((reading.title(name), str(about["who"]), str(about["period"]), *people))
    if not rows:
        return []
    return [
        Paragraph(
            "Some measures are of people with a known receptor status or site of metastases. People of whom it is not known are "
            "in neither number of such a measure, and need not be like those of whom it is."
        ),
        Table(
            "People not counted because what decides is not known",
            ("Measure", "Not counted", "Diagnosed in", *nations),
            tuple(rows),
            numeric=tuple(range(3, 3 + len(nations))),
            widths=(6, 5, 3, *(2 for _ in nations)),
        ),
    ]


def _verdict(direction: str, row: dict) -> str:
    if row["lower"] <= 0 <= row["upper"]:
        return "unclear"
    up = row["difference"] > 0
    if direction == "neutral":
        return "higher" if up else "lower"
    return "better" if up == (direction == "higher") else "worse"


def _change(direction: str, row: dict | None, year_said: bool) -> tuple[str, str]:
    """A year's share, with the year where told so, and its change with interval and what to make of it."""
    if row is None:
        return (numbers.NOTHING, numbers.NOTHING)
    year = f" ({int(row['year'])})" if year_said else ""
    if numbers.missing(row["value"]):
        return (HIDDEN_SHORT + year, HIDDEN_SHORT)
    share = numbers.percent(row["value"]) + year
    if numbers.missing(row["difference"]):
        return (share, HIDDEN_SHORT if row["follows"] else "first year")
    interval = numbers.points_range(row["lower"], row["upper"])
    return (
        share,
        f"{numbers.points(row['difference'])} ({interval}), {_verdict(direction, row)}",
    )


def progress(reading: Reading) -> Section:
    """Each performance measure's newest year against the year before."""
    title = "Change from year to year"
    table = reading.frame("released_yearly_change").sort_values(["indicator", "nation", "year"])
    table["follows"] = table.duplicated(["indicator", "nation"])
    newest = rows_of(table.drop_duplicates(["indicator", "nation"], keep="last"))
    found = {(str(r["indicator"]), str(r["nation"])): r for r in newest}
    nations = sorted({nation for _, nation in found})
    rows = []
    for name in [*reading.indicators("performance"), *reading.indicators("data quality")]:
        direction = str(reading.definitions[name]["direction"])
        of = [found.get((name, nation)) for nation in nations]
        if any(of):
            years = sorted({str(int(r["year"])) for r in of if r})
            # Where the newest years of two nations differ, each value says its own.
            cells = [cell for r in of for cell in _change(direction, r, year_said=len(years) > 1)]
            rows.append((reading.title(name), " or ".join(years), *cells))
    if not rows:
        return Section(
            "progress",
            title,
            [Paragraph("This release has no measure of two whole years of diagnosis to compare.")],
        )
    blocks: list[Block] = [
        Paragraph(
            "Each measure's newest whole year of diagnosis against the year before, in percentage points, with Newcombe's 95% "
            "interval. Unclear means that the interval holds zero: chance could explain the change."
        )
    ]
    drawn = [
        r
        for r in rows_of(table[table["value"].notna()])
        if r["indicator"] in DRAWN and r["indicator"] in reading.definitions
    ]
    if drawn and len({r["nation"] for r in drawn}) == 1:
        blocks.append(_years(reading, drawn))
    blocks.append(
        Table(
            "The newest year against the year before",
            ("Measure", "Year", *(head for nation in nations for head in (nation, "Change (95% interval)"))),
            tuple(rows),
            numeric=tuple(range(2, 2 + 2 * len(nations), 2)),
            widths=(8, 2, *(w for _ in nations for w in (2, 7))),
        )
    )
    return Section("progress", title, [*blocks, *_interventions(reading)])


def _interventions(reading: Reading) -> list[Block]:
    """What followed each named intervention; nothing where none is configured."""
    table = reading.frame("released_intervention_effects").sort_values(["intervention", "indicator", "term"])
    rows = []
    for r in rows_of(table):
        name = str(r["indicator"])
        measure = reading.title(name) if name in reading.definitions else name
        found = (
            str(r["note"])
            if numbers.missing(r["estimate"])
            else f"{numbers.points(r['estimate'])} ({numbers.points_range(r['lower'], r['upper'])})"
        )
        rows.append((str(r["intervention"]), measure, f"{r['design']}: {r['term']}", found))
    if not rows:
        return []
    return [
        Paragraph(
            "Named interventions: what the measure did when each began, in percentage points with 95% intervals. Other things "
            "changed at the same time, too."
        ),
        Table(
            "Named interventions and what followed",
            ("Intervention", "Measure", "Design and term", "Estimate (95% interval)"),
            tuple(rows),
            widths=(5, 6, 6, 5),
        ),
    ]


def _years(reading: Reading, rows: list[dict]) -> Chart:
    order = sorted(rows, key=lambda r: (int(r["year"]), DRAWN.index(str(r["indicator"]))))
    points, cells = [], []
    for r in order:
        whole = reading.title(str(r["indicator"]))
        points.append(
            {
                "time": str(int(r["year"])),
                "group": whole,
                "value": float(r["value"]),
                "lower": float(r["value"]),
                "upper": float(r["value"]),
            }
        )
        cells.append(
            (
                whole,
                str(int(r["year"])),
                f"{numbers.count(r['numerator'])} of {numbers.count(r['denominator'])}",
                numbers.percent(r["value"]),
            )
        )
    words = "; ".join(f"{c[0]}, {c[1]}, {c[3]}" for c in sorted(cells))
    return Chart(
        "years",
        f"Four measures by year of diagnosis, {order[0]['nation']}",
        f"Points per year of diagnosis. {words}.",
        draw("by_year", {"points": points}, width=680),
        Table(
            "Four measures by year of diagnosis",
            ("Measure", "Year", "People", "Share"),
            tuple(sorted(cells)),
            numeric=(2, 3),
        ),
    )


def what_comes_next(reading: Reading) -> Section:
    """What the audit's plan asks for and this release does not have yet, and why."""
    planned = [n for n, r in reading.definitions.items() if numbers.missing(r["variant_of"])]
    without = [n for n in planned if not reading.definitions[n]["available"]]
    unfinished = [
        n
        for n in planned
        if reading.definitions[n]["available"]
        and (n, "all") not in reading.whole
        and reading.definitions[n]["measure"] != wording.BY_YEARS
    ]
    trial = [
        n
        for n in planned
        if reading.definitions[n]["available"] and reading.definitions[n]["status"] == "experimental"
    ]
    items = [f"{reading.title(n)}: {reading.state(n)}" for n in [*without, *unfinished]]
    blocks: list[Block] = []
    if items:
        blocks += [
            Paragraph("Measures of the plan without a number in this release, and why:"),
            Bullets(tuple(items)),
        ]
    if trial:
        names = "; ".join(str(reading.definitions[n]["title"]) for n in trial)
        blocks.append(Paragraph(f"Measures on trial, to be confirmed or dropped: {names}."))
    changed = len(reading.frame("revisions"))
    before = reading.facts.get("compared with", "no earlier release")
    if before == "no earlier release":
        blocks.append(Paragraph("The next release will say which of these numbers changed, and why."))
    else:
        blocks.append(
            Paragraph(
                f"Compared with {before}, {numbers.count(changed)} published numbers changed; the open data list them."
            )
        )
    return Section("next", "What comes next", blocks)


def made_from(reading: Reading) -> Section:
    """Deliveries, versions and parameters."""
    facts = reading.facts
    table = reading.frame("provenance")
    basis = table.loc[table["kind"] == "parameter", "basis"].value_counts().to_dict()
    rows = [
        ("Release", f"{wording.feed(facts['feed'])}, {wording.period(facts['period'])}, version {facts['delivery version']}"),
        ("Delivery", f"version {facts['delivery version']}, SHA-256 {facts['delivery fingerprint']}"),
        *(
            (f"Delivery of {wording.feed(item.removeprefix('delivery of '))}", value)
            for item, value in sorted(facts.items())
            if item.startswith("delivery of ")
        ),
        ("Layout", facts["layout"]),
        ("Data drawn on", facts["snapshot date"]),
        ("Compared with", facts["compared with"]),
        ("Code", f"NAoMe pipeline {facts['pipeline version']}"),
        (
            "Parameters",
            f"{numbers.count(sum(basis.values()))}, of which {numbers.count(basis.get('plan', 0))} are the plan's, "
            f"{numbers.count(basis.get('published', 0))} published elsewhere and {numbers.count(basis.get('assumption', 0))} "
            f"our assumptions; SHA-256 {reading.about.parameters}",
        ),
        ("Disclosure control", f"{facts['disclosure title']}: {facts['disclosure note']}"),
    ]  # fmt: skip
    text = (
        "The same deliveries, code and parameters give the same report, byte for byte. The methodology supplement has every "
        "definition, parameter and code list; the open data have every number."
    )
    return Section(
        "made-from",
        "What this report was made from",
        [
            Paragraph(text),
            Table("Where the numbers come from", ("What", "Which"), tuple(rows), widths=(2, 7)),
        ],
    )
