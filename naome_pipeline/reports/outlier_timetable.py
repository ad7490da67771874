"""The timetable of the outlier process: its stages, and their dates in one release.

What belongs here: reading `outlier_timetable.yaml` and counting working days. What does not: which trusts are concerned
(`outliers.py`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Literal

from dateutil.easter import easter
from pydantic import BaseModel, ConfigDict, Field

from naome_pipeline.configuration import read_configuration, understanding

TIMETABLE_FILE = Path(__file__).with_name("outlier_timetable.yaml")
Letter = Literal["notification", "confirmation", "publication"]
_SATURDAY = 5


class Stage(BaseModel):
    """One step: how many working days after the one before, and the letter that goes out then, if any."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z]+$")
    title: str
    days: int = Field(ge=1)
    basis: Literal["published", "assumption"]
    note: str
    letter: Letter | None = None
    states: tuple[Literal["alert", "potential outlier"], ...] = ()
    to: str = ""


class Timetable(BaseModel):
    """All stages in order."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    stages: tuple[Stage, ...] = Field(min_length=1)

    def dates(self, start: dt.date) -> Mapping[str, dt.date]:
        """Stage to its last day, counted from the day the data were drawn."""
        found, day = {}, start
        for stage in self.stages:
            day = working_day_after(day, stage.days)
            found[stage.id] = day
        return found

    @property
    def letters(self) -> Iterator[Stage]:
        """The stages at which a letter goes out."""
        return (stage for stage in self.stages if stage.letter)


def load_timetable(path: Path = TIMETABLE_FILE) -> Timetable:
    """Read and check a timetable; ConfigurationError says what is wrong in it."""
    raw = read_configuration(path)
    with understanding(path):
        return Timetable.model_validate(raw)


def working_day_after(day: dt.date, days: int) -> dt.date:
    """The working day so many working days after a day.

    >>> working_day_after(dt.date(2024, 12, 24), 1)
    datetime.date(2024, 12, 27)
    """
    while days:
        day += dt.timedelta(days=1)
        days -= day.weekday() < _SATURDAY and day not in bank_holidays(day.year)
    return day


@cache
def bank_holidays(year: int) -> frozenset[dt.date]:
    """The regular bank holidays of England and Wales; one proclaimed for a single year is not among them."""
    sunday = easter(year)
    moved: set[dt.date] = set()
    for fixed in (dt.date(year, 1, 1), dt.date(year, 12, 25), dt.date(year, 12, 26)):
        day = fixed
        while day.weekday() >= _SATURDAY or day in moved:
            day += dt.timedelta(days=1)
        moved.add(day)
    return frozenset(
        moved
        | {
            sunday - dt.timedelta(days=2),
            sunday + dt.timedelta(days=1),
            _monday(dt.date(year, 5, 1)),
            _monday(dt.date(year, 5, 25)),
            _monday(dt.date(year, 8, 25)),
        }
    )


def _monday(earliest: dt.date) -> dt.date:
    return earliest + dt.timedelta(days=(7 - earliest.weekday()) % 7)
