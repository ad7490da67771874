"""The layout registry: loading and checking of the YAML files beside this module.

What belongs here: the models of data sets, layouts, bundles and feeds, and finding one by name. What does not: any
column name (data), recognising files (`recognition.py`) or turning text into values (`typing_sql.py`).

Names in a layout may hold one range: `DIAG_{01..20}` stands for twenty names, in order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from naome_pipeline.configuration import read_configuration, understanding
from naome_pipeline.deliveries.errors import DeliveryError

FOLDER = Path(__file__).parent
MAIN = ""
# The basis of a layout whose names were not read in a public source.
ASSUMED = "assumption"
_T = TypeVar("_T", bound=BaseModel)
_PART = re.compile(r"([a-z][a-z0-9_]*)\.(.+)")
_RANGE = re.compile(r"\{(\d+)\.\.(\d+)\}")


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ValueType(_Model):
    """How values are typed: DuckDB type, values that mean nothing recorded, the form most values have."""

    duckdb: str
    meaning: str
    null_values: tuple[str, ...] = ()
    null_prefixes: tuple[str, ...] = ()
    form: str | None = None


class Column(_Model):
    """A canonical column. `width` makes it a list; `fallback` names columns that stand in when it is missing, and with
    `fallback_for_unreadable` also when it holds no usable value. With `kept_without` the file has to have it, but a row in which
    neither it nor what stands in is usable is kept without it."""

    name: str
    type: str
    meaning: str
    required: bool = False
    width: int | None = None
    fallback: tuple[str, ...] = ()
    fallback_for_unreadable: bool = False
    kept_without: bool = False


class Dating(_Model):
    """What says how far a data set reaches (`reach.py`): the column that dates its records, whether they go on until the
    snapshot or are those of people diagnosed in the period, and the parameter that says how many days before the first reported
    quarter they are needed from."""

    column: str
    until: Literal["snapshot", "period"]
    look_back: str | None = None


class DataSet(_Model):
    """A canonical data set. `key` None means that a row is identified by all its columns."""

    name: str
    title: str
    meaning: str
    key: tuple[str, ...] | None
    columns: tuple[Column, ...]
    keep_earliest: str | None = None
    dated_by: Dating | None = None

    @field_validator("key", mode="before")
    @classmethod
    def _whole_row(cls, value: object) -> object:
        return None if value == "whole row" else value

    @model_validator(mode="after")
    def _names_are_known(self) -> DataSet:
        names = {column.name for column in self.columns}
        used = {*(self.key or ()), *(f for c in self.columns for f in c.fallback)}
        used |= {self.keep_earliest} if self.keep_earliest else set()
        used |= {self.dated_by.column} if self.dated_by else set()
        if unknown := used - names:
            raise ValueError(f"unknown columns {sorted(unknown)}")
        if unknown := {c.type for c in self.columns} - set(value_types()):
            raise ValueError(f"unknown types {sorted(unknown)}")
        if self.dated_by and self.column(self.dated_by.column).type != "date":
            raise ValueError(f"dated_by names {self.dated_by.column}, which holds no dates")
        return self

    @property
    def known_by_key(self) -> bool:
        """Whether every usable row has something in its key: a column that is required is part of it."""
        required = {column.name for column in self.columns if column.required and not column.kept_without}
        return not required.isdisjoint(self.key or ())

    @property
    def judged_by(self) -> set[str]:
        """The columns that say whether a row is usable and what it is known by."""
        if not self.known_by_key:
            return {column.name for column in self.columns}
        required = [column for column in self.columns if column.required]
        stand_ins = {name for column in required for name in column.fallback}
        return {column.name for column in required} | stand_ins | set(self.key or ())

    def column(self, name: str) -> Column:
        """The column of that name (KeyError when there is none)."""
        return {column.name: column for column in self.columns}[name]


class Condition(_Model):
    """Rows in which a column holds one of some texts."""

    column: str
    values: tuple[str, ...] = Field(alias="is")


class Source(_Model):
    """Where a layout keeps a canonical column.

    `names`: accepted names, best first, the first one in the header is read. `else_from`: names read where that one
    is blank. `date_parts`: columns of year, month and day. `joined`: columns that make one identifier together.
    `years_between`: two columns of dates, an integer is the completed years from the first to the second.
    `whole_part`: cut a fractional number (age in years). `codes`: what the file's own codes are in the canonical list;
    others stay. `only_where`: null in other rows.
    """

    names: tuple[str, ...] = ()
    else_from: tuple[str, ...] = ()
    date_parts: tuple[str, ...] = ()
    joined: tuple[str, ...] = ()
    years_between: tuple[str, ...] = ()
    whole_part: bool = False
    codes: Mapping[str, str] = Field(default_factory=dict)
    only_where: Condition | None = None

    @model_validator(mode="before")
    @classmethod
    def _shorthand(cls, value: Any) -> Any:
        return {"names": value} if isinstance(value, list) else value

    @model_validator(mode="after")
    def _two_dates(self) -> Source:
        if len(self.years_between) not in (0, 2):
            raise ValueError("years_between takes two columns: the earlier date and the later one")
        return self

    @property
    def together(self) -> tuple[str, ...]:
        """Columns that have to be there all, to make one value."""
        return (*self.date_parts, *self.joined, *self.years_between)

    def accepted(self) -> tuple[str, ...]:
        """Every name the column may be read from."""
        return (*self.names, *self.else_from, *self.together)


class Join(_Model):
    """Another file of the layout, looked up by key: `keys` maps columns read before to columns of that file."""

    title: str
    keys: Mapping[str, str]
    published: tuple[str, ...]

    @field_validator("published", mode="after")
    @classmethod
    def _expand(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return expanded(value)


class TableLayout(_Model):
    """A published layout of one data set.

    `basis`: whether its names were read in a public source (`published`) or are this project's assumption.
    `published`: its columns in their order. `rows_where`: only these rows belong to the data set.
    `repeats_expected`: equal rows are how the file is, not a fault. `trailer_starts_with`: such a line is no record.
    """

    data_set: str
    version: str
    title: str
    source: str
    confidence: str
    basis: Literal["published", "assumption"] = "published"
    columns: Mapping[str, Source]
    published: tuple[str, ...]
    published_complete: bool = True
    assumptions: tuple[str, ...] = ()
    imd_one_means: Literal["most_deprived", "least_deprived", "label_else_most_deprived"] | None = None
    trailer_starts_with: str | None = None
    rows_where: Condition | None = None
    repeats_expected: bool = False
    joins: Mapping[str, Join] = Field(default_factory=dict)

    @field_validator("published", mode="after")
    @classmethod
    def _expand(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return expanded(value)

    @model_validator(mode="after")
    def _fits_the_data_set(self) -> TableLayout:
        target = data_set(self.data_set)
        known = {column.name: column for column in target.columns}
        if unknown := set(self.columns) - set(known):
            raise ValueError(f"unknown columns {sorted(unknown)}")
        for name, source in self.columns.items():
            parts = {part_of(n)[0] for n in source.accepted()} - {MAIN}
            if unknown := parts - set(self.joins):
                raise ValueError(f"{name}: unknown join {sorted(unknown)}")
        mapped = set(self.columns)
        for column in target.columns:
            if column.required and not mapped & {column.name, *column.fallback}:
                raise ValueError(f"required column {column.name} is not mapped")
        if self.imd_one_means is None and any(known[c].type == "quintile" for c in self.columns):
            raise ValueError("imd_one_means is missing")
        return self

    def published_columns(self, part: str = MAIN) -> tuple[str, ...]:
        """The published columns of the main file or of a joined one."""
        return self.published if part == MAIN else self.joins[part].published


class BundleTable(_Model):
    """Which files of a delivery hold which table. `part` names a join of the layout that the file feeds."""

    files: tuple[str, ...]
    data_set: str
    version: str
    part: str = MAIN
    unless_present: str | None = None


class Bundle(_Model):
    """A delivery layout: how its files are recognised and which table layout each follows."""

    layout: str
    title: str
    tables: tuple[BundleTable, ...]
    not_read: tuple[str, ...] = ()


class Feed(_Model):
    """A feed of the audit: the nations it covers and the data sets it brings, or the feeds it unites."""

    title: str
    period: Literal["quarter", "year"]
    nations: tuple[str, ...]
    spine: str = ""
    expected: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    called: Mapping[str, str] = Field(default_factory=dict)
    parts: tuple[str, ...] = ()
    rapid: str = ""

    @model_validator(mode="after")
    def _delivered_or_united(self) -> Feed:
        if bool(self.spine) == bool(self.parts):
            raise ValueError("a feed has a spine, or it has parts")
        if others := sorted(set(self.evidence) - set(self.expected)):
            raise ValueError(f"evidence is from {', '.join(others)}, which the feed does not expect")
        return self


def expanded(names: tuple[str, ...]) -> tuple[str, ...]:
    """The names with every range written out, in order."""
    return tuple(single for name in names for single in _expand_one(name))


def _expand_one(name: str) -> list[str]:
    if not (match := _RANGE.search(name)):
        return [name]
    width = len(match[1])
    numbers = range(int(match[1]), int(match[2]) + 1)
    return [f"{name[: match.start()]}{n:0{width}d}{name[match.end() :]}" for n in numbers]


def part_of(name: str) -> tuple[str, str]:
    """`cycle.START_DATE_OF_CYCLE` is that column of the join `cycle`; a plain name belongs to the main file."""
    match = _PART.match(name)
    return (match[1], match[2]) if match else (MAIN, name)


def _read(path: Path) -> Any:
    return read_configuration(path)


def _load(model: type[_T], path: Path) -> _T:
    content = _read(path)
    with understanding(path):
        return model.model_validate(content)


def _one_of(kind: str, name: str, known: Mapping[str, Any]) -> Any:
    if name not in known:
        raise DeliveryError(f"unknown {kind} '{name}'; known: {', '.join(sorted(known))}")
    return known[name]


@cache
def value_types() -> Mapping[str, ValueType]:
    """The value types by name."""
    path = FOLDER / "value_types.yaml"
    with understanding(path):
        return {name: ValueType.model_validate(v) for name, v in _read(path).items()}


@cache
def data_sets() -> Mapping[str, DataSet]:
    """The canonical data sets by name, sorted."""
    found = [_load(DataSet, path) for path in sorted((FOLDER / "data_sets").glob("*.yaml"))]
    return {entry.name: entry for entry in found}


def data_set(name: str) -> DataSet:
    """One canonical data set; DeliveryError names the known ones."""
    return _one_of("data set", name, data_sets())


def canonical_columns(name: str) -> dict[str, str]:
    """Canonical column name to DuckDB type; lists end in `[]`."""
    return {
        column.name: value_types()[column.type].duckdb + ("[]" if column.width else "")
        for column in data_set(name).columns
    }


@cache
def bundles() -> Mapping[str, Bundle]:
    """The delivery layouts by name, sorted."""
    found = [_load(Bundle, path) for path in sorted((FOLDER / "bundles").glob("*.yaml"))]
    return {entry.layout: entry for entry in found}


def bundle(layout: str) -> Bundle:
    """One delivery layout; DeliveryError names the known ones."""
    return _one_of("layout", layout, bundles())


@cache
def table_layout(data_set_name: str, version: str) -> TableLayout:
    """The published layout of a data set in one version; DeliveryError when there is none."""
    path = FOLDER / "layouts" / data_set_name / f"{version}.yaml"
    if not path.is_file():
        raise DeliveryError(f"no layout '{version}' of data set '{data_set_name}'")
    return _load(TableLayout, path)


@cache
def table_layouts() -> tuple[TableLayout, ...]:
    """Every published layout in the registry, sorted by data set and version."""
    paths = sorted((FOLDER / "layouts").glob("*/*.yaml"))
    return tuple(table_layout(path.parent.name, path.stem) for path in paths)


@cache
def feeds() -> Mapping[str, Feed]:
    """The feeds by name."""
    path = FOLDER / "feeds.yaml"
    with understanding(path):
        return {name: Feed.model_validate(v) for name, v in _read(path).items()}


def feed(name: str) -> Feed:
    """One feed; DeliveryError names the known ones."""
    return _one_of("feed", name, feeds())


def delivered_feed(name: str) -> Feed:
    """One feed that has deliveries; DeliveryError says what to do for one that unites others."""
    definition = feed(name)
    if definition.parts:
        united = " and ".join(definition.parts)
        raise DeliveryError(f"{name} unites {united}: deliver those, then run: naome refresh --feed {name}")
    return definition


def joint_feed_of(name: str) -> str | None:
    """The feed that unites this one with others, if there is one."""
    return next((joint for joint, definition in feeds().items() if name in definition.parts), None)
