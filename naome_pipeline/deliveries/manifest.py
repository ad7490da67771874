"""The manifest of a delivery: what it is, which files it has, and what each file holds.

What belongs here: the model, reading and writing `manifest.json`. What does not: whether the files are good
(`checking.py`) or accepted (`receiving.py`).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

import duckdb
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from naome_pipeline.deliveries import layouts
from naome_pipeline.deliveries.errors import DeliveryError
from naome_pipeline.deliveries.recognition import recognise
from naome_pipeline.deliveries.text_files import count_records, read_header, scan_file
from naome_pipeline.periods import parse_period

MANIFEST_FILE = "manifest.json"
# Of file systems in use; asking for a longer one is an error of the system, not an answer. The path leaves room for the folder.
_LONGEST_NAME, _LONGEST_PATH = 255, 2_000


class DeliveryFile(BaseModel):
    """One file. `rows`: its records, the header not counted, malformed and trailer lines counted.

    `data_set` None marks a file that is carried and not read; `also_in` names further data sets the file feeds.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str
    data_set: str | None
    # Windows writes hashes in capitals.
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9A-Fa-f]{64}$", to_lower=True)]
    rows: int = Field(ge=0)
    also_in: tuple[str, ...] = ()

    @field_validator("path")
    @classmethod
    def _inside_the_folder(cls, value: str) -> str:
        path = PurePosixPath(value)
        if path.is_absolute() or ".." in path.parts or not path.parts or "\\" in value:
            raise ValueError("the path must lie inside the delivery folder")
        if (
            max(len(part.encode()) for part in path.parts) > _LONGEST_NAME
            or len(value.encode()) > _LONGEST_PATH
        ):
            raise ValueError(
                f"no file can have so long a name (longest {_LONGEST_NAME} bytes, with folders {_LONGEST_PATH})"
            )
        return path.as_posix()

    @property
    def data_sets(self) -> tuple[str, ...]:
        """Every data set the file feeds."""
        return ((self.data_set,) if self.data_set else ()) + self.also_in


