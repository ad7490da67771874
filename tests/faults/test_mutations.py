"""Mutated input gets a clear answer: a short run of what `make faults` does 5,000 times."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import tempfile
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from naome_pipeline import gates
from naome_pipeline.configuration import ConfigurationError, read_configuration
from naome_pipeline.deliveries import layouts
from naome_pipeline.deliveries.checking import check_delivery
from naome_pipeline.deliveries.errors import DeliveryError
from naome_pipeline.deliveries.receiving import AcceptedDelivery
from naome_pipeline.engine import Engine
from tests.deliveries.small import deliver, read, standard_files
from tests.faults.mutating import mutate


def test_every_mutation_is_accepted_or_refused_clearly(tmp_path):
    number, wrong = mutate(tmp_path / "mutated", 90, seed=5)
    assert number == 90
    assert wrong == []


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"\xff", "UTF-8"),
        (b"a: [", "line"),
        (b"a: 2025-13-01", "ValueError"),
        (b"a: !!python/none 1", "line 1"),
    ],
)
def test_a_file_of_the_configuration_that_cannot_be_read_is_named(tmp_path, content, word):
    path = tmp_path / "policies.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"policies\.yaml.*What to do") as refused:
        read_configuration(path)
    assert word in str(refused.value)


def test_a_layout_with_a_mistake_names_file_and_place(tmp_path):
    path = tmp_path / "tumours.yaml"
    path.write_text("name: tumours\ntitle: [1]\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"tumours\.yaml is wrong: title"):
        layouts._load(layouts.DataSet, path)


def test_a_file_without_its_header_is_refused_and_no_value_of_its_first_record_is_quoted(tmp_path):
    files = dict(standard_files())
    first, rest = files["rcrd_tumour.csv"].split(b"\n", 1)
    assert b"PATIENT_ID" in first
    delivery = deliver(tmp_path / "delivery", {**files, "rcrd_tumour.csv": rest})
    report = check_delivery(delivery.path)
    said = [str(finding) for finding in report.findings if "rcrd_tumour.csv" in str(finding)]
    assert not report.acceptable
    assert any("was the header left out" in sentence for sentence in said)
    for value in (b"0000000000", b"T0000", b"2023-03-01", b"C509"):
        assert value in rest
        assert not any(value.decode() in sentence for sentence in said), value


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"severity": "criticl"}, "severity"),
        ({"kwargs": {"column": "rows"}}, "no bound"),
        ({"kwargs": {"column": "rows", "max_value": "1"}}, "max_value"),
        ({"kwargs": {"column": "rows", "max_value": True}}, "max_value"),
        ({"type": "expect_table_row_count_to_be_between"}, "type"),
        ({"meta": {"name": "a"}}, "why"),
    ],
)
def test_a_gate_that_would_let_a_table_through_by_mistake_is_refused(tmp_path, change, word):
    good = {
        "type": "expect_column_values_to_be_between",
        "kwargs": {"column": "rows", "min_value": 1},
        "severity": "critical",
        "meta": {"name": "a", "why": "a reason"},
    }
    path = tmp_path / "table.json"
    for entry in (good, good | change):
        path.write_text(json.dumps({"meta": {"profile": {}}, "expectations": [entry]}), encoding="utf-8")
        if entry is good:
            gates.load_suite.__wrapped__("", "table", tmp_path)
    with pytest.raises(ConfigurationError, match=r"table\.json is wrong") as refused:
        gates.load_suite.__wrapped__("", "table", tmp_path)
    assert word in str(refused.value)


@pytest.mark.parametrize("rule", ["nothing > 1", "SELECT (", "person_id = $nf_code"])
def test_a_rule_that_is_no_statement_about_the_table_names_its_gate(tmp_path, rule):
    path, table = tmp_path / "visits.json", tmp_path / "visits.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT 1 AS person_id) TO '{table}'")
        suite = gates.Suite("visits", {"meta": {"profile": {"rules": {"r": rule}}}, "expectations": []}, path)
        with pytest.raises(ConfigurationError, match=r"visits\.json is wrong.*What to do"):
            gates.profile_table(Engine(connection), table, suite, {})


# Hypothesis writes whole files, with every awkward character a text format has.
CELL = st.text(st.characters(codec="latin-1", exclude_characters="\x00"), max_size=12)
ROWS = st.lists(st.lists(CELL, min_size=8, max_size=8), min_size=1, max_size=8)


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    rows=ROWS,
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_whatever_the_cells_of_a_delivery_hold_no_record_is_lost(tmp_path_factory, rows, quoting, end):
    folder = tmp_path_factory.mktemp("written")
    written = io.StringIO()
    writer = csv.writer(written, lineterminator=end, quoting=quoting)
    writer.writerow(
        [
            "PATIENT_ID",
            "TUMOUR_AVP_ID",
            "DIAGNOSISDATE",
            "TUMOUR_SITE",
            "GENDER",
            "AGE",
            "STAGE",
            "TRUST_CODE",
        ]
    )
    writer.writerows(rows)
    content = {"rcrd_tumour.csv": written.getvalue().encode("utf-8")}
    # A lone carriage return inside a value ends a line for the reader: such a file may be refused, but whole.
    returns = "\r" in "".join(cell for row in rows for cell in row)
    with contextlib.suppress(DeliveryError) if returns else contextlib.nullcontext():
        delivery = deliver(folder / "delivery", content)
        _nothing_is_lost(delivery, rows)


def _nothing_is_lost(delivery: AcceptedDelivery, rows: list[list[str]]) -> None:
    if not check_delivery(delivery.path).acceptable:
        return
    kept, refused, counts = read(delivery, "tumours")
    assert counts.rows_in == len(kept) + len(refused)
    assert counts.rows_out == len(kept)
    # A cell with a line end in it is one record for the writer; a reader may see the pieces, and keeps every one.
    assert counts.rows_in >= len([row for row in rows if any(row)])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    content=JSON, part=st.sampled_from(["", "feed", "period", "version", "layout", "snapshot_date", "files"])
)
def test_any_json_as_manifest_or_as_a_part_of_one_is_accepted_or_refused_clearly(content, part):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        good = {
            "feed": "england_quarterly", "period": "2025Q3", "version": 1, "layout": "england_quarterly_2025",
            "snapshot_date": "2025-12-31", "files": [],
        }  # fmt: skip
        text = json.dumps(good | {part: content} if part else content)
        (folder / "manifest.json").write_text(text, encoding="utf-8")
        report = check_delivery(folder)
    assert report.findings
    assert all(str(finding) for finding in report.findings)
