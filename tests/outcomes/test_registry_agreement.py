"""Two registries of the same people with disagreements planted in one of them, and kappa against published tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest

from naome_pipeline.build import PACKAGE
from naome_pipeline.engine import Engine, EngineSettings, open_connection
from naome_pipeline.outcomes.registry_agreement import (
    ALL_COMMON,
    chain_of,
    chains,
    cohens_kappa,
    common_quarters,
    nothing_to_compare,
    registry_agreement,
)
from naome_pipeline.statistics.intervals import wilson_interval
from tests.outcomes.registries import PLANTED, periods, registered

FIRST, LAST = dt.date(2023, 1, 1), dt.date(2023, 12, 31)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The comparison of a registry that holds everybody with one that holds what was planted, and two people more."""
    full, rapid = registered(), registered(**PLANTED)
    full.loc[full["person_id"].isin(["P38", "P39"]), "exclusion"] = "no_evidence_of_distant_spread"
    with open_connection(EngineSettings.from_environment(tmp_path_factory.mktemp("scratch"))) as connection:
        yield compared(Engine(connection), full, rapid)


def compared(engine: Engine, full: pd.DataFrame, rapid: pd.DataFrame) -> pd.DataFrame:
    for name, frame in (("full", full), ("rapid", rapid)):
        everything = frame.astype({"exclusion": "string", "stage": "string", "her2": "string"})
        engine.attach({f"{name}_{part}": everything for part in ("assessment", "ledger")})
        engine.attach({f"{name}_tumours": everything[["person_id", "m_category"]]})
        engine.attach({f"{name}_case_mix": everything[everything["exclusion"].isna()]})
    providers = pd.DataFrame({"provider_code": ["RAJ", "RH5", "RXX"], "trust_code": ["RAJ", "RH5", "RH5"]})
    engine.attach({"providers": providers, "people": full[full["exclusion"].isna()]})
    sql = (PACKAGE / "outcomes" / "registry_pairs.sql").read_text(encoding="utf-8")
    pairs = engine.fetch(engine.prepare(sql, {"first_common_day": FIRST, "last_common_day": LAST}))
    return registry_agreement(pairs, periods(2023), periods(2023))


def figure(
    found: Any, measure: str, item: str, unit: str = "England", kind: str = ALL_COMMON
) -> tuple[int, int]:
    row = found[
        (found["measure"] == measure)
        & (found["item"] == item)
        & (found["unit_code"] == unit)
        & (found["period_kind"] == kind)
    ]
    assert len(row) == 1
    return int(row["numerator"].iloc[0]), int(row["denominator"].iloc[0])


def test_planted_disagreements_are_counted_and_nothing_else(found):
    # 38 by full registration, without the two whom it does not show as metastatic; P00 unknown, P01 not metastatic.
    assert figure(found, "registered", "person") == (37, 38)
    assert figure(found, "in the cohort", "person") == (36, 38)
    assert figure(found, "confirmed", "person") == (36, 38)
    # Of 36 in both: P04 and P05 have no stage in one, P02 another one.
    assert figure(found, "recorded", "stage") == (34, 36)
    assert figure(found, "agrees", "stage") == (33, 34)
    assert figure(found, "recorded", "HER2 status") == (35, 36)
    assert figure(found, "agrees", "HER2 status") == (34, 35)
    assert figure(found, "agrees", "date of diagnosis, same day") == (32, 36)
    assert figure(found, "agrees", "date of diagnosis, within 7 days") == (33, 36)
    assert figure(found, "agrees", "date of diagnosis, within 31 days") == (35, 36)
    assert figure(found, "agrees", "trust of diagnosis") == (35, 36)
    assert figure(found, "recorded", "metastatic disease recorded") == (35, 36)
    assert figure(found, "recorded", "WHO performance status") == (35, 36)
    assert figure(found, "agrees", "ethnicity (broad)") == (35, 36)
    for item in ("ER status", "M category"):
        assert figure(found, "recorded", item) == figure(found, "agrees", item) == (36, 36)


