"""Comparisons before disclosure control and a release that hides some of them, made from the tables of a yearly release."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from naome_pipeline.confidential.comparisons import (
    RELEASED_INPUTS,
    STATES_FILE,
    UNSUBMITTED_FILE,
    Comparisons,
    write_states,
)
from naome_pipeline.confidential.notifications import write_notifications
from naome_pipeline.outcomes.comparison import ADJUSTED
from tests.reports.released_tables import released

Frames = dict[str, pd.DataFrame]
HIDDEN = "hidden to protect people"
ALARMS = pd.DataFrame(
    {
        "comparison": ["risk adjusted"],
        "level": ["998"],
        "side": ["high"],
        "expected_by_chance": [0.5],
        "observed": [2],
    }
)


def full_comparison(tables: Frames) -> pd.DataFrame:
    """The funnels of made-up tables in the columns of provider_comparison."""
    shown: Any = tables["released_comparison"]
    return shown.drop(columns=["period", "unit_name", "alliance_code", "suppressed", "policy"]).assign(
        phi=1.2, tau_squared=0.01
    )


def hiding(tables: Frames, of: pd.Series) -> Frames:
    """The release with some comparisons hidden."""
    shown = tables["released_comparison"].copy()
    figures = [c for c in shown.columns if str(shown[c].dtype) == "float64"]
    shown.loc[of, figures] = float("nan")
    shown.loc[of, ["state", "direction", "overdispersed_state", "overdispersed_direction"]] = [
        "hidden",
        "",
        "",
        "",
    ]
    shown.loc[of, "suppressed"] = HIDDEN
    return tables | {"released_comparison": shown}


def submitted_quarters(providers: pd.DataFrame) -> pd.DataFrame:
    """The first trust sent no drugs of its second quarter; nobody else is missing anything."""
    first, second = providers["trust_code"].iloc[:2]
    rows = [(first, "2022-01-01", 7), (first, "2022-04-01", 0), (second, "2022-04-01", 6)]
    table = pd.DataFrame(rows, columns=pd.Index(["trust_code", "quarter_start", "recorded"]))
    table["quarter_start"] = pd.to_datetime(table["quarter_start"])
    sent = table["recorded"] > 0
    chance = pd.Series(2e-6, table.index).mask(sent)
    return table.assign(data_set="sact", nation="England", people=9, chance=chance, submitted=sent)


def written(tables: Frames, hidden: pd.Series, folder: Path, kept_back: str = "") -> Path:
    """Every confidential output of a release that hides these comparisons, and has none of the kind kept back."""
    (folder / "tables").mkdir(parents=True)
    (folder / "out").mkdir()
    inputs = {name: table for name, table in hiding(tables, hidden).items() if name in RELEASED_INPUTS}
    shown: Any = inputs["released_comparison"]
    inputs["released_comparison"] = shown[shown["comparison"] != kept_back]
    values = tables["released_indicators"].query("level == 'trust'")
    providers = values[["unit_code", "unit_name"]].drop_duplicates("unit_code")
    providers = providers.rename(columns={"unit_code": "trust_code", "unit_name": "trust_name"})
    comparison = full_comparison(tables)
    given = Comparisons.of(comparison, providers, released(folder / "tables", inputs))
    deaths = comparison[comparison["comparison"] == ADJUSTED].drop_duplicates("trust_code")
    write_states(
        given,
        folder / "out",
        submitted_quarters(providers),
        deaths.drop(columns=["indicator", "comparison"]),
        ALARMS,
    )
    write_notifications(given, folder / "out")
    return folder / "out"


def unsubmitted(folder: Path) -> pd.DataFrame:
    """The list of quarters that look unsubmitted as it was written."""
    return pd.read_csv(folder / UNSUBMITTED_FILE)


def states(folder: Path) -> pd.DataFrame:
    """The list of states as it was written."""
    return pd.read_csv(folder / STATES_FILE, keep_default_na=False, na_values=[""])
