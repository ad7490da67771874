"""Reporting periods: quarters for the English quarterly feed, calendar years for the annual feeds.

What belongs here: parsing, naming and shifting periods. What does not: which windows an indicator
needs (see `indicators/`), or Dagster partitions (see `assets/partitions.py`, built from these).
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from naome_pipeline.errors import Refused

_QUARTER = re.compile(r"^(\d{4})\s*-?Q([1-4])$", re.IGNORECASE)
_QUARTER_KEY = re.compile(r"^(\d{4})-(01|04|07|10)-01$")
_YEAR = re.compile(r"^(\d{4})(-01-01)?$")


@dataclass(frozen=True, order=True)
class Quarter:
    """A calendar quarter. `Quarter.parse("2025Q3").label` is `"2025 Q3"`."""

    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> Quarter:
        """Read `2025Q3`, `2025 Q3` or the partition key `2025-07-01`; anything else is a ValueError."""
        if match := _QUARTER.match(text.strip()):
            return cls(int(match[1]), int(match[2]))
        if match := _QUARTER_KEY.match(text.strip()):
            return cls(int(match[1]), (int(match[2]) + 2) // 3)
        raise Refused(f"'{text}' is not a quarter: write it like 2025Q3")

    @classmethod
    def containing(cls, day: dt.date) -> Quarter:
        """The quarter a date falls in."""
        return cls(day.year, (day.month + 2) // 3)

    @property
    def start(self) -> dt.date:
        """First day."""
        return dt.date(self.year, 3 * self.number - 2, 1)

    @property
    def end(self) -> dt.date:
        """Last day."""
        return self.shift(1).start - dt.timedelta(days=1)

    @property
    def key(self) -> str:
        """The partition key: the first day in ISO form."""
        return self.start.isoformat()

    @property
    def code(self) -> str:
        """The short form used in manifests and on the command line: `2025Q3`."""
        return f"{self.year}Q{self.number}"

    @property
    def label(self) -> str:
        """The form shown to people: `2025 Q3`."""
        return f"{self.year} Q{self.number}"

    def shift(self, quarters: int) -> Quarter:
        """The quarter so many quarters later (earlier when negative)."""
        index = self.year * 4 + self.number - 1 + quarters
        return Quarter(index // 4, index % 4 + 1)


@dataclass(frozen=True, order=True)
class Year:
    """A calendar year, the period of the annual feeds."""

    year: int

    @classmethod
    def parse(cls, text: str) -> Year:
        """Read `2024` or the partition key `2024-01-01`; anything else is a ValueError."""
        if match := _YEAR.match(text.strip()):
            return cls(int(match[1]))
        raise Refused(f"'{text}' is not a year: write it like 2024")

    @property
    def start(self) -> dt.date:
        """First day."""
        return dt.date(self.year, 1, 1)

    @property
    def end(self) -> dt.date:
        """Last day."""
        return dt.date(self.year, 12, 31)

    @property
    def key(self) -> str:
        """The partition key: the first day in ISO form."""
        return self.start.isoformat()

    @property
    def code(self) -> str:
        """The short form used in manifests and on the command line."""
        return str(self.year)

    @property
    def label(self) -> str:
        """The form shown to people."""
        return str(self.year)

    def shift(self, years: int) -> Year:
        """The year so many years later (earlier when negative)."""
        return Year(self.year + years)


Period = Quarter | Year


def parse_period(feed: str, text: str) -> Period:
    """Read a period in the cadence of a feed (`england_quarterly` has quarters, the others years)."""
    return Quarter.parse(text) if feed.endswith("_quarterly") else Year.parse(text)
