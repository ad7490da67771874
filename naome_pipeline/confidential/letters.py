"""Letters of the outlier process: one per stage and trust, as Word documents the audit team signs and sends.

What belongs here: what a letter says. What does not: which results are meant (`comparisons.py`), when a letter goes out
(`naome_pipeline/reports/outlier_timetable.py`).

A letter is for its trust alone: it holds the trust's own counts, also where the release hides them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from naome_pipeline.reports.about import AUDIT_NAME, NOT_NHS, About
from naome_pipeline.reports.safety import file_stem
from naome_pipeline.reports.word_documents import (
    add_heading,
    add_paragraphs,
    add_table,
    add_warnings,
    new_document,
    save_document,
)

if TYPE_CHECKING:
    from naome_pipeline.reports.outlier_timetable import Stage, Timetable
    from naome_pipeline.reports.outliers import Flag

LETTERS_FOLDER = "letters"
_COLUMNS = (
    "Indicator",
    "Your result",
    "All trusts",
    "People",
    "State",
    "Under wider limits",
    "In the release",
)
_WIDTHS = (4.0, 2.4, 2.6, 2.4, 2.1, 2.1, 1.7)
_TITLES = {
    "notification": "Results of your trust: please check",
    "confirmation": "Results of your trust: potential outlier confirmed",
    "publication": "Results of your trust: what will be published",
}
_OPENING = {
    "notification": "The audit compares each trust with all trusts together; the tables name their nations. The results below, "
    "of people diagnosed in {period}, lie further from the figure of all trusts than chance usually takes them.",
    "confirmation": "We wrote to your clinical lead about the results below, of people diagnosed in {period}. We have looked at "
    "the answer, and the results still lie further from the figure of all trusts than chance can reasonably take them.",
    "publication": "The results below, of people diagnosed in {period}, will be published with your trust's answer.",
}
_CONDITIONS = {
    "confirmation": "Draft. Send this only if the results still stand after the review, and leave out those that do not."
}
_CONFIDENTIAL = "Confidential: for the trust it is addressed to. Do not publish it or pass it on."
_HIDDEN = (
    "A result that is not shown is hidden in everything the audit publishes, because small numbers, of your trust or of another, "
    "could be worked out from it. Please keep its numbers within your trust."
)
_MEANING = (
    "A result beyond the limits is a reason to look, not a judgement. It can come from records that are missing or wrong, from "
    "patients who differ in ways the audit cannot see, from chance, or from care. The wider limits allow for variation that all "
    "trusts share."
)


def write_letters(folder: Path, flags: Sequence[Flag], timetable: Timetable, about: About) -> None:
    """Write every letter into `letters/` of a folder. What is not shown will not be published, so no letter says it will."""
    dates = timetable.dates(about.snapshot)
    of_trust: dict[str, list[Flag]] = {}
    for flag in flags:
        of_trust.setdefault(flag.trust.code, []).append(flag)
    for stage in timetable.letters:
        for code in sorted(of_trust):
            concerned = [f for f in of_trust[code] if f.state in stage.states]
            if stage.letter == "confirmation":
                concerned = [f for f in concerned if not f.better]
            if stage.letter == "publication":
                concerned = [f for f in concerned if f.published]
            if not concerned:
                continue
            place = folder / LETTERS_FOLDER / f"{stage.id}_{file_stem(code)}.docx"
            place.parent.mkdir(exist_ok=True)
            _write_letter(place, stage, concerned, timetable, dates, about)


def _write_letter(
    path: Path,
    stage: Stage,
    flags: Sequence[Flag],
    timetable: Timetable,
    dates: Mapping[str, dt.date],
    about: About,
) -> None:
    trust, kind = flags[0].trust, str(stage.letter)
    document = new_document(
        f"{_TITLES[kind]} ({trust.code})", f"{AUDIT_NAME}, {about.release}", about.snapshot
    )
    conditions = [_CONDITIONS[kind]] if kind in _CONDITIONS else []
    add_warnings(document, [_CONFIDENTIAL, *about.warnings, *conditions])
    add_paragraphs(
        document, [f"To: {stage.to}, {trust.name} ({trust.code})", f"Date: {day(dates[stage.id])}"]
    )
    periods = " and ".join(sorted({flag.period for flag in flags}))
    add_paragraphs(document, [_OPENING[kind].format(period=periods)])
    parts = (
        ("Results to look into", [f for f in flags if f.direction == "worse"]),
        ("Results better than expected", [f for f in flags if f.better]),
        (
            "Results higher or lower than elsewhere",
            [f for f in flags if f.direction not in ("worse", "better")],
        ),
    )
    for heading, part in parts:
        if part:
            add_heading(document, heading, 1)
            rows = [
                [
                    f"{f.title} ({f.indicator}, {f.comparison})",
                    f.result,
                    f.beside,
                    f.people,
                    _state(f),
                    f.wide_state,
                    "shown" if f.published else "not shown",
                ]
                for f in part
            ]
            add_table(document, f"{heading}: {len(part)} of them", _COLUMNS, rows, _WIDTHS, size=9)
    add_heading(document, "What this means", 1)
    add_paragraphs(document, [_MEANING, *([] if all(f.published for f in flags) else [_HIDDEN])])
    add_heading(document, "What we ask of you", 1)
    add_paragraphs(document, _requests(kind, flags, dates), style="List Number")
    add_heading(document, "What happens when", 1)
    rows = [[s.title, day(dates[s.id])] for s in timetable.stages if s.id not in _stages_left_out(flags)]
    add_table(document, "Stages of the outlier process and their dates", ("Stage", "By"), rows, (12.3, 5.0))
    add_paragraphs(document, [f"For the {AUDIT_NAME}", "Name and signature:", about.line, NOT_NHS])
    save_document(document, path)


def _stages_left_out(flags: Sequence[Flag]) -> set[str]:
    """Stages that do not come for these results: an alert is not confirmed, and nothing that is hidden is published."""
    left_out = {"results"}
    if not _formal(flags):
        left_out |= {"confirmation", "plan"}
    if not any(f.published for f in flags):
        left_out.add("publication")
    return left_out


def _formal(flags: Sequence[Flag]) -> bool:
    """Whether the trust has to answer."""
    return any(f.state == "potential outlier" and not f.better for f in flags)


def _state(flag: Flag) -> str:
    return f"{flag.state}, {flag.direction}" if flag.direction else flag.state


def _requests(kind: str, flags: Sequence[Flag], dates: Mapping[str, dt.date]) -> list[str]:
    if kind == "confirmation":
        return [
            f"Please tell us by {day(dates['plan'])} what your trust will do. Its Local Action Plan has room for that.",
            "Please tell us whom we should write to about it.",
            "We tell the regulator at the same time as you.",
        ]
    if kind == "publication":
        return [f"Please send any last comment on these results before {day(dates['publication'])}."]
    asked = []
    if any(not f.better for f in flags):
        answer = (
            f"Please send your answer by {day(dates['answer'])}."
            if _formal(flags)
            else f"An answer is welcome by {day(dates['answer'])}; only a potential outlier that is not better requires one."
        )
        asked = [
            "Please check the records behind these results: are the people yours, and is what was done for them recorded?",
            "Please look at how care was given where the records are right.",
            answer,
        ]
    if any(f.better for f in flags):
        asked.append("Please tell us what other trusts could learn from your better results.")
    return asked


def day(date: dt.date) -> str:
    """`4 March 2025`."""
    return f"{date.day} {date:%B %Y}"
