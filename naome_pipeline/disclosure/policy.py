"""The disclosure policy in force: thresholds and modes as one object, read from `policies.yaml`.

What belongs here: reading and checking policies. What does not: applying them (`control.py`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from naome_pipeline.configuration import read_configuration, understanding
from naome_pipeline.errors import Refused

POLICIES_FILE = Path(__file__).with_name("policies.yaml")
ENVIRONMENT_VARIABLE = "NAOME_DISCLOSURE_POLICY"


class Policy(BaseModel):
    """One rule for letting counts out.

    `smallest_shown`: the smallest count other than 0 that may be shown below the exempt levels. `possible_values`: a
    hidden small count must be left with at least so many values that fit everything published. `round_to`: only in
    mode `round`. `fewest_people`: a row about fewer people shows nothing, at exempt levels too, where a small numerator is
    shown. `adjusted_rates`: of providers: computed where both counts are shown, or left out.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    title: str
    mode: Literal["suppress", "round", "none"]
    smallest_shown: int = Field(ge=1)
    secondary: bool
    possible_values: int = Field(ge=1)
    exempt_levels: tuple[str, ...]
    fewest_people: int = Field(ge=1)
    adjusted_rates: Literal["from shown counts", "not released"]
    for_publication: bool
    note: str
    round_to: int = Field(default=1, ge=1)

    @property
    def needed_range(self) -> int:
        """Largest minus smallest possible value that a hidden small count must be left with."""
        return self.possible_values - 1

    def as_items(self) -> dict[str, str]:
        """Name and value of every part, as text for printing."""
        items = {f"disclosure {name.replace('_', ' ')}": value for name, value in self.model_dump().items()}
        return {
            name: ", ".join(value) if isinstance(value, tuple) else str(value).strip()
            for name, value in items.items()
        }


@cache
def policies() -> Mapping[str, Policy]:
    """All policies by name."""
    raw = read_configuration(POLICIES_FILE)
    with understanding(POLICIES_FILE):
        return {name: Policy.model_validate({"id": name, **entry}) for name, entry in raw["policies"].items()}


def policy_in_force() -> Policy:
    """The policy named by `NAOME_DISCLOSURE_POLICY`, else the default; a ValueError lists the names there are."""
    content = read_configuration(POLICIES_FILE)
    with understanding(POLICIES_FILE):
        default = str(content["default"])
    name = os.environ.get(ENVIRONMENT_VARIABLE) or default
    if name not in policies():
        raise Refused(
            f"{ENVIRONMENT_VARIABLE} names '{name}'. What to do: set it to one of {', '.join(policies())}"
        )
    return policies()[name]
