"""The index of the reports folder: every release of every feed, newest period first, as one page that opens from disk.

What belongs here: listing what lies in the folder, from the manifests beside the report files. What does not: what a
release holds. Equal folders give equal bytes: no clock.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jinja2

from naome_pipeline.disclosure.policy import policies
from naome_pipeline.leftovers import write_atomically
from naome_pipeline.reports import wording

INDEX_FILE = "index.html"
OUTPUTS_FILE = "outputs.html"
MANIFEST_FILE = "release.json"
TEMPLATES = Path(__file__).parent / "templates"


def write_release_index(reports: Path) -> None:
    """Write `index.html` into the reports folder; an earlier one is replaced at once."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("release_index.html.jinja").render(feeds=releases_by_feed(reports))
    write_atomically(reports / INDEX_FILE, page)


def _pages(period: str) -> tuple[str, str]:
    """The pages of a release, that to open first before the other: the dashboard of a quarter, the outputs of a year."""
    return (INDEX_FILE, OUTPUTS_FILE) if "Q" in period.upper() else (OUTPUTS_FILE, INDEX_FILE)


def first_page(folder: Path, period: str) -> Path:
    """The page of a release folder that is opened first; the dashboard of a release made before there was a choice."""
    first, other = (folder / name for name in _pages(period))
    return first if first.is_file() else other


def releases_by_feed(reports: Path) -> dict[str, list[dict[str, Any]]]:
    """Per feed its releases, newest period and version first: what their manifests say, and whether one took their place."""
    found: dict[str, list[dict[str, Any]]] = {}
    for path in sorted(reports.glob(f"*/*/v[0-9]*/{MANIFEST_FILE}")):
        content = json.loads(path.read_text(encoding="utf-8"))
        there = {f["path"] for f in content["files"]}
        pages = [name for name in _pages(content["period"]) if name in there] or [MANIFEST_FILE]
        policy = policies().get(content["disclosure_policy"])
        found.setdefault(content["feed"], []).append(
            content
            | {
                "folder": path.parent.relative_to(reports).as_posix(),
                "page": pages[0],
                "other_page": pages[1] if len(pages) > 1 else None,
                "other_text": "all outputs" if pages[-1] == OUTPUTS_FILE else "dashboard",
                "period_text": wording.period(content["period"]),
                "edition": content.get("edition", 1),
                "changed": content.get("numbers_changed_since_last_edition"),
                "public": policy is not None and policy.for_publication,
            }
        )
    for releases in found.values():
        newest = {}
        for entry in releases:
            newest[entry["period"]] = max(newest.get(entry["period"], 0), entry["version"])
        for entry in releases:
            entry["superseded_by"] = (
                newest[entry["period"]] if newest[entry["period"]] != entry["version"] else None
            )
        releases.sort(key=lambda e: (e["period"], e["version"]), reverse=True)
    return dict(sorted(found.items()))
