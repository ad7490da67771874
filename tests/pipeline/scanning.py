"""Scans of everything a release writes for people: no person, no small count, no hidden cell, no mixed scales.

What belongs here: what may not stand in any output, whatever its kind. What does not: how a kind is read (`outputs.py`).
Each scan reads enough to be able to fail, and says where it did.
"""

from __future__ import annotations

import csv
import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from naome_pipeline.disclosure.policy import policies
from naome_pipeline.disclosure.release import CountedTables, control_of, gate_figures
from naome_pipeline.indicators.registry import registry
from naome_pipeline.lake import Scope
from naome_pipeline.reports.national_data import DATA_FILE
from tests.pipeline.outputs import Row, number, packed_parts, prose, tables, texts
from tests.pipeline.releases import Refreshed, read_parquet


def folder_of(release: Refreshed, version: int) -> Path:
    """Where a version's outputs lie."""
    return release.home.reports / release.feed / release.period / f"v{version:03d}"


def shown(release: Refreshed, version: int) -> Any:
    """The open data of a version, as a machine reads them."""
    return pd.read_csv(folder_of(release, version) / "indicators.csv")


def outputs(release: Refreshed, version: int) -> list[Path]:
    """Every file of a version, whatever its kind, and the index of releases."""
    folder = folder_of(release, version)
    found = sorted(p for p in folder.rglob("*") if p.is_file())
    assert {p.name for p in found} >= {"index.html", "indicators.csv", DATA_FILE}
    return [*found, release.home.reports / "index.html"]


def people(release: Refreshed, version: int) -> None:
    known: set[str] = set()
    for table in ("people", "person_facts"):
        known |= set(release.frame(table)["person_id"].dropna().astype(str))
    assert len(known) > 100
    read = 0
    for path in outputs(release, version):
        for text in texts(path):
            read += len(text)
            assert not known & set(re.findall(r"\w+", text)), path
    assert read > 1_000_000


PLACES = "trusts|Alliances|Cancer Alliances|hospitals|health boards|indicators|quarters|nations"
COUNTS = {
    "numerator",
    "denominator",
    "people",
    "deaths",
    "events",
    "at_risk",
    "treated",
    "observed",
    "recurred",
}
SUB_NATIONAL = {"trust_code", "alliance_code", "provider", "health_board"}


def is_below_the_nation(row: Row) -> bool:
    if row.get("level"):
        return str(row["level"]).lower() not in {"nation", "both_nations", "both nations"}
    return any(row.get(column) for column in SUB_NATIONAL)


def small_counts(release: Refreshed, version: int) -> None:
    checked = 0
    for path in outputs(release, version):
        for place, rows in tables(path):
            for row in filter(is_below_the_nation, rows):
                of = {str(k).lower(): number(v) for k, v in row.items() if str(k).lower() in COUNTS}
                of = {k: v for k, v in of.items() if v is not None}
                if {"numerator", "denominator"} <= set(of):
                    of["complement"] = of["denominator"] - of["numerator"]
                checked += len(of)
                assert not [k for k, v in of.items() if 1 <= v <= 4], (place, row)
    assert checked > 400


# Rows that are about people, whatever is counted among them; a source's finds are a count, not people it is about.
ABOUT = {"denominator", "people", "at_risk"}
FINDS = "recurrence_evidence"


def few_people(release: Refreshed, version: int) -> None:
    """No row of any level is about one to four people."""
    checked = 0
    for path in outputs(release, version):
        for place, rows in tables(path):
            for row in rows if FINDS not in place else ():
                about = [number(v) for k, v in row.items() if str(k).lower() in ABOUT]
                checked += len(about)
                assert not [v for v in about if v is not None and 1 <= v <= 4], (place, row)
    assert checked > 1_000


def counts_in_documents(release: Refreshed, version: int) -> None:
    """The dashboard holds released pairs only; `12 of 34` in a sentence is no small one below the nation."""
    values = shown(release, version)
    whole = values.dropna(subset=["numerator", "denominator"])
    released = set(whole[["numerator", "denominator"]].astype(int).itertuples(index=False, name=None))
    national = whole[whole["level"].isin(["nation", "both_nations"])][["numerator", "denominator"]].astype(
        int
    )
    exempt = set(national.itertuples(index=False, name=None))
    data = packed_parts((folder_of(release, version) / "index.html").read_text(encoding="utf-8"))
    cells = [
        cell
        for kinds in data["data"]["values"].values()
        for units in kinds.values()
        for of in units.values()
        for cell in of
        if isinstance(cell, list) and len(cell) == 5
    ]
    pairs = {(cell[0], cell[1]) for cell in cells}
    assert len(pairs) > 100
    assert pairs <= released
    said = [("index.html", pair) for pair in pairs]
    for path in outputs(release, version):
        # "18 of 20 Alliances" counts places, "Page 4 of 30" pages: neither counts people.
        found = re.findall(rf"(?<!Page )\b(\d[\d,]*) of (\d[\d,]*)\b(?! (?:{PLACES}))", prose(path))
        said += [(path.name, (int(a.replace(",", "")), int(b.replace(",", "")))) for a, b in found]
    small = {s for s in said if 1 <= s[1][0] <= 4 or 1 <= s[1][1] - s[1][0] <= 4 or s[1][1] <= 4}
    exposed = sorted(s for s in small if s[1] not in exempt)
    assert not exposed, exposed


