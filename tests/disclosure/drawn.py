"""What the tests of a release's disclosure control have in common: its period and its places."""

from __future__ import annotations

import datetime as dt

import numpy as np

from naome_pipeline.disclosure.control import DisclosureControl
from naome_pipeline.periods import Quarter

PERIOD = Quarter(2025, 3)
SNAPSHOT = dt.date(2025, 12, 31)


def first_year(control: DisclosureControl) -> int:
    """Place of the first rolling year."""
    return int(np.flatnonzero(control.periods.table["period_kind"] == "rolling four quarters")[0])
