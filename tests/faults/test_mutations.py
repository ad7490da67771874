"""Mutated input gets a clear answer: a short run of what `make faults` does 5,000 times."""

from __future__ import annotations

import pytest

from naome_pipeline.configuration import ConfigurationError, read_configuration
from naome_pipeline.deliveries import layouts
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
