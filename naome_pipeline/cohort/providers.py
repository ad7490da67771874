"""Providers: from any code a record carries to the trust or health board that answers for it today.

What belongs here: resolving predecessors to successors and placing providers in an Alliance and a nation.
What does not: the organisations themselves (`reference/organisations.csv`, `reference/provider_successors.csv`).
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Mapping

import pandas as pd

from naome_pipeline.errors import Refused
from naome_pipeline.reference import reference_path

REPORTED_KINDS = ("acute", "cancer_centre", "specialist", "health_board")


def read_code_list(name: str) -> list[dict[str, str]]:
    """The rows of a code list."""
    with reference_path(name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def successors(snapshot_date: dt.date) -> Mapping[str, str]:
    """Predecessor to direct successor, for mergers that had happened by the snapshot date.

    A succession without a date is taken as past. Where a provider was split by site, the row marked as default
    target is used, because the records do not carry the site reliably (our assumption).
    """
    result = {}
    for row in read_code_list("provider_successors"):
        usable = row["use"] == "yes" or (row["use"] == "site_level" and "default target" in row["note"])
        past = not row["date"] or dt.date.fromisoformat(row["date"]) <= snapshot_date
        if usable and past:
            result[row["predecessor"]] = row["successor"]
    return result


def final_successor(code: str, direct: Mapping[str, str]) -> str:
    """Follow successions to the end; a circle is a ValueError that names the code."""
    seen = {code}
    while code in direct:
        code = direct[code]
        if code in seen:
            raise Refused(f"provider_successors.csv leads in a circle at '{code}'")
        seen.add(code)
    return code


def provider_table(snapshot_date: dt.date) -> pd.DataFrame:
    """Every known three-character provider code with the trust it belongs to at the snapshot date.

    Columns: provider_code, trust_code, trust_name, kind, nation, alliance_code, alliance_name, icb_code.
    """
    organisations = {row["ods_code"]: row for row in read_code_list("organisations")}
    direct = successors(snapshot_date)
    rows = []
    for code in sorted(organisations.keys() | direct.keys()):
        target = organisations.get(final_successor(code, direct))
        if target is None or target["kind"] not in REPORTED_KINDS:
            continue
        rows.append(
            {
                "provider_code": code,
                "trust_code": target["ods_code"],
                "trust_name": target["name"],
                "kind": target["kind"],
                "nation": target["nation"],
                "alliance_code": target["cancer_alliance_code"] or None,
                "alliance_name": target["cancer_alliance_name"] or None,
                "icb_code": target["icb_code"] or None,
            }
        )
    return pd.DataFrame(rows)
