"""The parameters of the audit: every number a rule uses, with its unit and its basis.

What belongs here: loading and checking `parameters.yaml`, and putting values where other files name them. What does not: code
lists (`reference/`) or indicator definitions (`indicators/registry.yaml`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from naome_pipeline.configuration import read_configuration, understanding
from naome_pipeline.errors import Refused

PARAMETERS_FILE = Path(__file__).with_name("parameters.yaml")
_NAMED = re.compile(r"\$([a-z]\w*)")


class Parameter(BaseModel):
    """One number: its value, unit, what it rests on and why it is what it is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: float | int
    unit: str
    basis: Literal["plan", "published", "assumption"]
    note: str


@cache
def parameters() -> Mapping[str, Parameter]:
    """All parameters by name, in the order of the file."""
    raw = read_configuration(PARAMETERS_FILE)
    with understanding(PARAMETERS_FILE):
        return {name: Parameter.model_validate(entry) for name, entry in raw.items()}


def value_of(name: str) -> float | int:
    """The value of one parameter; a KeyError names it when there is none."""
    return parameters()[name].value


def with_values(content: Any, *, signed: bool = True) -> Any:
    """Configuration with the values of the parameters it names: `$minimum_age` alone becomes the number, in a longer text it is
    written out. Not `signed` is for prose: "31 days before". Refused names a parameter that does not exist.
    """
    if isinstance(content, dict):
        return {key: with_values(value, signed=signed) for key, value in content.items()}
    if isinstance(content, list):
        return [with_values(value, signed=signed) for value in content]
    if not isinstance(content, str):
        return content
    if unknown := sorted(set(_NAMED.findall(content)) - set(parameters())):
        raise Refused(f"there is no parameter {', '.join(unknown)}")
    if match := _NAMED.fullmatch(content):
        return value_of(match[1])
    return _NAMED.sub(lambda m: f"{value_of(m[1]) if signed else abs(value_of(m[1])):g}", content)
