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

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from naome_pipeline.configuration import ConfigurationError, mistake_in, read_configuration, understanding
from naome_pipeline.errors import Refused

PARAMETERS_FILE = Path(__file__).with_name("parameters.yaml")
_NAMED = re.compile(r"\$([a-z]\w*)")
# What statements also name: the delivery and its period give these (`build.period_values`).
PERIOD_VALUES = ("snapshot_date", "period_end", "first_reported_day")
# Of these there is at least one, and no half.
_COUNTED = (
    "years",
    "quarters",
    "people",
    "conditions",
    "deficits",
    "data sets",
    "knots",
    "day of the month",
)
# Days before something are negative.
_MAY_BE_NEGATIVE = "_window_start"


class Parameter(BaseModel):
    """One number: its value, unit, what it rests on and why it is what it is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: float | int = Field(allow_inf_nan=False)
    unit: str
    basis: Literal["plan", "published", "assumption"]
    note: str

    @model_validator(mode="after")
    def _fits_its_unit(self) -> Parameter:
        if self.unit in _COUNTED and (self.value < 1 or self.value % 1):
            raise ValueError(f"{self.value} {self.unit}: it has to be a whole number of at least 1")
        if self.unit == "days" and self.value % 1:
            raise ValueError(f"{self.value} days: it has to be a whole number")
        if self.unit == "proportion" and not 0 < self.value <= 1:
            raise ValueError(f"{self.value} is no proportion: it has to be above 0 and at most 1")
        return self


@cache
def parameters() -> Mapping[str, Parameter]:
    """All parameters by name, in the order of the file."""
    raw = read_configuration(PARAMETERS_FILE)
    with understanding(PARAMETERS_FILE):
        found = TypeAdapter(dict[str, Parameter]).validate_python(raw)
        for name, parameter in found.items():
            if parameter.value < 0 and not name.endswith(_MAY_BE_NEGATIVE):
                raise ValueError(f"{name}: {parameter.value} must not be negative")
        return found


def no_parameter(name: str, where: str) -> ConfigurationError:
    """The error for a parameter that something names and that there is none of."""
    return mistake_in(PARAMETERS_FILE, f"there is no parameter {name}, which {where} names")


def value_of(name: str) -> float | int:
    """The value of one parameter; a ConfigurationError names it when there is none."""
    if name not in parameters():
        raise mistake_in(PARAMETERS_FILE, f"there is no parameter {name}")
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
