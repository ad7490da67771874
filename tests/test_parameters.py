"""A mistake in the parameters, or in what names them, is said before anything runs: the file, the name, what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from naome_pipeline import parameters as parameters_module
from naome_pipeline.build import Node
from naome_pipeline.configuration import ConfigurationError
from naome_pipeline.indicators.registry import REGISTRY_FILE, load_registry
from naome_pipeline.parameters import PARAMETERS_FILE, value_of


def loaded(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    path = folder / "parameters.yaml"
    path.write_text(text, encoding="utf-8")
    monkeypatch.setattr(parameters_module, "PARAMETERS_FILE", path)
    return parameters_module.parameters.__wrapped__()


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("quarters_reported: {value: 16", "quarters_reported: {value: 0", "quarters_reported.*at least 1"),
        (
            "audit_period_years: {value: 3",
            "audit_period_years: {value: 2.5",
            "audit_period_years.*whole number",
        ),
        ("minimum_age: {value: 18", "minimum_age: {value: eighteen", "minimum_age.value"),
        ("charlson_lookback: {value: 365", "charlson_lookback: {value: -1", "charlson_lookback.*negative"),
        ("cosd_link_days: {value: 90", "cosd_link_days: {value: 0.5", "cosd_link_days.*whole number"),
        (
            "data_quality_target: {value: 0.9",
            "data_quality_target: {value: 90",
            "data_quality_target.*proportion",
        ),
    ],
)
def test_a_value_that_cannot_be_is_said_with_its_name(tmp_path, monkeypatch, before, after, said):
    text = PARAMETERS_FILE.read_text(encoding="utf-8")
    assert before in text
    with pytest.raises(ConfigurationError, match=rf"parameters\.yaml is wrong: {said}"):
        loaded(text.replace(before, after), tmp_path, monkeypatch)


def test_a_parameter_that_is_not_there_is_named_with_what_names_it():
    with pytest.raises(ConfigurationError, match="there is no parameter age_limit"):
        value_of("age_limit")
    with pytest.raises(
        ConfigurationError, match="no parameter age_limit, which the statement of cohort/people names"
    ):
        Node("cohort", "people", "", lambda _: None, parameter_names=("age_limit",))


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            "where: mdt_in_window}",
            "where: mdt_in_windw}",
            "numerator: person_facts has no column mdt_in_windw",
        ),
        ("BETWEEN 0 AND $death_after_cycle_days", "BETWEEN 0 AND $cycle_days", "no parameter cycle_days"),
        (
            "where: had_cycle AND NOT died_undated}",
            "where: had_cycle AND}",
            "P9, denominator: 'had_cycle AND' is no expression",
        ),
    ],
)
def test_an_expression_of_the_registry_names_what_there_is(tmp_path, before, after, said):
    path = tmp_path / "registry.yaml"
    text = REGISTRY_FILE.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=rf"registry\.yaml is wrong: .*indicator .*{said}"):
        load_registry(path)
