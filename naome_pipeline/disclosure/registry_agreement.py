"""The comparison of two registries as published: national figures whole, those of trusts with small counts hidden.

What belongs here: which trusts' figures may be shown, and the attack on that choice. What does not: the counts
(`outcomes/registry_agreement.py`).

The counts of one data item at a trust are a chain in which each is part of the one before, so they cut the trust's people
into groups: differ, same, recorded once, and so on. A trust shows its whole chain or nothing of it. What then is known of
the hidden trusts is how many people each has (taken as known) and how many are in each group over all of them (nation less
the shown trusts): a table of two margins, whose cells have exact bounds (Fréchet 1940; Hundepool et al. 2012, section
4.4). So trusts are hidden, fewest people first, until each small hidden count has the range that the policy asks for. A
data item is shown only where the people in both cohorts are shown: the chains then share no unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from naome_pipeline.disclosure.attack import BoolArray, FloatArray
from naome_pipeline.disclosure.counts import rounded
from naome_pipeline.disclosure.policy import Policy
from naome_pipeline.disclosure.release import HIDDEN
from naome_pipeline.indicators.registry import registry
from naome_pipeline.indicators.reporting_periods import AUDIT_PERIOD
from naome_pipeline.outcomes.registry_agreement import COLUMNS, PERSON, Chain, chain_of, chains
from naome_pipeline.statistics.intervals import wilson_interval

RELEASED_COLUMNS = [*COLUMNS[:6], "unit_name", *COLUMNS[6:], "suppressed", "policy"]


@dataclass(frozen=True)
class Groups:
    """People of one chain. `people`: trusts × groups."""

    trusts: pd.Index
    people: FloatArray

    @property
    def segments(self) -> list[slice]:
        """Every run of neighbouring groups but the whole: each count and difference that a chain could give away."""
        size = self.people.shape[1]
        runs = [slice(a, b) for a in range(size) for b in range(a + 1, size + 1)]
        return [run for run in runs if run.stop - run.start < size]


def released_agreement(
    agreement: pd.DataFrame, released: pd.DataFrame, providers: pd.DataFrame, policy: Policy
) -> pd.DataFrame:
    """Every row of registry_agreement (RELEASED_COLUMNS); a hidden trust has its rows without numbers.

    `released`: the released indicators: a trust whose number of people is hidden there is hidden here.
    """
    shown = shown_trusts(agreement, released, policy)
    frame: Any = agreement.copy()
    trusts = (frame["level"] == "trust").fillna(False).to_numpy(dtype=bool)
    chain = [chain_of(m, i) for m, i in zip(frame["measure"], frame["item"], strict=True)]
    visible = np.array(
        [u in shown[c] for c, u in zip(chain, frame["unit_code"].fillna(""), strict=True)], dtype=bool
    )
    hidden = trusts & ~visible
    top, bottom = (
        frame[c].astype("Float64").to_numpy(dtype=float, na_value=np.nan)
        for c in ("numerator", "denominator")
    )
    if policy.mode == "round":
        top, bottom = (np.where(trusts, rounded(np.nan_to_num(v), policy), v) for v in (top, bottom))
        top = np.fmin(top, bottom)
    # Each count of a chain is the next one's number of people: of a nation too few people hide both.
    few = ~trusts & (_few_people(bottom, policy) | _few_people(top, policy))
    hidden |= few
    counted = ~hidden & (bottom > 0)
    lower, upper = wilson_interval(np.where(counted, top, 0.0), np.where(counted, bottom, 1.0))
    frame["numerator"] = pd.Series(np.where(hidden, np.nan, top), index=frame.index).astype("Int64")
    frame["denominator"] = pd.Series(np.where(hidden, np.nan, bottom), index=frame.index).astype("Int64")
    frame["proportion"] = np.where(counted, top / np.where(counted, bottom, 1.0), np.nan)
    frame["lower"], frame["upper"] = np.where(counted, lower, np.nan), np.where(counted, upper, np.nan)
    frame["kappa"] = frame["kappa"].where(~few)
    named: Any = providers.drop_duplicates("trust_code").set_index("trust_code")["trust_name"]
    frame["unit_name"] = frame["unit_code"].map(named.to_dict()).fillna(frame["unit_code"])
    frame["suppressed"] = np.where(hidden, HIDDEN, "")
    frame["policy"] = policy.id
    return frame[RELEASED_COLUMNS].astype(dict.fromkeys(["unit_name", "suppressed", "policy"], "string"))


def shown_trusts(agreement: pd.DataFrame, released: pd.DataFrame, policy: Policy) -> dict[str, set[str]]:
    """Item of each chain to the trusts that may show it."""
    found: dict[str, set[str]] = {}
    allowed = _with_people_shown(released)
    for chain in chains():
        groups = groups_of(agreement, chain)
        if policy.mode == "none":
            found[chain.item] = set(groups.trusts)
            continue
        free = groups.trusts.isin(sorted(allowed if chain.item == PERSON else found[PERSON]))
        found[chain.item] = set(groups.trusts[~protected(groups, ~free, policy)])
    return found


def _with_people_shown(released: Any) -> set[str]:
    """Trusts whose people of the audit period are shown: the number that every chain begins with."""
    everybody = [i.id for i in registry().indicators.values() if i.denominator.where == "TRUE"]
    whole = released[
        (released["level"] == "trust")
        & (released["period_kind"] == AUDIT_PERIOD)
        & (released["subgroup"] == "all")
        & released["indicator"].isin(everybody)
    ]
    return set(whole.loc[whole["denominator"].notna(), "unit_code"])


def groups_of(agreement: pd.DataFrame, chain: Chain) -> Groups:
    """The people of a chain by trust and group, of the audit period."""
    rows: Any = agreement[(agreement["period_kind"] == AUDIT_PERIOD) & (agreement["level"] == "trust")]
    trusts = pd.Index(sorted(set(rows["unit_code"])), dtype=object)
    columns = []
    for measure, item, column in chain.counts:
        here = rows[(rows["measure"] == measure) & (rows["item"] == item)].set_index("unit_code")[column]
        columns.append(here.reindex(trusts).astype("Float64").fillna(0).to_numpy(dtype=float))
    nested = np.stack([*columns, np.zeros(len(trusts))], axis=1)
    return Groups(trusts, nested[:, :-1] - nested[:, 1:])


def _small(values: FloatArray, policy: Policy) -> BoolArray:
    return (values > 0) & (values < policy.smallest_shown)


def _few_people(values: FloatArray, policy: Policy) -> BoolArray:
    return (values > 0) & (values < policy.fewest_people)


def protected(groups: Groups, hidden: BoolArray, policy: Policy) -> BoolArray:
    """Which trusts are hidden: those of `hidden`, those with a small count, and as many more as those need."""
    hidden = hidden | _sensitive(groups, policy).any(axis=1)
    if not policy.secondary:
        return hidden
    order = np.lexsort((groups.trusts.to_numpy().astype(str), groups.people.sum(axis=1)))
    for place in order:
        if not narrow(groups, hidden, policy).any():
            break
        hidden[place] = True
    return hidden


def _sensitive(groups: Groups, policy: Policy) -> BoolArray:
    """Trusts × segments that hold a small count; the trust's people themselves are the released table's to protect."""
    sums = [_small(groups.people[:, run].sum(axis=1), policy) for run in groups.segments]
    return np.stack(sums, axis=1) if sums else np.zeros((len(groups.trusts), 0), dtype=bool)


def narrow(groups: Groups, hidden: BoolArray, policy: Policy) -> BoolArray:
    """Trusts × segments: small hidden counts that an attacker can pin down more closely than the policy allows.

    A count need not have more possible values than hiding every trust would leave it.
    """
    sensitive = _sensitive(groups, policy) & hidden[:, None]
    everything = ranges(groups, np.ones_like(hidden))
    needed = np.minimum(everything, policy.needed_range)
    return sensitive & (ranges(groups, hidden) < needed)


def ranges(groups: Groups, hidden: BoolArray) -> FloatArray:
    """Trusts × segments: largest minus smallest possible count of a hidden trust, given every trust's people and what
    the hidden trusts have together; 0 where the trust is shown."""
    people = groups.people.sum(axis=1)
    together = groups.people[hidden].sum(axis=0)
    whole = together.sum()
    found = []
    for run in groups.segments:
        total = together[run].sum()
        found.append(np.minimum(people, total) - np.maximum(0.0, people + total - whole))
    table = np.stack(found, axis=1) if found else np.zeros((len(people), 0))
    return np.where(hidden[:, None], table, 0.0)


def attacked(agreement: pd.DataFrame, released: pd.DataFrame, policy: Policy) -> Mapping[str, float]:
    """The figures that the gate judges: attack the table as it stands. `narrow_cells`: small counts that are shown, or
    hidden with fewer possible values than the policy asks for; `cells_missing`: rows lost."""
    found = 0
    if policy.mode != "none":
        away: Any = released[(released["level"] == "trust") & released["numerator"].isna()]
        for chain in chains():
            groups = groups_of(agreement, chain)
            measure, item, _ = chain.counts[-1]
            rows = away[(away["measure"] == measure) & (away["item"] == item)]
            hidden = groups.trusts.isin(sorted(rows["unit_code"]))
            visible = _sensitive(groups, policy) & ~hidden[:, None]
            found += int(visible.sum() + narrow(groups, hidden, policy).sum())
    return {"narrow_cells": float(found), "cells_missing": float(len(agreement) - len(released))}
