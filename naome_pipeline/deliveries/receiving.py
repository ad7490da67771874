"""Receiving: accepting a delivery whole or refusing it whole, and finding accepted ones.

What belongs here: the landing folder, `landing/<feed>/<period>/v001/`, immutable once written. What does not: what is
wrong with a delivery (`checking.py`).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from naome_pipeline.deliveries.checking import check_delivery
from naome_pipeline.deliveries.errors import DeliveryError
from naome_pipeline.deliveries.manifest import MANIFEST_FILE, DeliveryFile, Manifest, read_manifest
from naome_pipeline.deliveries.scans import write_scans
from naome_pipeline.deliveries.text_files import copy_hashed, some_at_a_time
from naome_pipeline.home import OWNER_ONLY
from naome_pipeline.leftovers import held_folder, sync, work_beside
from naome_pipeline.periods import parse_period

_READ_ONLY_FILE = 0o400


@dataclass(frozen=True)
class AcceptedDelivery:
    """A delivery in the landing folder."""

    path: Path
    manifest: Manifest

    @property
    def feed(self) -> str:
        """Feed, such as england_quarterly."""
        return self.manifest.feed

    @property
    def period(self) -> str:
        """Period, such as 2025Q3."""
        return self.manifest.period

    @property
    def version(self) -> int:
        """Version; the newest one is used."""
        return self.manifest.version

    @property
    def id(self) -> str:
        """`england_quarterly 2025Q3 v1`."""
        return f"{self.feed} {self.period} v{self.version}"

    @property
    def fingerprint(self) -> str:
        """Identifies the content: the manifest with the hash of every file."""
        return self.manifest.fingerprint


def receive_delivery(directory: Path, landing: Path) -> AcceptedDelivery:
    """Check a delivery and take a copy of it into the landing folder.

    Raises DeliveryError with every finding when it is not acceptable, when the same content was accepted before, or
    when its version is taken by other content. Then nothing has changed; a copy becomes visible by one rename.
    """
    report = check_delivery(directory)
    if not report.acceptable:
        findings = "\n".join(map(str, sorted(report.findings, key=lambda finding: finding.refuses)))
        raise DeliveryError(f"refused, nothing was taken in.\n{findings}\n{report.summary}")
    manifest = read_manifest(directory)
    _refuse_known(manifest, landing)
    _refuse_older_snapshot(manifest, landing)
    target = landing / manifest.feed / manifest.period / f"v{manifest.version:03d}"
    target.parent.mkdir(parents=True, exist_ok=True, mode=OWNER_ONLY)
    with staged_delivery(target) as folder:

        def take(file: DeliveryFile) -> None:
            copy = folder / file.path
            copy.parent.mkdir(parents=True, exist_ok=True)
            if copy_hashed(directory / file.path, copy) != file.sha256:
                raise DeliveryError(
                    f"{file.path} changed while it was being received; send it again when it is complete"
                )

        some_at_a_time(take, manifest.files)
        write_scans(folder, report.scans)
        shutil.copyfile(directory / MANIFEST_FILE, folder / MANIFEST_FILE)
        if read_manifest(folder).fingerprint != manifest.fingerprint:
            raise DeliveryError(
                f"{MANIFEST_FILE} changed while the delivery was being received; receive it again"
            )
    return AcceptedDelivery(target, manifest)


def _refuse_known(manifest: Manifest, landing: Path) -> None:
    for accepted in accepted_deliveries(landing, manifest.feed, manifest.period):
        same_content = accepted.manifest.content_fingerprint == manifest.content_fingerprint
        if same_content:
            raise DeliveryError(
                f"this content was accepted before as {accepted.id}; there is nothing to do. A correction needs "
                f"changed files and a higher version"
            )
        if accepted.version == manifest.version:
            raise DeliveryError(
                f"{accepted.id} was accepted before with other content. Give this one a higher version in its "
                f"manifest: naome manifest DIR … --version {_newest_version(landing, manifest) + 1}"
            )


def _refuse_older_snapshot(manifest: Manifest, landing: Path) -> None:
    for accepted in accepted_deliveries(landing, manifest.feed, manifest.period):
        if accepted.version < manifest.version and accepted.manifest.snapshot_date > manifest.snapshot_date:
            raise DeliveryError(
                f"its data were drawn on {manifest.snapshot_date}, those of {accepted.id} on "
                f"{accepted.manifest.snapshot_date}: an older state would supersede a newer one. What to do: correct "
                "snapshot_date in the manifest, or have the data drawn again"
            )


def _newest_version(landing: Path, manifest: Manifest) -> int:
    return max(d.version for d in accepted_deliveries(landing, manifest.feed, manifest.period))


@contextmanager
def staged_delivery(target: Path) -> Iterator[Path]:
    """A hidden folder that becomes the target when the block succeeds and disappears when it does not."""
    with held_folder(lambda: work_beside(target)) as folder:
        yield folder
        for path in folder.rglob("*"):
            path.chmod(_READ_ONLY_FILE if path.is_file() else OWNER_ONLY)
            sync(path)
        try:
            folder.rename(target)
        except OSError:
            if not target.exists():
                raise
            raise DeliveryError(
                f"{target.parent.name} {target.name} was received by someone else at the same time. What to do: if "
                "theirs is another content, give this one a higher version in its manifest and receive it again"
            ) from None
        sync(target.parent)


def accepted_deliveries(
    landing: Path, feed: str | None = None, period: str | None = None
) -> list[AcceptedDelivery]:
    """Accepted deliveries, of one feed or period where given, in order of feed, period and version."""
    found = [
        AcceptedDelivery(path.parent, read_manifest(path.parent))
        for path in landing.glob(f"{feed or '*'}/{period or '*'}/v[0-9]*/{MANIFEST_FILE}")
    ]
    return sorted(found, key=lambda d: (d.feed, d.period, d.version))


def newest_delivery(landing: Path, feed: str, period: str) -> AcceptedDelivery:
    """The accepted delivery of the highest version; DeliveryError says what to do when there is none."""
    code = parse_period(feed, period).code
    found = accepted_deliveries(landing, feed, code)
    if not found:
        others = ", ".join(d.id for d in accepted_deliveries(landing)) or "none"
        raise DeliveryError(
            f"no delivery of {feed} {code} has been received (received: {others}). What to do: naome receive DIR"
        )
    return found[-1]


def accepted_delivery(landing: Path, feed: str, period: str, version: int) -> AcceptedDelivery:
    """One accepted delivery; DeliveryError when it is not there."""
    path = landing / feed / period / f"v{version:03d}"
    if not (path / MANIFEST_FILE).is_file():
        raise DeliveryError(
            f"delivery {feed} {period} v{version} is not there any more: it was forgotten or moved"
        )
    return AcceptedDelivery(path, read_manifest(path))
