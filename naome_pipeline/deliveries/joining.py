"""Joint deliveries: which deliveries of the nations a release of both is made from.

What belongs here: writing down that choice as a version in the landing folder, `landing/annual/2023/v001/manifest.json`,
so that a joint release is as immutable and as comparable as any other. What does not: uniting tables
(`naome_pipeline/uniting.py`) or choosing which deliveries are ready (`naome_pipeline/build.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from naome_pipeline.deliveries.manifest import MANIFEST_FILE, Manifest, Part
from naome_pipeline.deliveries.receiving import (
    AcceptedDelivery,
    accepted_deliveries,
    accepted_delivery,
    staged_delivery,
)
from naome_pipeline.home import OWNER_ONLY


def joint_delivery(landing: Path, feed: str, parts: Sequence[AcceptedDelivery]) -> AcceptedDelivery:
    """The joint delivery of these accepted ones (one period, in the order of the feed): the newest version when it is
    made of the same, or else a new version. Its snapshot date is the earliest of its parts: nobody is followed up further
    than that in both nations."""
    wanted = tuple(
        Part(
            feed=part.feed,
            version=part.version,
            snapshot_date=part.manifest.snapshot_date,
            fingerprint=part.fingerprint,
            files=part.manifest.files,
        )
        for part in parts
    )
    period = parts[0].period
    known = accepted_deliveries(landing, feed, period)
    if known and known[-1].manifest.parts == wanted:
        return known[-1]
    manifest = Manifest(
        feed=feed,
        period=period,
        snapshot_date=min(part.snapshot_date for part in wanted),
        layout=" + ".join(part.manifest.layout for part in parts),
        version=known[-1].version + 1 if known else 1,
        synthetic=any(part.manifest.synthetic for part in parts),
        parts=wanted,
    )
    target = landing / feed / period / f"v{manifest.version:03d}"
    target.parent.mkdir(parents=True, exist_ok=True, mode=OWNER_ONLY)
    with staged_delivery(target) as folder:
        (folder / MANIFEST_FILE).write_text(manifest.as_json(), encoding="utf-8")
    return AcceptedDelivery(target, manifest)


def parts_of(landing: Path, joint: AcceptedDelivery) -> tuple[AcceptedDelivery, ...]:
    """The accepted deliveries a joint one is made of; DeliveryError when one is not there any more."""
    return tuple(
        accepted_delivery(landing, part.feed, joint.period, part.version) for part in joint.manifest.parts
    )


def joint_deliveries_with(landing: Path, feed: str, period: str, version: int) -> list[AcceptedDelivery]:
    """The joint deliveries that a delivery is part of."""
    return [
        joint
        for joint in accepted_deliveries(landing)
        if joint.period == period
        and any((part.feed, part.version) == (feed, version) for part in joint.manifest.parts)
    ]
