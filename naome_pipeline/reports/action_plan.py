"""The Local Action Plan of each trust: a Word document with the recommendations and where the trust stands, to be filled in.

What belongs here: what a plan says. What does not: the recommendations (`recommendations.py`), the trust's values
(`trust_position.py`), how a Word document is made (`word_documents.py`).
"""

from __future__ import annotations

from pathlib import Path

from naome_pipeline.reports.about import AUDIT_NAME, NOT_NHS
from naome_pipeline.reports.reading import Reading, Unit
from naome_pipeline.reports.recommendations import Recommendation, recommendations
from naome_pipeline.reports.released import ReleasedTables
from naome_pipeline.reports.safety import file_stem
from naome_pipeline.reports.trust_position import NOT_COMPARED, position
from naome_pipeline.reports.word_documents import (
    add_heading,
    add_paragraphs,
    add_table,
    add_warnings,
    new_document,
    save_document,
)

FOLDER = "action_plans"
COLUMNS = (
    "Recommendation",
    "Current position",
    "Action",
    "Lead",
    "Timescale",
    "Progress",
    "Evidence",
)
_WIDTHS = (5.6, 6.6, 3.8, 2.3, 2.2, 2.7, 2.9)
_BLANK = [""] * 5
NO_FIGURE = "There is no figure for single trusts: this is about the data of the whole nation."


def write_action_plans(tables: ReleasedTables, folder: Path) -> None:
    """Write `action_plans/action_plan_<code>.docx` for every trust with a row in the release."""
    reading, recommended = Reading(tables), recommendations(tables)
    (folder / FOLDER).mkdir()
    for trust in reading.trusts:
        _write_plan(folder / plan_file(trust.code), trust, reading, recommended)


def plan_file(code: str) -> str:
    """Where the plan of a trust lies in the release."""
    return f"{FOLDER}/action_plan_{file_stem(code)}.docx"


def _write_plan(path: Path, trust: Unit, reading: Reading, recommended: list[Recommendation]) -> None:
    about = reading.about
    title = f"Local Action Plan: {trust.name} ({trust.code})"
    document = new_document(title, f"{AUDIT_NAME}, {about.release}", about.snapshot, landscape=True)
    add_warnings(document, about.warnings)
    add_paragraphs(
        document,
        [
            f"The {AUDIT_NAME} makes {_counted(len(recommended))}. Beside each stands where your trust stood, for people "
            f"diagnosed in {reading.period} unless another period is named. The other columns are yours to fill in."
        ],
    )
    add_heading(document, "The plan", 1)
    rows = [
        [f"{r.number}. {r.sentence}", current_position(r, trust, reading), *_BLANK] for r in recommended
    ] or [["No recommendation in this release.", "", *_BLANK]]
    add_table(
        document,
        "One row for each recommendation: the current position of the trust, and columns to fill in",
        COLUMNS,
        rows,
        _WIDTHS,
        size=9,
    )
    add_heading(document, "Why these recommendations", 1)
    for r in recommended:
        add_heading(document, f"{r.number}. {r.title}", 2)
        add_paragraphs(
            document,
            [
                f"Chosen because: {_small(r.reason)}.",
                f"Evidence: {r.evidence}",
                f"Guideline: {r.guideline}. Who has to act: {r.responsible.rstrip('.')}. Level: {r.level_title}.",
            ],
        )
    add_heading(document, "How to read the position", 1)
    add_paragraphs(
        document,
        [
            "Alert: the result lies beyond the 95% limits. Potential outlier: beyond the 99.8% limits. It is a reason to look, "
            "not a judgement.",
            "“Documented” is not “done”: a meeting or a nurse contact without a record counts as not documented.",
            about.policy,
            about.line,
            NOT_NHS,
        ],
    )
    save_document(document, path)


def current_position(recommended: Recommendation, trust: Unit, reading: Reading) -> str:
    """Where a trust stands in what a recommendation is about, a line for each place."""
    if recommended.indicator is None:
        return NO_FIGURE
    definition = reading.definitions[recommended.indicator]
    if definition["cohort"] == "recurrent":
        return "This is counted for the nation only (experimental)."
    found = position(reading, trust, recommended.indicator)
    lines = [f"{definition['title']}{reading.aside(recommended.indicator)}. Your trust: {found.own}."]
    lines += [f"{name}: {value}." for name, value in filter(None, (found.alliance, found.nation))]
    if found.limits != NOT_COMPARED:
        lines.append(
            f"Against the limits around the figure of {reading.comparator(recommended.indicator)}: {found.limits}."
        )
    if recommended.subgroup:
        lines.append(
            "These are everybody's figures: groups of people are shown for Alliances and nations only."
        )
    return "\n".join(lines)


def _counted(number: int) -> str:
    return {0: "no recommendation in this release", 1: "one recommendation"}.get(
        number, f"{number} recommendations"
    )


def _small(text: str) -> str:
    """A sentence's text after a colon, without its full stop."""
    return (text[:1].lower() + text[1:] if not text[:2].isupper() else text).rstrip(".")
