"""The benchmark of each trust: one printed page with its values beside its Alliance and nation.

What belongs here: which indicators the page shows and in what words. What does not: the trust's values
(`trust_position.py`), how the page looks (`templates/benchmark.typ`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from naome_pipeline.parameters import parameters
from naome_pipeline.reports import numbers
from naome_pipeline.reports.about import AUDIT_NAME, NOT_NHS
from naome_pipeline.reports.reading import Reading, Row, Unit
from naome_pipeline.reports.released import ReleasedTables
from naome_pipeline.reports.safety import clean_text, file_stem
from naome_pipeline.reports.trust_position import against_limits
from naome_pipeline.reports.typesetting import pdf
from naome_pipeline.reports.values import HIDDEN, HIDDEN_SHORT, NOT_GIVEN, has_value, said

FOLDER = "benchmarks"
GROUPS = {"performance": "How care is measured", "data quality": "How complete the records are"}
JUDGED = {"performance": "Against the limits around {whole}", "data quality": "Against the target"}
BETTER = {"higher": "higher is better", "lower": "lower is better"}


def write_benchmarks(tables: ReleasedTables, folder: Path) -> None:
    """Write `benchmarks/benchmark_<code>.pdf` for every trust with a row in the release."""
    reading = Reading(tables)
    (folder / FOLDER).mkdir()
    for trust in reading.trusts:
        made = pdf("benchmark.typ", page_of(trust, reading), reading.about.snapshot)
        (folder / benchmark_file(trust.code)).write_bytes(made)


def benchmark_file(code: str) -> str:
    """Where the page of a trust lies in the release."""
    return f"{FOLDER}/benchmark_{file_stem(code)}.pdf"


def page_of(trust: Unit, reading: Reading) -> dict[str, Any]:
    """Everything the page of a trust says, as plain values."""
    about, alliance, nation = reading.about, reading.alliance_of(trust), reading.nation_of(trust)
    groups, absent = [], []
    for kind, heading in GROUPS.items():
        rows = []
        for name in reading.indicators(kind):
            own = reading.row(name, trust)
            if own is None:
                absent.append(str(reading.definitions[name]["title"]))
            else:
                rows.append(_row(name, own, trust, reading))
        groups.append(
            {"heading": heading, "judged": JUDGED[kind].format(whole=reading.whole_name), "rows": rows}
        )
    return {
        "audit": AUDIT_NAME,
        "title": clean_text(f"{trust.name} ({trust.code})"),
        "period": reading.period,
        "alliance": alliance.name if alliance else "",
        "nation": nation.name if nation else "",
        "warnings": about.warnings,
        "groups": [group for group in groups if group["rows"]],
        "absent": absent,
        "policy": about.policy,
        "provenance": about.line,
        "not_nhs": NOT_NHS,
    }


def _row(name: str, own: Row, trust: Unit, reading: Reading) -> dict[str, Any]:
    definition, limits = reading.definitions[name], against_limits(reading, name, trust)
    whole = reading.comparator(name)
    if whole != reading.whole_name and limits != HIDDEN and not limits.startswith("not "):
        limits += f" ({whole})"
    alliance, nation = (reading.row(name, of(trust)) for of in (reading.alliance_of, reading.nation_of))
    return {
        "name": f"{definition['title']} ({name}){reading.aside(name)}",
        "better": BETTER.get(str(definition["direction"]), "") if definition["kind"] == "performance" else "",
        "own": said(own).replace(HIDDEN, HIDDEN_SHORT),
        "interval": numbers.percent_range(own["lower"], own["upper"]) if has_value(own) else HIDDEN_SHORT,
        "alliance": short(alliance),
        "nation": short(nation),
        "limits": against_target(own) if definition["kind"] == "data quality" else limits,
        # Where the marks of the strip are, 0 to 1; nothing is drawn of what is not shown.
        "strip": {
            key: value
            for key, value in {
                "own": _place(own, "proportion"),
                "lower": _place(own, "lower"),
                "upper": _place(own, "upper"),
                "alliance": _place(alliance, "proportion"),
                "nation": _place(nation, "proportion"),
            }.items()
            if value is not None
        },
    }


def against_target(row: Row) -> str:
    """Whether records are as complete as the audit's target asks."""
    target = float(parameters()["data_quality_target"].value)
    if not has_value(row):
        return HIDDEN_SHORT
    met = "met" if float(row["proportion"]) >= target else "not met"
    return f"target of {numbers.whole_percent(target)} {met}"


def short(row: Row | None) -> str:
    """A value without its counts."""
    if row is None:
        return NOT_GIVEN
    if not has_value(row):
        return HIDDEN_SHORT
    days = row["median_days"]
    return numbers.percent(row["proportion"]) if numbers.missing(days) else numbers.days(days)


def _place(row: Row | None, column: str) -> float | None:
    if row is None or not has_value(row) or numbers.missing(row[column]):
        return None
    return float(numbers.percent(row[column])[:-1]) / 100
