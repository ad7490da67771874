"""The ledger: what has been published, and so stays known, whatever later releases hide.

    lake/ledger/<feed>/0001_2025Q3_v001.parquet   the shown cells of one publication, in the order of publication
    lake/ledger/<feed>/0001_2025Q3_v001.json      which release it was, and what its released table was made from

What belongs here: writing down what a publication showed, and reading what others showed. What does not: what follows
from it (`release.py`). Forgetting a delivery does not forget what was published of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from naome_pipeline.deliveries.errors import DeliveryError
from naome_pipeline.disclosure.policy import policies
from naome_pipeline.engine import literal, look_into_files, run
from naome_pipeline.lake import Lake, Scope
from naome_pipeline.leftovers import sync, write_atomically
from naome_pipeline.stored import PublishedTable, as_json, fingerprint_of, read_json
from naome_pipeline.tables import file_sha256

SHOWN = (
    "indicator", "period_kind", "period", "level", "unit_code", "subgroup", "numerator", "denominator",
)  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One publication."""

    number: int
    scope: Scope
    basis: str
    path: Path
    sha256: str


class LedgerIncomplete(DeliveryError):
    """Something was published that the ledger does not have: what it showed is not known, and could be given away."""


def missing(lake: Lake, feed: str) -> list[Scope]:
    """Releases of a feed that were published and are not in its ledger. There is one only when somebody lost a file: the
    ledger is written first."""
    there = {entry.scope for entry in entries(lake, feed)}
    found = []
    for scope in lake.all_releases():
        if scope.feed == feed and scope not in there:
            policy = policies().get(str(lake.release(scope).get("disclosure_policy")))
            if policy is not None and policy.for_publication:
                found.append(scope)
    return found


def entries(lake: Lake, feed: str) -> list[Entry]:
    """Every publication of a feed, oldest first."""
    found = []
    for path in sorted((lake.root / "ledger" / feed).glob("[0-9]*.json")):
        content = read_json(path)
        scope = Scope(feed, content["period"], content["version"])
        found.append(
            Entry(content["number"], scope, content["basis"], path.with_suffix(".parquet"), content["sha256"])
        )
    return found


def basis_of(inputs: Mapping[str, str], code_version: str, policy: str) -> str:
    """Fingerprint of what a released table is made from, the ledger apart: its inputs, its code, its policy."""
    return fingerprint_of({"inputs": dict(inputs), "code": code_version, "policy": policy})


def known_to(lake: Lake, scope: Scope, basis: str) -> list[Entry]:
    """What was public before a release was made. `basis`: what its released table is made from, the ledger apart.

    A release made again from the same basis sees what it saw the first time, so that it comes out the same; made from
    anything else it sees all there is, its own earlier publication included. LedgerIncomplete when something that was
    published is not there.
    """
    if lost := missing(lake, scope.feed):
        labels = ", ".join(other.label for other in lost)
        raise LedgerIncomplete(
            f"the ledger does not have {labels}, which was published: a new release could give away what that one hid. What "
            f"to do: bring lake/ledger/{scope.feed} back from a backup, then run it again"
        )
    everything = entries(lake, scope.feed)
    again = [e.number for e in everything if e.scope == scope and e.basis == basis]
    return [e for e in everything if not again or e.number < again[0]]


def known_now(lake: Lake, scope: Scope, record: Mapping[str, Any]) -> list[str]:
    """Hashes of what is public for a released table that exists (its record), as far as it had to consider it."""
    policy = record["taken"]["policy"]["id"]
    basis = basis_of(record["inputs"], record["code_version"], policy)
    return [entry.sha256 for entry in known_to(lake, scope, basis)]


def shown_before(known: list[Entry]) -> pd.DataFrame:
    """The shown cells of some publications, one row per cell and value; columns SHOWN."""
    if not known:
        return pd.DataFrame(columns=pd.Index(SHOWN))
    files = ", ".join(literal(e.path) for e in known)
    with look_into_files() as connection:
        return connection.execute(f"SELECT DISTINCT * FROM read_parquet([{files}])").fetchdf()


def write_entry(lake: Lake, scope: Scope, released: PublishedTable) -> Path | None:
    """Write down what a release shows; nothing when the same release is in the ledger already, or
    when its policy is not for publication. Called before anything becomes visible, while no other release is being
    published: what is public is then in the ledger, wherever a process ends."""
    with look_into_files() as connection:
        found = connection.execute(
            f"SELECT DISTINCT policy FROM read_parquet({literal(released.path)})"
        ).fetchall()
    if not found or not policies()[found[0][0]].for_publication:
        return None
    basis = basis_of(released.record["inputs"], released.record["code_version"], found[0][0])
    everything = entries(lake, scope.feed)
    if any(e.scope == scope and e.basis == basis for e in everything):
        return None
    number = max((e.number for e in everything), default=0) + 1
    folder = lake.root / "ledger" / scope.feed
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{number:04d}_{scope.period}_v{scope.version:03d}.parquet"
    with lake.staging() as staged, look_into_files() as connection:
        run(
            connection,
            f"COPY (SELECT {', '.join(SHOWN)} FROM read_parquet({literal(released.path)}) "
            f"WHERE denominator IS NOT NULL ORDER BY ALL) TO {literal(staged / path.name)} "
            "(FORMAT parquet, COMPRESSION zstd)",
        )
        sync(staged / path.name)
        (staged / path.name).replace(path)
    content: dict[str, Any] = {
        "number": number,
        "period": scope.period,
        "version": scope.version,
        "policy": found[0][0],
        "basis": basis,
        "sha256": file_sha256(path),
    }
    write_atomically(path.with_suffix(".json"), as_json(content))
    return path