class Part(BaseModel):
    """An accepted delivery that a joint one is made of, with its files as they were accepted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    feed: str
    version: int = Field(ge=1, le=999)
    snapshot_date: dt.date
    fingerprint: str = Field(pattern=r"^[0-9a-f]{64}$")
    files: tuple[DeliveryFile, ...]


class Manifest(BaseModel):
    """The content of `manifest.json`. `synthetic`: the people in it do not exist, and every output says so.

    `complete_to`: data set to the last day for which the sender has all its records, of data sets that end before the
    snapshot; nobody is followed up further in them. A delivery has files; a joint one, of a feed with parts, has parts
    instead (`joining.py`).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    feed: str
    period: str
    snapshot_date: dt.date
    layout: str
    version: int = Field(ge=1, le=999)
    synthetic: bool = False
    complete_to: dict[str, dt.date] = Field(default_factory=dict)
    files: tuple[DeliveryFile, ...] = ()
    parts: tuple[Part, ...] = ()

    @field_validator("complete_to")
    @classmethod
    def _sorted(cls, value: dict[str, dt.date]) -> dict[str, dt.date]:
        return dict(sorted(value.items()))

    @model_validator(mode="after")
    def _files_differ(self) -> Manifest:
        if bool(self.files) == bool(self.parts):
            raise ValueError("a manifest lists the files of the delivery")
        paths = [file.path for file in self.files]
        if repeated := sorted({path for path in paths if paths.count(path) > 1}):
            raise ValueError(f"listed twice: {', '.join(repeated)}")
        return self

    def __hash__(self) -> int:
        # A mapping has no hash of its own.
        return hash(self.fingerprint)

    def as_json(self) -> str:
        """Stable, readable JSON: the text of the file."""
        content = self.model_dump(mode="json")
        # Without them the text, and so the fingerprint, is that of manifests before there was such a thing.
        for name in ("synthetic", "complete_to"):
            if not content[name]:
                del content[name]
        for entry in [*content["files"], *(file for part in content["parts"] for file in part["files"])]:
            if not entry["also_in"]:
                del entry["also_in"]
        if not self.parts:
            del content["parts"]
        return json.dumps(content, indent=1) + "\n"

    @property
    def sources(self) -> tuple[DeliveryFile, ...]:
        """Every file the numbers come from: its own, or those of its parts with the feed before their path."""
        of_parts = tuple(
            file.model_copy(update={"path": f"{part.feed}/{file.path}"})
            for part in self.parts
            for file in part.files
        )
        return self.files + of_parts

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the whole content, independent of how the JSON was laid out."""
        return hashlib.sha256(self.as_json().encode()).hexdigest()

    @property
    def content_fingerprint(self) -> str:
        """SHA-256 over everything but the version: the same content sent again has the same value."""
        return hashlib.sha256(self.model_copy(update={"version": 1}).as_json().encode()).hexdigest()


def read_manifest(directory: Path) -> Manifest:
    """The manifest of a delivery folder; DeliveryError says what is wrong with it."""
    path = directory / MANIFEST_FILE
    if not path.is_file():
        raise DeliveryError(f"{directory.name} has no {MANIFEST_FILE}: make one with `naome manifest`")
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError:
        raise DeliveryError(f"{MANIFEST_FILE} is not UTF-8 text") from None
    except json.JSONDecodeError as problem:
        raise DeliveryError(
            f"{MANIFEST_FILE} is not valid JSON (line {problem.lineno}: {problem.msg})"
        ) from None
    except RecursionError:
        raise DeliveryError(f"{MANIFEST_FILE} is nested too deeply to be a manifest") from None
    try:
        return Manifest.model_validate(content)
    except ValidationError as problem:
        raise DeliveryError(f"{MANIFEST_FILE} is not a valid manifest: {_sentences(problem)}") from None


def _sentences(problem: ValidationError) -> str:
    parts = []
    for error in problem.errors():
        place = ".".join(str(step) for step in error["loc"]) or "the whole file"
        parts.append(f"{place}: {error['msg']}")
    return "; ".join(parts)


def data_files(directory: Path) -> list[str]:
    """The data files of a delivery folder: relative paths, sorted; hidden files and the manifest left out."""
    found = (path.relative_to(directory) for path in directory.rglob("*") if path.is_file())
    return sorted(
        path.as_posix()
        for path in found
        if path.as_posix() != MANIFEST_FILE and not any(part.startswith(".") for part in path.parts)
    )


def read_ends(texts: Sequence[str]) -> dict[str, dt.date]:
    """`sact=2025-09-30`, as a command takes it, to data set and last day; DeliveryError for anything else."""
    ends = {}
    for text in texts:
        name, _, day = text.partition("=")
        try:
            layouts.data_set(name.strip())
            ends[name.strip()] = dt.date.fromisoformat(day.strip())
        except ValueError:
            raise DeliveryError(f"'{text}' is no data set and day; write it as sact=2025-09-30") from None
    return ends


def write_manifest(
    directory: Path,
    *,
    feed: str,
    period: str,
    layout: str,
    snapshot_date: dt.date | str,
    version: int = 1,
    synthetic: bool = False,
    complete_to: Mapping[str, dt.date] | None = None,
) -> Manifest:
    """Recognise, hash and count the files of a folder and write its `manifest.json`.

    Raises DeliveryError when the feed, layout, period or date is not known, when the folder has no data files, or
    when a file is none of the layout's.
    """
    layouts.delivered_feed(feed)
    bundle = layouts.bundle(layout)
    try:
        period_code = parse_period(feed, period).code
        day = dt.date.fromisoformat(snapshot_date) if isinstance(snapshot_date, str) else snapshot_date
    except ValueError as problem:
        raise DeliveryError(str(problem)) from None
    if not directory.is_dir():
        raise DeliveryError(f"there is no folder {directory}")
    names = data_files(directory)
    if not names:
        raise DeliveryError(f"{directory} has no data files")
    found = recognise(bundle, {name: read_header(directory / name) for name in names})
    if strangers := [name for name, tables in found.items() if tables is None]:
        raise DeliveryError(
            f"not recognised as a file of layout {layout}: {', '.join(strangers)}. Rename each after its data set "
            f"({', '.join(dict.fromkeys(t.data_set for t in bundle.tables))}), move it out, or choose another layout"
        )
    files = []
    with duckdb.connect(":memory:") as connection:
        for name, tables in found.items():
            file = scan_file(directory / name)
            sets = tuple(dict.fromkeys(table.data_set for table in tables or ()))
            files.append(
                DeliveryFile(
                    path=name,
                    data_set=sets[0] if sets else None,
                    also_in=sets[1:],
                    sha256=file.sha256,
                    rows=count_records(connection, file).total,
                )
            )
    manifest = Manifest(
        feed=feed,
        period=period_code,
        snapshot_date=day,
        layout=layout,
        version=version,
        synthetic=synthetic,
        complete_to=dict(complete_to or {}),
        files=tuple(files),
    )
    (directory / MANIFEST_FILE).write_text(manifest.as_json(), encoding="utf-8")
    return manifest