def hidden_elsewhere(release: Refreshed, version: int) -> None:
    values = shown(release, version)
    everybody = values[(values["subgroup"] == "all") & ~values["level"].isin(["nation", "both_nations"])]
    hidden = everybody[everybody["numerator"].isna() & everybody["median_days"].isna()]
    hidden = set(hidden[["indicator", "period", "unit_code"]].itertuples(index=False, name=None))
    assert len(hidden) > 100
    folder = folder_of(release, version)
    data = packed_parts((folder / "index.html").read_text(encoding="utf-8"))["data"]
    labels = {label: (kind, n) for kind, names in data["periods"].items() for n, label in enumerate(names)}
    for name, period, code in hidden:
        kind, place = labels[period]
        cells = data["values"][name][kind].get(code, [])
        assert place >= len(cells) or not (isinstance(cells[place], list) and len(cells[place]) > 1)
    seen = 0
    for path in outputs(release, version):
        for where, rows in tables(path):
            for row in rows:
                key = (
                    row.get("metric_id") or row.get("indicator"),
                    row.get("period"),
                    row.get("trust_code") or row.get("unit_code") or row.get("alliance_code"),
                )
                # Deaths by treating trust are of other people than those diagnosed there.
                other_people = "change" in row or "treating" in str(row.get("comparison"))
                if key in hidden and row.get("subgroup", "all") == "all" and not other_people:
                    seen += 1
                    shown_anyway = [
                        c
                        for c in ("numerator", "proportion", "pact", "value")
                        if number(row.get(c)) is not None
                    ]
                    assert not shown_anyway, (where, row)
    assert seen > 100


def recoverable_cells(release: Refreshed, version: int) -> None:
    """The gate's attack on the CSV file as it lies there, not on the table it was made from."""
    scope = Scope(release.feed, release.period, version)

    def frame(name: str) -> pd.DataFrame:
        return read_parquet(release.lake.published(scope, name).path)

    counted = CountedTables(**{field.name: frame(field.name) for field in dataclasses.fields(CountedTables)})
    control = control_of(counted, registry(), policies()["public"])
    found = gate_figures(shown(release, version), counted.indicator_counts, control, 0)
    assert (found["sensitive_cells"] or 0) > 1_000
    assert (found["narrow_cells"], found["recoverable_cells"], found["cells_missing"]) == (0, 0, 0)


def mixed_scales(release: Refreshed, version: int) -> None:
    """Data files have proportions of 0 to 1 and no percent sign; documents have percentages, and not all below one."""
    files = outputs(release, version)
    with (folder_of(release, version) / "data_dictionary.csv").open(encoding="utf-8") as stream:
        said = [
            (r["file"], r["column"])
            for r in csv.DictReader(stream)
            if "0 to 1" in r["meaning"] and ";" not in r["meaning"][:60]
        ]
    proportions = {f"{file} {column}" for file, column in said} | {
        f"{DATA_FILE} {column}" for column in ("pact", "Mav", "Lcl", "Ucl", "Mav_Ca", "Mav_nat")
    }
    checked = documents = 0
    for path in files:
        for where, rows in tables(path):
            for row in rows:
                assert not [c for c in row.values() if re.fullmatch(r"[\d.]+ ?%", str(c))], (where, row)
                of = [number(v) for k, v in row.items() if f"{path.name} {k}" in proportions]
                checked += len(of)
                assert all(v is None or 0 <= v <= 1 for v in of), (where, row)
        percentages = [float(p) for p in re.findall(r"(\d+(?:\.\d+)?)%", prose(path))]
        documents += bool(percentages)
        assert all(p <= 100 for p in percentages), path
        assert not percentages or max(percentages) > 1, path
    assert checked > 10_000


SCANS: tuple[Callable[[Refreshed, int], None], ...] = (
    people,
    small_counts,
    few_people,
    counts_in_documents,
    hidden_elsewhere,
    mixed_scales,
)
