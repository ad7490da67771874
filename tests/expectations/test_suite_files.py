"""One suite per node, complete, in Great Expectations' own form, and understandable."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest

from assets.release.policies import ABOUT_FEW
from naome_pipeline import parameters as parameters_module
from naome_pipeline.configuration import ConfigurationError
from naome_pipeline.disclosure.policy import policies
from naome_pipeline.gates import CRITICAL, EXPECTATIONS_FOLDER, Suite, load_suite
from naome_pipeline.parameters import parameters
from tests.expectations.suites import (
    UNDER_A_POLICY,
    node_names,
    requested_metrics,
    suite_files,
    suite_names,
)

GIVEN_EVERYWHERE = {"rows", "missing_columns", "rows_to_previous"}
GIVEN_FOR_SOURCES = {
    "rows_in",
    "rows_quarantined",
    "quarantined_share",
    "values_unreadable",
    "delivered",
    "months_missing_at_end",
    "months_missing_inside",
}
GIVEN_BY_THE_ATTACK = {
    "cells_missing",
    "recoverable_cells",
    "narrow_cells",
    "unprotected_cells",
    "already_public_cells",
    "nation_changed",
    "nation_hidden_needlessly",
}
CASES = [pytest.param(layer, name, id=f"{layer}/{name}") for layer, name in suite_names()]


def test_every_node_has_one_suite_and_every_suite_a_node():
    assert len(node_names()) > 40
    assert sorted(suite_names()) == sorted(node_names())
    assert all(path.parent.parent.name == "expectations" for path in suite_files())


@pytest.mark.parametrize(("layer", "name"), CASES)
def test_suite_says_what_it_is_and_why(layer, name):
    suite = load_suite(layer, name)
    assert suite.content["name"] == f"{layer}/{name}"
    assert len(suite.content["meta"]["rationale"].split()) > 12
    assert suite.profile["columns"]


@pytest.mark.parametrize(("layer", "name"), CASES)
def test_every_expectation_has_name_reason_severity_and_bound(layer, name):
    expectations = load_suite(layer, name).expectations
    for expectation in expectations:
        assert expectation["type"] == "expect_column_values_to_be_between"
        assert expectation["severity"] in {CRITICAL, "warning"}
        assert re.fullmatch(r"[a-z][a-z0-9_]+", expectation["meta"]["name"])
        why = expectation["meta"]["why"]
        assert why.endswith("."), why
        assert len(why.split()) > 4, why
        assert {"min_value", "max_value"} & expectation["kwargs"].keys()
    repeated = [n for n, times in Counter(e["meta"]["name"] for e in expectations).items() if times > 1]
    assert not repeated


@pytest.mark.parametrize(("layer", "name"), CASES)
def test_every_suite_checks_schema_key_and_a_rule(layer, name):
    expectations = {e["kwargs"]["column"]: e["severity"] for e in load_suite(layer, name).expectations}
    assert expectations["missing_columns"] == CRITICAL
    # Treatments have no key: two drugs may share a day. Tables keyed by their whole row measure repeats as a share.
    keyed = {"duplicate_keys", "measure.repeated_rows"} & expectations.keys()
    assert keyed or name == "treatments"
    assert any(metric.startswith(("rule.", "measure.", "outside_codes.")) for metric in expectations)
    if layer == "sources" and name not in {"delivered_rows", "quarantine_summary"}:
        assert {"quarantined_share", "rows_to_previous", "rule.required_value_missing"} <= expectations.keys()


@pytest.mark.parametrize(("layer", "name"), CASES)
def test_every_metric_judged_is_measured_and_every_metric_measured_is_judged(layer, name):
    suite = load_suite(layer, name)
    judged = {e["kwargs"]["column"] for e in suite.expectations}
    measured = requested_metrics(suite)
    given = GIVEN_EVERYWHERE | (GIVEN_FOR_SOURCES if layer == "sources" else set())
    if name == "released_indicators":
        given |= GIVEN_BY_THE_ATTACK
    if name in UNDER_A_POLICY:
        given.add(ABOUT_FEW)
    if name == "released_comparison":
        given.add("trusts_missing")
    if name == "released_registry_agreement":
        given |= {"narrow_cells", "cells_missing"}
    assert judged <= measured | given
    assert measured <= judged


@pytest.mark.parametrize(("layer", "name"), CASES)
def test_a_warning_never_lies_beyond_the_critical_bound(layer, name):
    """A warning that could only speak after the gate has closed would never be read."""
    expectations = load_suite(layer, name).expectations
    for blocking in (e for e in expectations if e["severity"] == CRITICAL):
        for warning in (e for e in expectations if e["severity"] == "warning"):
            if warning["kwargs"]["column"] == blocking["kwargs"]["column"]:
                ceiling = warning["kwargs"].get("max_value", float("-inf"))
                floor = warning["kwargs"].get("min_value", float("inf"))
                assert ceiling < blocking["kwargs"].get("max_value", float("inf"))
                assert floor > blocking["kwargs"].get("min_value", float("-inf"))


def test_a_suite_follows_the_parameters_it_names(monkeypatch):
    def loaded(layer: str, name: str) -> Suite:
        return load_suite.__wrapped__(layer, name)

    def bound(suite: Suite, metric: str, side: str) -> float:
        return next(e["kwargs"][side] for e in suite.expectations if e["kwargs"]["column"] == metric)

    changed = {
        "minimum_age": 21,
        "quarters_reported": 12,
        "de_novo_window_end": 150,
        "treatment_window_end": 400,
    }
    known = parameters()
    fresh = {name: p.model_copy(update={"value": changed.get(name, p.value)}) for name, p in known.items()}
    monkeypatch.setattr(parameters_module, "parameters", lambda: fresh)
    assert bound(loaded("cohort", "people"), "measure.youngest", "min_value") == 21
    assert bound(loaded("cohort", "case_mix"), "measure.youngest", "min_value") == 21
    assert bound(loaded("cohort", "people"), "measure.quarters_spanned", "max_value") == 12
    assert bound(loaded("indicators", "reporting_periods"), "measure.quarters", "max_value") == 12
    rules = loaded("cohort", "cohort_assessment").profile["rules"]
    assert rules["minor_included"].endswith("< 21")
    assert rules["evidence_far_away"].endswith("BETWEEN -90 AND 150")
    window = loaded("indicators", "person_facts").profile["rules"]["treatment_outside_window"]
    assert window.endswith("BETWEEN 0 AND 400")


def test_a_parameter_that_does_not_exist_is_a_mistake_in_the_suite(tmp_path):
    suite = json.loads((EXPECTATIONS_FOLDER / "cohort" / "people.json").read_text(encoding="utf-8"))
    suite["expectations"][0]["kwargs"]["min_value"] = "$no_such_number"
    (tmp_path / "cohort").mkdir()
    (tmp_path / "cohort" / "people.json").write_text(json.dumps(suite), encoding="utf-8")
    with pytest.raises(
        ConfigurationError, match=r"people\.json is wrong: there is no parameter no_such_number"
    ):
        load_suite.__wrapped__("cohort", "people", tmp_path)


def test_a_mistake_in_an_expectation_names_it(tmp_path):
    suite = json.loads((EXPECTATIONS_FOLDER / "cohort" / "people.json").read_text(encoding="utf-8"))
    suite["expectations"][1]["kwargs"]["max_value"] = "many"
    name = suite["expectations"][1]["meta"]["name"]
    (tmp_path / "cohort").mkdir()
    (tmp_path / "cohort" / "people.json").write_text(json.dumps(suite), encoding="utf-8")
    with pytest.raises(
        ConfigurationError, match=rf"people\.json is wrong: expectation {name}: kwargs\.max_value"
    ):
        load_suite.__wrapped__("cohort", "people", tmp_path)


def test_release_gates_repeat_the_smallest_number_shown():
    """Policies are no parameters; where a gate repeats one, it must be the same."""
    largest_hidden = policies()["public"].smallest_shown - 1
    rules = load_suite("release", "released_indicators").profile["rules"]
    for rule in ("small_denominator", "small_numerator", "small_remainder"):
        assert rules[rule].endswith(f"BETWEEN 1 AND {largest_hidden}")


def test_suite_files_are_plain_json_of_readable_length():
    for path in suite_files():
        text = path.read_text(encoding="utf-8")
        assert text.endswith("}\n")
        assert len(text.splitlines()) <= 450, path
        assert json.loads(text)["expectations"], path
