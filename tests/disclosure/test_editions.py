"""Two editions in a row: what the earlier one has shown of the nation protects nothing in the later one."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest

from naome_pipeline.disclosure.policy import policies
from naome_pipeline.disclosure.release import (
    KEYS,
    CountedTables,
    control_of,
    gate_figures,
    know,
    released_and_attacked,
)
from naome_pipeline.indicators.registry import registry
from naome_pipeline.indicators.reporting_periods import reporting_periods
from naome_pipeline.ledger import SHOWN
from naome_pipeline.periods import Quarter
from tests.disclosure.outside import Outside

EARLIER, LATER = Quarter(2025, 2), Quarter(2025, 3)
NEWEST, FEW, OTHERWISE = "2025 Q3", 2, 120
# Of each the quarter has as many people: P7 counts the cohort, P2 another one that the control knows by its rows alone.
INDICATORS = ("P7", "P2")
ALLIANCE_OF = {"RAJ": "E56000001", "RBN": "E56000001", "RCF": "E56000002", "RDE": "E56000002"}
TRUSTS = sorted(ALLIANCE_OF)
DAYS = dict.fromkeys(("median_days", "lower_quartile_days", "upper_quartile_days"), float("nan"))


def tables(edition: Quarter) -> CountedTables:
    """Four trusts with 120 people a quarter between them, half of them treated, but for two people of the newest quarter."""
    spans = reporting_periods(edition, edition.end + dt.timedelta(days=92))
    spans["quarter_start"] = pd.to_datetime(spans["quarter_start"])
    quarters = spans[spans["period_kind"] == "quarter"]
    people = pd.DataFrame(
        [
            (f"{start:%Y%m}-{n}", "England", TRUSTS[n % 4], start, float(n // 4 % 2 == 0))
            for start, period in quarters[["quarter_start", "period"]].itertuples(index=False)
            for n in range(FEW if period == NEWEST else OTHERWISE)
        ],
        columns=pd.Index(["person_id", "nation", "trust_code", "quarter_start", "value"]),
    )
    people["alliance_code"] = people["trust_code"].map(ALLIANCE_OF)
    within = spans.merge(people, on="quarter_start")
    rows: list[Any] = []
    for level, code in (("trust", "trust_code"), ("alliance", "alliance_code"), ("nation", "nation")):
        for (unit, *period), of in within.groupby([code, "period_kind", "period", "period_end"]):
            counted = (level, unit, "all", len(of), int(of["value"].sum()))
            rows += [(name, *period, *counted) for name in INDICATORS if name == "P7" or level == "nation"]
    columns = ["indicator", "period_kind", "period", "period_end", "level", "unit_code", "subgroup"]
    counts = pd.DataFrame(rows, columns=pd.Index([*columns, "denominator", "numerator"])).assign(**DAYS)
    providers = pd.DataFrame(
        {"provider_code": TRUSTS, "trust_code": TRUSTS, "trust_name": "A trust", "nation": "England"}
    )
    return CountedTables(
        counts,
        people.drop(columns="value"),
        people[["person_id", "value"]].assign(indicator="P7"),
        people[["person_id"]].assign(subgroup="all"),
        spans,
        providers.assign(alliance_code=providers["trust_code"].map(ALLIANCE_OF), alliance_name="An Alliance"),
    )


def shown_by(released: pd.DataFrame) -> pd.DataFrame:
    """What the ledger keeps of a release, of the nation alone: what is seen here is to come from that."""
    kept = released["denominator"].notna() & (released["level"] == "nation")
    return released.loc[kept, list(SHOWN)].astype(dict.fromkeys(KEYS, object))


def newest_quarter(released: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """Range that is left of the nation's newest quarter for somebody who has both editions."""
    known = released.astype(dict.fromkeys(KEYS, object)).merge(
        before, on=KEYS, how="left", suffixes=("", "_before")
    )
    for count in ("numerator", "denominator"):
        known[count] = known[count].fillna(known[f"{count}_before"])
    found = pd.concat([attacked.ranges(needed=3.0) for attacked in Outside(known).indicators()])
    return found[(found["level"] == "nation") & (found["period"] == NEWEST)].set_index(["indicator", "count"])


@pytest.fixture(scope="module")
def earlier() -> pd.DataFrame:
    released, figures = released_and_attacked(
        tables(EARLIER), pd.DataFrame(columns=pd.Index(SHOWN)), registry(), policies()["public"]
    )
    assert figures["narrow_cells"] == 0
    return shown_by(released)


def test_a_quarter_of_few_people_is_not_given_back_by_what_the_edition_before_has_shown(earlier):
    released, figures = released_and_attacked(tables(LATER), earlier, registry(), policies()["public"])
    assert figures["narrow_cells"] == figures["recoverable_cells"] == 0
    found = newest_quarter(released, earlier)
    width = found["high"] - found["low"]
    for name in INDICATORS:
        assert width[name, "denominator"] >= 3 - 1e-6
        assert width[name, "numerator"] >= FEW - 1e-6


def test_without_knowing_the_edition_before_it_would_be_given_back(earlier):
    """The attack of this file finds it, and so does the gate's."""
    nothing, given = pd.DataFrame(columns=pd.Index(SHOWN)), tables(LATER)
    released, figures = released_and_attacked(given, nothing, registry(), policies()["public"])
    assert figures["recoverable_cells"] == 0
    control = control_of(given, registry(), policies()["public"])
    know(control, earlier)
    assert (gate_figures(released, given.indicator_counts, control, 0)["recoverable_cells"] or 0) > 0
    found = newest_quarter(released, earlier)
    for name in INDICATORS:
        assert tuple(found.loc[(name, "denominator"), ["low", "high"]]) == pytest.approx((FEW, FEW))


def test_a_row_that_the_edition_before_has_shown_is_not_hidden_for_another(earlier):
    released, _ = released_and_attacked(tables(LATER), earlier, registry(), policies()["public"])
    nation = released[(released["level"] == "nation") & released["denominator"].isna()]
    again = nation[KEYS].astype(object).merge(earlier[KEYS], on=KEYS)
    assert again.empty
    assert np.isin(NEWEST, nation["period"])
