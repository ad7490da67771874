"""The newsletter: a release announced in plain text, ready to be pasted into an e-mail.

What belongs here: what it says, with released numbers. What does not: anything that is not in another output, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from naome_pipeline.reports import numbers, wording
from naome_pipeline.reports.about import AUDIT_NAME, NOT_NHS
from naome_pipeline.reports.outliers import flags_of
from naome_pipeline.reports.reading import ALERT, POTENTIAL, Reading
from naome_pipeline.reports.recommendations import recommendations
from naome_pipeline.reports.released import ReleasedTables
from naome_pipeline.reports.standing import standing
from naome_pipeline.reports.values import said

NEWSLETTER_FILE = "newsletter.txt"


def write_newsletter(tables: ReleasedTables, folder: Path) -> None:
    """Write `newsletter.txt` into a folder."""
    reading = Reading(tables)
    about = reading.about
    parts = {
        f"In numbers: people diagnosed in {reading.period}, {reading.whole_name}": _figures(reading),
        "What we recommend": _recommended(tables),
        "How trusts compare": _compared(reading),
        "What changed": _changed(reading),
        "Before you quote a number": [
            about.policy,
            "“Documented” is not “done”: a meeting or a nurse contact without a record counts as not documented.",
        ],
        "About this release": [about.line, NOT_NHS],
    }
    lines = [f"{AUDIT_NAME}: {about.period}", *about.warnings, ""]
    for heading, texts in parts.items():
        lines += [heading, "=" * len(heading), *texts, ""]
    (folder / NEWSLETTER_FILE).write_text("\n".join(lines), encoding="utf-8")


def _figures(reading: Reading) -> list[str]:
    """Each performance indicator with its value and its change over the last year of diagnosis, then those without a value."""
    changes = _latest_changes(reading)
    lines, missing = [], []
    for name in reading.indicators("performance"):
        row = reading.shown(name)
        if row is None:
            missing.append(str(reading.definitions[name]["title"]))
            continue
        change = changes.get((name, str(row["nation"])), "")
        lines.append(f"* {reading.title(name)}: {said(row)}{reading.whole_aside(row)}{change}")
    if missing:
        why = "The definitions say why, where the number is not hidden to protect people."
        lines.append(f"* Without a number in this release: {'; '.join(missing)}. {why}")
    return lines or ["This release has no numbers to quote."]


def _latest_changes(reading: Reading) -> dict[tuple[str, str], str]:
    changes: Any = reading.frame("released_yearly_change")
    changes = changes[changes["difference"].notna()].sort_values("year")
    return {
        (str(r.indicator), str(r.nation)): (
            f"; people diagnosed in {int(r.year)}: {numbers.points(r.difference)} percentage points on the year before "
            f"(95% interval {numbers.points_range(r.lower, r.upper)})"
        )
        for r in changes.itertuples(index=False)
    }


def _recommended(tables: ReleasedTables) -> list[str]:
    lines = [f"{r.number}. {r.sentence} ({r.responsible})" for r in recommendations(tables)]
    return lines or ["The numbers of this release support no recommendation."]


def _compared(reading: Reading) -> Iterator[str]:
    flags, stood = flags_of(reading), standing(reading.compared)
    if not stood.shown:
        yield f"No result that trusts are judged by can be shown in this release. {stood.not_shown}".strip()
        return
    yield (
        f"{stood.shown:,} results of trusts can be shown, each compared with {reading.compared_with}. "
        f"{stood.not_shown} A result beyond the limits is a "
        "reason to look, not a judgement; some lie there by chance. Of the results that can be shown:"
    ).replace("  ", " ")
    for state, limits in ((POTENTIAL, "99.8%"), (ALERT, "95%")):
        of = [flag for flag in flags if flag.state == state]
        better = sum(flag.better for flag in of)
        worse = sum(flag.direction == "worse" for flag in of)
        yield (
            f"* {state.capitalize()} (beyond the {limits} limits): {len(of)}; {worse} worse, {better} better, "
            f"{len(of) - worse - better} higher or lower where neither is better."
        )


def _changed(reading: Reading) -> list[str]:
    before = reading.facts.get("compared with", "")
    if before in ("", "no earlier release"):
        return ["This is the first release."]
    changed = len(reading.frame("revisions"))
    return [
        f"Compared with {_plain(before)}, {changed:,} published numbers are new, gone or different. The dashboard and "
        "revisions.csv name them."
    ]


def _plain(label: str) -> str:
    feed, _, rest = label.partition(" ")
    period, _, version = rest.partition(" ")
    return f"{feed.replace('_', ' ')} {wording.period(period)} {version}".strip()
