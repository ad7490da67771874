"""Every critical expectation can fail, a healthy profile passes, and results hold numbers only."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from naome_pipeline.gates import CRITICAL, GateFailed, Suite, judge, load_suite, raise_for_failures
from tests.expectations.suites import requested_metrics, suites

ALL = [pytest.param(suite, id=suite.content["name"]) for suite in suites()]
# What the build gives beside the table: a delivery of ordinary size, so that no expectation is out of scope.
GIVEN: dict[str, float | None] = {
    "rows": 1000.0,
    "missing_columns": 0.0,
    "rows_to_previous": 1.0,
    "rows_in": 1000.0,
    "rows_quarantined": 0.0,
    "quarantined_share": 0.0,
    "values_unreadable": 0.0,
    "delivered": 1.0,
    "months_missing_at_end": 0.0,
    "months_missing_inside": 0.0,
}


def healthy(suite: Suite) -> dict[str, float | None]:
    """A profile inside every bound of a suite."""
    profile = GIVEN | dict.fromkeys(requested_metrics(suite), 0.0)
    for metric in {e["kwargs"]["column"] for e in suite.expectations}:
        bounds = [e["kwargs"] for e in suite.expectations if e["kwargs"]["column"] == metric]
        lows = [float(b["min_value"]) for b in bounds if "min_value" in b]
        highs = [float(b["max_value"]) for b in bounds if "max_value" in b]
        profile[metric] = max(lows) if lows else min(highs)
    return profile


def beyond(kwargs: Mapping[str, float]) -> float:
    """A number just outside an expectation."""
    return kwargs["max_value"] + 1.0 if "max_value" in kwargs else kwargs["min_value"] - 0.001


@pytest.mark.parametrize("suite", ALL)
def test_healthy_profile_passes_and_every_critical_expectation_can_fail(suite):
    sound = healthy(suite)
    assert [r.name for r in judge(sound, suite) if not r.passed] == []

    critical = [e for e in suite.expectations if e["severity"] == CRITICAL]
    broken = {e["kwargs"]["column"]: beyond(e["kwargs"]) for e in critical}
    assert len(broken) == len(critical)
    passed = {r.name: r.passed for r in judge(sound | broken, suite)}
    assert [e["meta"]["name"] for e in critical if passed[e["meta"]["name"]]] == []


@pytest.mark.parametrize("suite", ALL)
def test_missing_column_stops_the_gate_by_name(suite):
    unmeasured = {**GIVEN, "missing_columns": 1.0}
    with pytest.raises(GateFailed, match="columns_are_present: missing_columns is 1, at most 0 allowed"):
        raise_for_failures(suite.node, judge(unmeasured, suite))


def test_one_broken_number_fails_only_what_judges_it():
    suite = load_suite("sources", "tumours")
    results = judge(healthy(suite) | {"null_share.sex": 0.4}, suite)
    assert {r.name for r in results if not r.passed} == {
        "most_sexes_are_recorded",
        "most_sexes_are_recorded_as_usual",
    }
    with pytest.raises(GateFailed, match=r"most_sexes_are_recorded: null_share\.sex is 0\.4") as failure:
        raise_for_failures("tumours", results)
    assert [r.name for r in failure.value.results] == [e["meta"]["name"] for e in suite.expectations]


def test_warnings_do_not_stop_the_gate():
    suite = load_suite("sources", "tumours")
    results = judge(healthy(suite) | {"null_share.sex": 0.1, "measure.missing_ethnicity": 0.9}, suite)
    assert {r.name for r in results if not r.passed} == {
        "most_sexes_are_recorded_as_usual",
        "ethnicity_is_recorded",
    }
    raise_for_failures("tumours", results)


@pytest.mark.parametrize("name", ["tumours", "hes_ae", "somatic"])
def test_data_set_that_is_not_delivered_blocks_nothing(name):
    """No rows, nothing to take a share of, fewer than before: worth a warning, not a stop."""
    suite = load_suite("sources", name)
    empty = GIVEN | dict.fromkeys(requested_metrics(suite), None)
    empty |= {"duplicate_keys": 0.0, "rows": 0.0, "rows_in": 0.0, "delivered": 0.0, "rows_to_previous": 0.0}
    failed = {r.name for r in judge(empty, suite) if not r.passed}
    assert failed == {"as_complete_as_last_release"}
    empty["delivered"] = 1.0
    assert "not_halved_since_last_release" in {r.name for r in judge(empty, suite) if not r.passed}


def test_nothing_to_compare_with_passes():
    suite = load_suite("cohort", "people")
    assert all(r.passed for r in judge(healthy(suite) | {"rows_to_previous": None}, suite))
