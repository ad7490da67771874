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


def releases_by_feed(reports: Path) -> dict[str, list[dict[str, Any]]]:
    """Per feed its releases, newest period and version first: what their manifests say, and whether one took their place."""
    found: dict[str, list[dict[str, Any]]] = {}
    for path in sorted(reports.glob(f"*/*/v[0-9]*/{MANIFEST_FILE}")):
        content = json.loads(path.read_text(encoding="utf-8"))
        pages = [f["path"] for f in content["files"] if f["path"] == INDEX_FILE]
        policy = policies().get(content["disclosure_policy"])
        found.setdefault(content["feed"], []).append(
            content
            | {
                "folder": path.parent.relative_to(reports).as_posix(),
                "page": pages[0] if pages else MANIFEST_FILE,
                "period_text": wording.period(content["period"]),
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
