"""Mutated input of every kind people or machines bring: deliveries, manifests, layouts, gates, configuration, settings.

Every one is accepted or refused by an error of the project that names the file, never by another error, and no message
holds a value of a record.
"""

from __future__ import annotations

import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from naome_pipeline import gates, parameters
from naome_pipeline.deliveries import layouts
from naome_pipeline.deliveries.checking import check_delivery
from naome_pipeline.deliveries.errors import DeliveryError
from naome_pipeline.deliveries.manifest import read_manifest, write_manifest
from naome_pipeline.deliveries.reading import read_data_set
from naome_pipeline.deliveries.receiving import AcceptedDelivery
from naome_pipeline.disclosure import policy
from naome_pipeline.engine import EngineSettings, open_connection
from naome_pipeline.indicators import registry
from tests.deliveries.small import SNAPSHOT, deliver, standard_files

# The person identifiers of the small delivery.
PERSON = re.compile(r"00000\d{5}")
PIECES = (
    b"\x00", b"\xff\xfe", b"\r", b"\n", b'"', b"'", b"|", b",", b"\t", b"\xe9", b"{", b"}", b"[", b"]", b":", b"- ",
    b"null", b"true", b"1e999", b"-1", b"99999999999999999999", b"2025-13-01", b"!!python/none", b"&a", b"*a", b"%", b"$x",
    b"\xf0\x9f\x92\xa9", b"..", b"/", b"# ", b"NaN",
)  # fmt: skip


def mutated(content: bytes, rng: random.Random) -> bytes:
    """One to four changes of bytes, pieces or lines."""
    changed = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        place = rng.randrange(len(changed) + 1)
        other = min(len(changed), place + rng.choice((1, 2, 8, 40)))
        kind = rng.randrange(6)
        if kind == 0 and changed:
            changed[place % len(changed)] = rng.randrange(256)
        elif kind == 1:
            changed[place:place] = rng.choice(PIECES)
        elif kind == 2:
            del changed[place:other]
        elif kind == 3:
            changed[place:other] = rng.choice(PIECES)
        elif kind == 4:
            changed[place:place] = changed[place:other] * rng.randint(1, 3)
        elif rng.random() < 0.3:
            del changed[place:]
    return bytes(changed)


class Mutations:
    """The kinds of input, each a method that makes one mutation and gives it to the product."""

    def __init__(self, folder: Path, rng: random.Random) -> None:
        self.folder, self.rng = folder, rng
        self.delivery = deliver(folder / "delivery", dict(standard_files())).path
        self.manifest = (self.delivery / "manifest.json").read_bytes()
        self.layout_files = sorted(layouts.FOLDER.rglob("*.yaml"))
        self.suite_files = sorted(gates.EXPECTATIONS_FOLDER.rglob("*.json"))

    def delivered_file(self) -> list[str]:
        """A file changed on its way (the manifest does not fit) or before the sender made the manifest."""
        name, content = self.rng.choice(sorted(standard_files().items()))
        path = self.delivery / name
        path.write_bytes(mutated(content, self.rng))
        try:
            said = [str(finding) for finding in check_delivery(self.delivery).findings]
            if self.rng.random() < 0.7:
                write_manifest(
                    self.delivery,
                    feed="england_quarterly",
                    period="2025Q3",
                    layout="england_quarterly_2025",
                    snapshot_date=SNAPSHOT,
                )
                report = check_delivery(self.delivery)
                said += [str(finding) for finding in report.findings]
                if report.acceptable:
                    self._read()
            return said
        finally:
            path.write_bytes(content)
            (self.delivery / "manifest.json").write_bytes(self.manifest)

    def _read(self) -> None:
        accepted = AcceptedDelivery(self.delivery, read_manifest(self.delivery))
        with duckdb.connect() as connection:
            for name in sorted({n for file in accepted.manifest.files for n in file.data_sets}):
                out = self.folder / "table.parquet"
                read_data_set(connection, accepted, name, out, self.folder / "quarantine.parquet")

    def manifest_file(self) -> list[str]:
        path = self.delivery / "manifest.json"
        path.write_bytes(mutated(self.manifest, self.rng))
        try:
            return [str(finding) for finding in check_delivery(self.delivery).findings]
        finally:
            path.write_bytes(self.manifest)

    def layout_file(self) -> list[str]:
        source = self.rng.choice(self.layout_files)
        path = self._copy(source)
        kinds = {"data_sets": layouts.DataSet, "bundles": layouts.Bundle}
        if source.name in ("feeds.yaml", "value_types.yaml"):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(layouts, "FOLDER", path.parent)
                (layouts.feeds if source.name == "feeds.yaml" else layouts.value_types).__wrapped__()
        else:
            layouts._load(kinds.get(source.parent.name, layouts.TableLayout), path)
        return []

    def suite_file(self) -> list[str]:
        path = self._copy(self.rng.choice(self.suite_files))
        gates.load_suite.__wrapped__("", path.stem, path.parent)
        return []

    def configuration_file(self) -> list[str]:
        module, name, load = self.rng.choice(
            (
                (parameters, "PARAMETERS_FILE", parameters.parameters.__wrapped__),
                (policy, "POLICIES_FILE", policy.policies.__wrapped__),
                (policy, "POLICIES_FILE", policy.policy_in_force),
                (registry, "REGISTRY_FILE", None),
            )
        )
        path = self._copy(getattr(module, name))
        if load is None:
            registry.load_registry(path)
            return []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, name, path)
            load()
        return []

    def setting(self) -> list[str]:
        name = self.rng.choice(("NAOME_MEMORY", "NAOME_THREADS", "NAOME_DISCLOSURE_POLICY"))
        start = {"NAOME_MEMORY": b"4GB", "NAOME_THREADS": b"2", "NAOME_DISCLOSURE_POLICY": b"public"}[name]
        value = mutated(start, self.rng).replace(b"\0", b"0").decode("latin-1")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(name, value)
            policy.policy_in_force()
            with open_connection(EngineSettings.from_environment(self.folder)):
                return []

    def _copy(self, source: Path) -> Path:
        target = self.folder / "copy" / source.name
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(mutated(source.read_bytes(), self.rng))
        return target


def mutate(folder: Path, number: int, seed: int) -> tuple[int, list[str]]:
    """Make mutations in turn over the kinds; how many were made, and those without a clear answer."""
    folder.mkdir(parents=True)
    rng = random.Random(seed)
    given = Mutations(folder, rng)
    kinds: tuple[Callable[[], list[str]], ...] = (
        given.delivered_file,
        given.manifest_file,
        given.layout_file,
        given.suite_file,
        given.configuration_file,
        given.setting,
    )
    wrong = []
    for count in range(number):
        kind = kinds[count % len(kinds)]
        try:
            said = kind()
        except DeliveryError as problem:
            said = [str(problem)]
        except ValueError as problem:
            said = [str(problem)]
            if type(problem) is not ValueError or "What to do" not in said[0]:
                wrong.append(f"{kind.__name__} {count}: {type(problem).__name__}: {problem}")
        except Exception as problem:  # noqa: BLE001 - this is what must not happen
            wrong.append(f"{kind.__name__} {count}: {type(problem).__name__}: {problem}")
            continue
        wrong += [f"{kind.__name__} {count}: a person in: {s}" for s in said if PERSON.search(s)]
    shutil.rmtree(folder)
    return number, wrong
