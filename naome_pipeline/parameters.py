"""The parameters of the audit: every number a rule uses, with its unit and its basis.

What belongs here: loading and checking `parameters.yaml`. What does not: code lists (`reference/`) or
indicator definitions (`indicators/registry.yaml`).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from naome_pipeline.configuration import read_configuration, understanding

PARAMETERS_FILE = Path(__file__).with_name("parameters.yaml")


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
