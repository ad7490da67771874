"""Mutated input of every kind people or machines bring: deliveries, manifests, layouts, gates, configuration, settings.

Every one is accepted or refused by an error of the project that names the file, never by another error; of an accepted
delivery no record is lost; and no message holds a value of a record. Bytes are changed, and values inside well-formed
files: a change of bytes is mostly a mistake of syntax and gets no further.
"""

from __future__ import annotations

import json
import random
import re
import shutil
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from naome_pipeline import alerts, gates, parameters
from naome_pipeline.deliveries import layouts
from naome_pipeline.deliveries.checking import check_delivery
from naome_pipeline.deliveries.errors import DeliveryError
from naome_pipeline.deliveries.manifest import read_manifest, write_manifest
from naome_pipeline.deliveries.reading import empty_data_set, read_data_set
from naome_pipeline.deliveries.receiving import AcceptedDelivery
from naome_pipeline.disclosure import policy
from naome_pipeline.engine import Engine, EngineSettings, open_connection
from naome_pipeline.errors import Refused
from naome_pipeline.indicators import registry
from naome_pipeline.outcomes import interventions
from tests.deliveries.small import SNAPSHOT, deliver, standard_files

# The person identifiers of the small delivery.
PERSON = re.compile(r"00000\d{5}")
PIECES = (
    b"\x00", b"\xff\xfe", b"\r", b"\n", b'"', b"'", b"|", b",", b"\t", b"\xe9", b"{", b"}", b"[", b"]", b":", b"- ",
    b"null", b"true", b"1e999", b"-1", b"99999999999999999999", b"2025-13-01", b"!!python/none", b"&a", b"*a", b"%", b"$x",
    b"\xf0\x9f\x92\xa9", b"..", b"/", b"# ", b"NaN",
)  # fmt: skip
VALUES = (
    None, True, 0, -1, 12345678901234567890123, 1.5, float("nan"), "", "x", "2025Q3", "../../etc", "$(x)", "a" * 300,
    [], {}, [[]], [None], ["x", "x"], {"x": None}, {"": {}},
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


def misplaced(content: Any, rng: random.Random) -> Any:
    """The content of a well-formed file with one to three values replaced, removed, renamed or moved up."""
    for _ in range(rng.randint(1, 3)):
        places = list(_places(content))
        if not places:
            return deepcopy(rng.choice(VALUES))
        holder, key = rng.choice(places)
        kind = rng.randrange(4)
        if kind == 0:
            del holder[key]
        elif kind == 1 and isinstance(holder, dict):
            holder[rng.choice(("x", "", 7, None))] = holder.pop(key)
        elif kind == 2 and isinstance(holder[key], dict | list) and holder[key]:
            holder[key] = next(iter(holder[key].values() if isinstance(holder[key], dict) else holder[key]))
        else:
            holder[key] = deepcopy(rng.choice(VALUES))
    return content


def _places(content: Any) -> list[tuple[Any, Any]]:
    keys = (
        content.keys()
        if isinstance(content, dict)
        else range(len(content))
        if isinstance(content, list)
        else ()
    )
    found = [(content, key) for key in keys]
    return found + [place for key in keys for place in _places(content[key])]


def mutated_file(source: Path, rng: random.Random) -> bytes:
    """A YAML or JSON file with changed bytes or changed values."""
    if rng.random() < 0.5:
        return mutated(source.read_bytes(), rng)
    if source.suffix == ".json":
        return json.dumps(misplaced(json.loads(source.read_bytes()), rng), indent=1).encode()
    return yaml.safe_dump(misplaced(yaml.safe_load(source.read_bytes()), rng), sort_keys=False).encode()


class RowLost(Exception):
    """A record of an accepted delivery is neither in the table nor in quarantine."""


class Mutations:
    """The kinds of input, each a method that makes one mutation and gives it to the product."""

    def __init__(self, folder: Path, rng: random.Random) -> None:
        self.folder, self.rng = folder, rng
        self.files = dict(standard_files())
        self.delivery = deliver(folder / "delivery", dict(self.files)).path
        self.original = folder / "manifest.json"
        stated = json.loads((self.delivery / "manifest.json").read_text(encoding="utf-8"))
        self.original.write_text(json.dumps(stated | {"complete_to": {"deaths": "2025-11-30"}}, indent=1))
        shutil.copyfile(self.original, self.delivery / "manifest.json")
        self.layout_files = sorted(layouts.FOLDER.rglob("*.yaml"))
        self.suite_files = sorted(gates.EXPECTATIONS_FOLDER.rglob("*.json"))

    def delivered_file(self) -> list[str]:
        """A file changed on its way (the manifest does not fit) or before the sender made the manifest."""
        name, content = self.rng.choice(sorted(self.files.items()))
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
            shutil.copyfile(self.original, self.delivery / "manifest.json")

    def _read(self) -> None:
        accepted = AcceptedDelivery(self.delivery, read_manifest(self.delivery))
        with duckdb.connect() as connection:
            for name in sorted({n for file in accepted.manifest.files for n in file.data_sets}):
                table, refused = self.folder / "table.parquet", self.folder / "quarantine.parquet"
                counts = read_data_set(connection, accepted, name, table, refused)
                rows = [
                    connection.execute("SELECT COUNT(*) FROM read_parquet(?)", [str(path)]).fetchall()[0][0]
                    for path in (table, refused)
                ]
                if rows != [counts.rows_out, sum(counts.quarantined.values())] or sum(rows) != counts.rows_in:
                    raise RowLost(f"{name}: {counts.rows_in} read, {rows[0]} in the table, {rows[1]} refused")

    def manifest_file(self) -> list[str]:
        path = self.delivery / "manifest.json"
        path.write_bytes(mutated_file(self.original, self.rng))
        try:
            return [str(finding) for finding in check_delivery(self.delivery).findings]
        finally:
            shutil.copyfile(self.original, path)

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
        source = self.rng.choice(self.suite_files)
        path = self._copy(source)
        suite = gates.load_suite.__wrapped__("", path.stem, path.parent)
        if source.parent.name == "sources":
            with duckdb.connect() as connection:
                table, refused = self.folder / "empty.parquet", self.folder / "none.parquet"
                empty_data_set(connection, source.stem, table, refused)
                others = [reference["table"] for reference in suite.profile.get("references", {}).values()]
                engine = Engine(connection)
                engine.attach(dict.fromkeys(others, table))
                gates.profile_table(engine, table, suite, {})
        return []

    def configuration_file(self) -> list[str]:
        files = (
            (parameters, "PARAMETERS_FILE", parameters.parameters.__wrapped__),
            (policy, "POLICIES_FILE", policy.policies.__wrapped__),
            (policy, "POLICIES_FILE", policy.policy_in_force),
            (registry, "REGISTRY_FILE", registry.load_registry),
            (interventions, "INTERVENTIONS_FILE", interventions.configured_interventions),
            (alerts, "EXAMPLE_FILE", alerts.read_channels),
        )
        module, name, loader = self.rng.choice(files)
        load: Any = loader
        path = self._copy(getattr(module, name))
        if module in (registry, interventions, alerts):
            load(path)
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
        target.write_bytes(mutated_file(source, self.rng))
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
            if type(problem) is not Refused or "What to do" not in said[0]:
                wrong.append(f"{kind.__name__} {count}: {type(problem).__name__}: {problem}")
        except Exception as problem:  # noqa: BLE001 - this is what must not happen
            wrong.append(f"{kind.__name__} {count}: {type(problem).__name__}: {problem}")
            continue
        wrong += [f"{kind.__name__} {count}: a person in: {s}" for s in said if PERSON.search(s)]
    shutil.rmtree(folder)
    return number, wrong