def test_each_disagreement_is_counted_at_its_trust_and_in_its_quarter(found):
    assert figure(found, "registered", "person", "RAJ", "audit period") == (19, 20)
    assert figure(found, "in the cohort", "person", "RAJ", "audit period") == (18, 20)
    assert figure(found, "in the cohort", "person", "RH5", "audit period") == (18, 18)
    assert figure(found, "agrees", "stage", "RAJ", "audit period") == (15, 16)
    assert figure(found, "agrees", "stage", "RH5", "audit period") == (18, 18)
    assert figure(found, "agrees", "trust of diagnosis", "RH5", "audit period") == (17, 18)
    quarters = found[(found["measure"] == "in the cohort") & (found["period_kind"] == "quarter")]
    quarters = quarters.set_index("period")[["numerator", "denominator"]].astype(int)
    # A date that falls into another quarter is still the same person: the quarter is that of full registration.
    assert quarters.to_dict("split")["data"] == [[8, 10], [10, 10], [10, 10], [8, 8]]
    assert set(found.loc[found["level"] == "trust", "period_kind"]) == {"audit period"}
    assert found.loc[found["level"] == "trust", "kappa"].isna().all()


def test_shares_have_their_wilson_interval(found):
    row = found[(found["measure"] == "in the cohort") & (found["period_kind"] == ALL_COMMON)].iloc[0]
    lower, upper = wilson_interval([36], [38])
    assert (row["lower"], row["upper"]) == (lower[0], upper[0])
    assert row["proportion"] == 36 / 38


def test_kappa_is_cohens():
    """Two readers of 50 grant proposals, both yes 20, first alone 5, second alone 10, both no 15: 0.4."""
    first = pd.Series(["yes"] * 25 + ["no"] * 25)
    second = pd.Series(["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15)
    assert cohens_kappa(first, second) == pytest.approx(0.4)
    # Cohen (1960), table 1: three categories, 200 people, kappa .492.
    shares = [[88, 14, 18], [10, 40, 10], [2, 6, 12]]
    pairs = [(a, b) for a, row in enumerate(shares) for b, n in enumerate(row) for _ in range(n)]
    ours, theirs = (pd.Series(values) for values in zip(*pairs, strict=True))
    assert cohens_kappa(ours, theirs) == pytest.approx(0.492, abs=5e-4)
    assert pd.isna(cohens_kappa(pd.Series(["a", "a"]), pd.Series(["a", "a"])))
    assert pd.isna(cohens_kappa(pd.Series([], dtype=object), pd.Series([], dtype=object)))


def test_kappa_stands_beside_agreement_of_the_nation(found):
    rows: Any = found[(found["measure"] == "agrees") & (found["item"] == "HER2 status")]
    national = rows[rows["period_kind"] == ALL_COMMON].iloc[0]
    # 34 both negative, 1 negative here and positive there: observed 34/35 is what chance alone would give.
    assert national["kappa"] == pytest.approx(0.0)


def test_quarters_that_only_one_release_reports_are_not_compared():
    assert common_quarters(periods(2022), periods(2023)) == []
    pairs = pd.DataFrame({"quarter_start": [], "nation": []})
    assert registry_agreement(pairs, periods(2022), periods(2023)).empty


@pytest.mark.parametrize("full", [True, False])
def test_nothing_to_compare_says_why(full):
    row = nothing_to_compare(full=full).iloc[0]
    assert row["measure"] == "nothing to compare"
    assert ("no release of rapid registration" in row["note"]) == full
    assert pd.isna(row["denominator"])


def test_every_row_belongs_to_a_chain_in_which_each_count_is_part_of_the_one_before(found):
    audit = found[found["period_kind"] == "audit period"]
    at = audit.set_index(["unit_code", "measure", "item"])
    for chain in chains():
        for unit in ("England", "RAJ", "RH5"):
            counts = [int(at.loc[(unit, m, i), column]) for m, i, column in chain.counts]
            assert counts == sorted(counts, reverse=True), chain
    assert {chain_of(m, i) for m, i in zip(found["measure"], found["item"], strict=True)} == {
        chain.item for chain in chains()
    }
