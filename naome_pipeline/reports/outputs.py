"""The outputs of one release, by who reads them: the page that leads to every file of a release folder.

What belongs here: what each output is, in plain words, and which files there are. What does not: making any of them; the index
over releases (`release_index.py`).

Made when a release is published, from the files that are there, so nothing is promised and nothing left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from naome_pipeline.reports.about import About
from naome_pipeline.reports.action_plan import plan_file
from naome_pipeline.reports.benchmark import benchmark_file
from naome_pipeline.reports.open_data import HOLDS
from naome_pipeline.reports.pages import render_page
from naome_pipeline.reports.reading import Reading
from naome_pipeline.reports.released import ReleasedTables

PAGE_FILE = "outputs.html"
HOSPITALS, PATIENTS = "For hospital teams", "For patients and the public"
LEADERS, ANALYSTS = "For those who plan and pay for care", "For analysts and researchers"
TEAM, OTHER = "For the audit team", "Other files"
READERS = (HOSPITALS, PATIENTS, LEADERS, ANALYSTS, TEAM, OTHER)
_KINDS = {
    ".csv": "data",
    ".docx": "Word document",
    ".html": "page",
    ".json": "data",
    ".pdf": "PDF",
    ".sha256": "text",
    ".svg": "picture",
    ".txt": "text",
    ".xlsx": "spreadsheet",
    ".zip": "archive",
}


@dataclass(frozen=True)
class Output:
    """What readers see of the files whose name fits a pattern."""

    pattern: str
    reader: str
    title: str
    text: str


# Found by the first pattern that fits. The files of single trusts are in a table of their own.
OUTPUTS = (
    Output("index.html", HOSPITALS, "Dashboard", "choose a trust; compare it with a peer, its Alliance and the nation"),
    Output("patient_summary.html", PATIENTS, "Summary for patients", "what was found, in plain language"),
    Output("patient_summary.pdf", PATIENTS, "Summary for patients, to print", "the same, as a PDF"),
    Output("patient_summary_large_print.pdf", PATIENTS, "Summary for patients in large print", "the same, in large print"),
    Output("state-of-the-nation.*", LEADERS, "State of the Nation report", "the main results and five recommendations"),
    Output("driver-diagrams/*", LEADERS, "Driver diagram as a picture", "one goal of the audit"),
    Output("driver-diagrams.*", LEADERS, "Driver diagrams", "per goal what drives it, where care stands, what a team can change"),
    Output("newsletter.txt", LEADERS, "Newsletter", "the release announced, ready for an e-mail"),
    Output("data_viewer.xlsx", ANALYSTS, "Data viewer", "the released numbers as a workbook, one table per sheet"),
    Output("national_dashboard_data.xlsx", ANALYSTS, "National dashboard's data file", "in that dashboard's sheets and columns"),
    Output("open_data.zip", ANALYSTS, "Open data, all in one archive", "every released table with dictionary and licence"),
    Output("open_data_readme.txt", ANALYSTS, "About the open data", "what the files hold"),
    Output("open_data_licence.txt", ANALYSTS, "Licence of the open data", "what may be done with them"),
    Output("data_dictionary.csv", ANALYSTS, "Data dictionary", "what every column means"),
    Output("datapackage.json", ANALYSTS, "Data package", "the data dictionary for programs"),
    Output("checksums.sha256", ANALYSTS, "Checksums", "the SHA-256 of every file of the open data"),
    Output("methodology*", ANALYSTS, "Methodology", "definitions, models, assumptions, disclosure policy"),
    Output("*.csv", ANALYSTS, "Open data", "one released table"),
    Output("outliers/outlier_pack.html", TEAM, "Outlier pack", "shown results beyond the limits, and what happens when"),
)  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One file on the page."""

    path: str
    title: str
    text: str
    kind: str


@dataclass(frozen=True)
class TrustFiles:
    """The files of one trust, each None where the release has none."""

    name: str
    code: str
    benchmark: str | None
    plan: str | None


def write_outputs_page(tables: ReleasedTables, folder: Path) -> None:
    """Write `outputs.html` into the folder of a release whose other files are there already."""
    about = About.of(tables)
    paths = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    paths = [path for path in paths if path != PAGE_FILE]
    trusts = trust_files(tables, paths)
    of_trusts = {path for t in trusts for path in (t.benchmark, t.plan)}
    listed = [path for path in paths if path not in of_trusts]
    page = render_page(
        "outputs.html.jinja",
        about,
        f"All outputs, {about.period}",
        groups=by_reader(listed),
        trusts=trusts,
    )
    (folder / PAGE_FILE).write_text(page, encoding="utf-8")


def trust_files(tables: ReleasedTables, paths: list[str]) -> list[TrustFiles]:
    """The trusts of a release that have a file of their own, by name."""
    there = set(paths)

    def found(path: str) -> str | None:
        return path if path in there else None

    trusts = [
        TrustFiles(unit.name, unit.code, found(benchmark_file(unit.code)), found(plan_file(unit.code)))
        for unit in Reading(tables).trusts
    ]
    return [trust for trust in trusts if trust.benchmark or trust.plan]


def by_reader(paths: list[str]) -> dict[str, list[Entry]]:
    """Reader to the files meant for them, in the order of OUTPUTS; readers without any are left out."""
    groups: dict[str, list[tuple[int, Entry]]] = {reader: [] for reader in READERS}
    for path in paths:
        kind = _KINDS.get(Path(path).suffix, "file")
        place = next((n for n, output in enumerate(OUTPUTS) if fnmatch(path, output.pattern)), len(OUTPUTS))
        if place == len(OUTPUTS):
            groups[OTHER].append((place, Entry(path, path, "", kind)))
            continue
        output = OUTPUTS[place]
        title, text = output.title, output.text
        if path in HOLDS:
            title, text = f"{title}: {Path(path).stem.replace('_', ' ')}", HOLDS[path]
        elif output.pattern.endswith("/*"):
            title = f"{title}: {Path(path).stem.replace('-', ' ')}"
        groups[output.reader].append((place, Entry(path, title, text, kind)))
    return {
        reader: [entry for _, entry in sorted(entries, key=lambda pair: (pair[0], pair[1].path))]
        for reader, entries in groups.items()
        if entries
    }
