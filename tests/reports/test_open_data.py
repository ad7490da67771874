"""Open data: the released tables and nothing else, safe in a spreadsheet, with dictionary and checksums."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from naome_pipeline.reports.data_dictionary import meaning
from naome_pipeline.reports.open_data import (
    ARCHIVE_FILE,
    CHECKSUMS_FILE,
    DICTIONARY_FILE,
    FILES,
    HOLDS,
    LICENCE_FILE,
    PACKAGE_FILE,
    README_FILE,
    safe_cell,
    write_open_data,
)
from naome_pipeline.reports.released import RELEASED
from tests.reports.released_tables import FORMULA, frames, released


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    target = tmp_path_factory.mktemp("open")
    write_open_data(released(tmp_path_factory.mktemp("tables")), target)
    return target


def columns_of(frame: pd.DataFrame) -> list[str]:
    """Those of the table; a state beside whether trusts are judged by it, values beside whether they are experimental."""
    judged = ["judged_by"] if "overdispersed_state" in frame else []
    named = ["status"] if "indicator" in frame and "status" not in frame else []
    return [*frame.columns, *judged, *named]


def test_every_released_table_is_there_with_every_row(folder):
    assert set(FILES) == set(RELEASED)
    assert set(HOLDS) == set(FILES.values())
    for name, frame in frames().items():
        written = pd.read_csv(folder / FILES[name])
        assert len(written) == len(frame)
        assert list(written.columns) == columns_of(frame)


def test_numbers_equal_the_table_and_hidden_ones_are_empty(folder):
    keys = ["indicator", "period_kind", "period", "level", "unit_code"]
    written = pd.read_csv(folder / "indicators.csv").set_index(keys).sort_index()
    table = frames()["released_indicators"].set_index(keys).sort_index()
    for column in ("denominator", "numerator", "proportion", "lower", "upper", "median_days"):
        left, right = written[column].astype("Float64"), table[column].astype("Float64")
        assert left.isna().equals(right.isna())
        assert (left.dropna() - right.dropna()).abs().max() < 1e-12


def test_proportions_are_fractions_not_percentages(folder):
    written = pd.read_csv(folder / "indicators.csv")
    assert written["proportion"].dropna().between(0, 1).all()


def test_a_name_cannot_become_a_formula(folder):
    text = (folder / "indicators.csv").read_text(encoding="utf-8")
    assert f"'{FORMULA}" in text
    assert f",{FORMULA}" not in text
    for start in "=+-@\t\r":
        assert safe_cell(f"{start}A1") == f"'{start}A1"
    assert safe_cell(-1.5) == "-1.5"
    assert safe_cell("-31") == "-31"


def test_dictionary_explains_every_column(folder):
    dictionary = pd.read_csv(folder / DICTIONARY_FILE)
    assert dictionary["meaning"].str.len().gt(0).all()
    for name, file in FILES.items():
        assert set(dictionary.loc[dictionary["file"] == file, "column"]) == set(columns_of(frames()[name]))


def test_no_value_of_a_recurrent_or_otherwise_experimental_indicator_travels_without_the_word(tmp_path):
    tables = frames()
    values = tables["released_indicators"]
    tables["released_indicators"] = pd.concat([values, values.head(1).assign(indicator="P2")])
    write_open_data(released(tmp_path, tables), tmp_path)
    status = pd.read_csv(tmp_path / "indicators.csv").groupby("indicator")["status"].unique()
    assert status["P1"].tolist() == ["published"]
    assert status["P2"].tolist() != ["published"]
    for name in ("recurrence_rates", "recurrence_evidence"):
        assert set(pd.read_csv(tmp_path / f"{name}.csv")["status"]) == {"experimental"}


def test_a_state_beyond_the_limits_says_whether_anybody_is_judged_by_it(tmp_path):
    tables = frames()
    shown = tables["released_comparison"].head(1).assign(state="potential outlier")
    made = [
        ("P1", "unadjusted"),
        ("P1_recorded", "unadjusted"),
        ("P5", "unadjusted"),
        ("P9", "unadjusted"),
        ("P9", "risk adjusted"),
    ]
    rows = [shown.assign(indicator=name, comparison=kind) for name, kind in made]
    tables["released_comparison"] = pd.concat(rows, ignore_index=True)
    write_open_data(released(tmp_path, tables), tmp_path)
    written = pd.read_csv(tmp_path / "funnels.csv").set_index(["indicator", "comparison"])["judged_by"]
    assert {key: written[key] for key in made} == dict(
        zip(made, ["yes", "no", "no", "no", "yes"], strict=True)
    )
    dictionary = pd.read_csv(tmp_path / DICTIONARY_FILE).set_index(["file", "column"])["meaning"]
    assert "risk adjustment" in dictionary["funnels.csv", "judged_by"]


def test_checksums_fit_the_files(folder):
    lines = (folder / CHECKSUMS_FILE).read_text(encoding="utf-8").splitlines()
    listed = {name: digest for digest, name in (line.split("  ") for line in lines)}
    assert set(listed) == {p.name for p in folder.iterdir()} - {CHECKSUMS_FILE, ARCHIVE_FILE}
    for name, digest in listed.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest


def test_every_column_has_a_meaning_somebody_wrote():
    for name, frame in frames().items():
        for column in frame.columns:
            said = meaning(name, column)
            assert said != column.replace("_", " "), (name, column)
            assert not said.startswith(f"{column.removesuffix('_before').replace('_', ' ')} (in"), (
                name,
                column,
            )


@pytest.mark.parametrize(
    ("table", "column", "said", "unsaid"),
    [
        ("released_recurrence_rates", "incidence", "distant recurrence", "treated"),
        ("released_recurrence_rates", "died_before", "died before any recurrence", "release before"),
        ("released_intervention_effects", "standard_error", "of the estimate", "alive"),
        ("released_intervention_effects", "expected", "increase or decrease", "case mix"),
        ("released_definitions", "direction", "which way is better", "flag"),
        ("provenance", "kind", "release", "performance"),
        ("provenance", "unit", "unit of the parameter", "row"),
        ("revisions", "numerator_before", "(in the release before)", "died"),
    ],
)
def test_a_column_means_what_it_holds_in_its_table(table, column, said, unsaid):
    assert said in meaning(table, column)
    assert unsaid not in meaning(table, column)


def test_the_data_package_describes_every_file_with_its_hash(folder):
    package = json.loads((folder / PACKAGE_FILE).read_text(encoding="utf-8"))
    assert {r["path"] for r in package["resources"]} == set(FILES.values())
    made = package["madeFrom"]
    assert (made["delivery"], made["pipelineVersion"]) == (f"sha256:{'f' * 64}", "0.1.0")
    assert made["disclosurePolicy"] == "public"
    assert len(made["parameters"].removeprefix("sha256:")) == 64
    for resource in package["resources"]:
        content = (folder / resource["path"]).read_bytes()
        assert resource["hash"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
        header = content.split(b"\n")[0].decode().split(",")
        assert [f["name"] for f in resource["schema"]["fields"]] == header


def test_the_archive_holds_every_file_and_the_licence_says_what_it_is_for(folder, tmp_path):
    with zipfile.ZipFile(folder / ARCHIVE_FILE) as archive:
        for name in archive.namelist():
            assert archive.read(name) == (folder / name).read_bytes()
        assert set(archive.namelist()) == {p.name for p in folder.iterdir()} - {ARCHIVE_FILE}
    assert "artificial" in (folder / LICENCE_FILE).read_text(encoding="utf-8")
    readme = (folder / README_FILE).read_text(encoding="utf-8")
    assert all(text in readme for text in ("do not exist", "f" * 64, *FILES.values()))
    tables = frames()
    tables["provenance"]["value"] = tables["provenance"]["value"].mask(
        tables["provenance"]["item"] == "synthetic data", "no"
    )
    write_open_data(released(tmp_path, tables), tmp_path)
    licence = (tmp_path / LICENCE_FILE).read_text(encoding="utf-8")
    assert "gives no licence" in licence
    assert "MIT" not in licence


def test_same_tables_same_bytes(folder, tmp_path):
    again = tmp_path / "again"
    again.mkdir()
    write_open_data(released(tmp_path), again)
    for path in folder.iterdir():
        assert (again / path.name).read_bytes() == path.read_bytes(), path.name
