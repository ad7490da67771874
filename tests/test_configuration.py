"""Reading the files people edit."""

from __future__ import annotations

import pytest
import yaml

from naome_pipeline.build import PACKAGE
from naome_pipeline.configuration import ConfigurationError, read_configuration

FILES = sorted(PACKAGE.rglob("*.yaml"))


def test_every_file_is_read_as_by_the_reader_written_in_python():
    assert len(FILES) > 50
    for path in FILES:
        assert read_configuration(path) == yaml.safe_load(path.read_text(encoding="utf-8")), path


@pytest.mark.parametrize("text", ["[" * 100_000, "- " * 100_000, "{a: " * 100_000 + "1" + "}" * 100_000])
def test_a_file_of_brackets_is_refused_in_one_sentence(text, tmp_path):
    """libyaml alone ends the process on it."""
    path = tmp_path / "parameters.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"^parameters.yaml is wrong: .*What to do: "):
        read_configuration(path)
