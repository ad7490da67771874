"""The gates: a staged table is profiled into numbers, and a Great Expectations suite judges the numbers.

What belongs here: profiling a table in one pass, running a suite, copying results by allow-list. What does
not: the thresholds and their reasons; those are the suites in `expectations/`, one per node.

Great Expectations sees one row of aggregate numbers, never a record: its results can carry offending values,
and those would be patient data in an event log. It is imported only when a gate runs (several seconds).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache, partial
from pathlib import Path
from threading import Lock
from typing import Annotated, Any, Literal

import duckdb
import pandas as pd
import sqlglot
from pydantic import BaseModel, ConfigDict, Field, StrictFloat, StrictInt, ValidationError
from sqlglot import exp
from sqlglot.errors import SqlglotError

from naome_pipeline.configuration import mistake_in, read_configuration, sentences_of, understanding
from naome_pipeline.engine import DIALECT, Engine, literal, quoted
from naome_pipeline.errors import Refused
from naome_pipeline.parameters import with_values
from naome_pipeline.repeats import Suspects, columns_without_nulls, files_sql, rows_beyond_the_first
from naome_pipeline.tables import table_files

EXPECTATIONS_FOLDER = Path(__file__).parent.parent / "expectations"
CRITICAL = "critical"
# Great Expectations finds an expectation by the name of its class: `ExpectFigureToBeBetween` below.
_OUR_TYPE = "expect_figure_to_be_between"
_JUDGING = Lock()

Bound = Annotated[StrictInt | StrictFloat | None, Field(allow_inf_nan=False)]


class _Bounds(BaseModel):
    model_config = ConfigDict(extra="forbid")

    column: str = Field(min_length=1)
    min_value: Bound = None
    max_value: Bound = None
    row_condition: dict[str, Any] | None = None


class _Reason(BaseModel):
    model_config = ConfigDict(extra="allow")

    name: str = Field(min_length=1)
    why: str = Field(min_length=1)


class _Expectation(BaseModel):
    """What an entry of a suite has to be. A severity that nobody knows would let a table through."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["expect_column_values_to_be_between"]
    kwargs: _Bounds
    severity: Literal["critical", "warning"] = CRITICAL
    meta: _Reason


class _Reference(BaseModel):
    model_config = ConfigDict(extra="forbid")

    column: str
    table: str
    to: str


class _Profile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    columns: list[str] = []
    key: list[str] = []
    null_share: list[str] = []
    outside_codes: dict[str, list[str]] = {}
    rules: dict[str, str] = {}
    measures: dict[str, str] = {}
    references: dict[str, _Reference] = {}
    repeated_share: dict[str, list[str]] = {}
    repeated_values: dict[str, str] = {}


_NO_STATEMENT = (duckdb.BinderException, duckdb.ParserException, duckdb.CatalogException)


class GateFailed(Exception):
    """A staged table failed a critical expectation; the message names it and the figures, `results` has all."""

    def __init__(self, message: str, results: list[GateResult]) -> None:
        super().__init__(message)
        self.results = results


@dataclass(frozen=True)
class GateResult:
    """One judged expectation: numbers only."""

    name: str
    passed: bool
    severity: str
    metric: str
    observed: float | None
    minimum: float | None
    maximum: float | None
    why: str

    @property
    def sentence(self) -> str:
        """`diagnosis_date_complete: null_share.diagnosis_date is 0.3, at most 0.05 allowed`."""
        bounds = []
        if self.minimum is not None:
            bounds.append(f"at least {self.minimum:g}")
        if self.maximum is not None:
            bounds.append(f"at most {self.maximum:g}")
        observed = "not known" if self.observed is None else f"{self.observed:.6g}"
        return f"{self.name}: {self.metric} is {observed}, {' and '.join(bounds) or 'no bounds'} allowed"

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Suite:
    """One suite file: what to measure in a table and what to expect of the numbers."""

    node: str
    content: Mapping[str, Any]
    path: Path

    @property
    def profile(self) -> Mapping[str, Any]:
        """What to measure (the `profile` entry of the suite's meta)."""
        return self.content["meta"]["profile"]

    @property
    def expectations(self) -> list[Mapping[str, Any]]:
        """The expectations in Great Expectations' own form."""
        return list(self.content["expectations"])


@cache
def load_suite(layer: str, node: str, folder: Path = EXPECTATIONS_FOLDER) -> Suite:
    """The suite of a node; Refused says which file is wanted."""
    path = folder / layer / f"{node}.json"
    if not path.is_file():
        raise Refused(f"no gate for {layer}/{node}: write expectations/{layer}/{node}.json")
    content = read_configuration(path)
    with understanding(path):
        content = with_values(content)
        _Profile.model_validate(content["meta"]["profile"])
        names = [_expectation(entry).meta.name for entry in content["expectations"]]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two expectations have the name {', '.join(twice)}")
        bounds = {e["meta"]["name"]: e["kwargs"] for e in content["expectations"]}
        if unbounded := [n for n, b in bounds.items() if b.get("min_value") is b.get("max_value") is None]:
            raise ValueError(f"no bound is named for {', '.join(unbounded)}: it would let everything through")
    return Suite(node, content, path)


def _expectation(entry: Any) -> _Expectation:
    try:
        return _Expectation.model_validate(entry)
    except ValidationError as found:
        meta = entry.get("meta") if isinstance(entry, dict) else None
        name = meta.get("name") if isinstance(meta, dict) else None
        raise ValueError(f"expectation {name or 'without a name'}: {sentences_of(found)}") from None


@cache
def _reads_tables(expression: str) -> bool:
    """Whether an expression asks other tables than its own. `EXTRACT(YEAR FROM day)` and `IS DISTINCT FROM` do not."""
    if "FROM" not in expression.upper():
        return False
    try:
        return sqlglot.parse_one(f"SELECT {expression}", dialect=DIALECT).find(exp.Table) is not None
    except SqlglotError:  # what is wrong with it DuckDB will say
        return False


@cache
def _united_expectations() -> list[Mapping[str, Any]]:
    return list(load_suite("", "united").expectations)


def united_suite(own: Suite) -> Suite:
    """The gate of a table united from several feeds, each of which has passed its own gate: what the rows themselves
    tell is judged again, what needs tables that are not united is not; and no row may be lost."""

    def alone(entries: Mapping[str, str]) -> dict[str, str]:
        return {name: text for name, text in entries.items() if not _reads_tables(text)}

    profile = {
        key: value for key, value in own.profile.items() if key not in ("references", "rules", "measures")
    }
    profile["rules"], profile["measures"] = (
        alone(own.profile.get(part, {})) for part in ("rules", "measures")
    )
    lost = {
        *(f"unmatched.{name}" for name in own.profile.get("references", {})),
        *(f"rule.{name}" for name in own.profile.get("rules", {}) if name not in profile["rules"]),
        *(f"measure.{name}" for name in own.profile.get("measures", {}) if name not in profile["measures"]),
    }
    kept = [e for e in own.expectations if e["kwargs"]["column"] not in lost]
    content = {
        **own.content,
        "meta": {**own.content["meta"], "profile": profile},
        "expectations": [*kept, *_united_expectations()],
    }
    return Suite(own.node, content, own.path)


def profile_table(
    engine: Engine,
    table: Path,
    suite: Suite,
    context: Mapping[str, float | None],
    suspects: Suspects | None = None,
) -> dict[str, float | None]:
    """Measure a staged table: one pass for counts, nulls, codes, rules; one over each key; one join per reference.

    Returns metric name to number. Always present: `rows`, `missing_columns`. By request of the suite's profile:
    `duplicate_keys`, `null_share.<column>`, `outside_codes.<column>` (share of the non-null values),
    `rule.<name>` (rows that break it), `measure.<name>`, `unmatched.<name>` (share of rows without a partner);
    from `repeated_share` (share of rows that repeat another) and `repeated_values` (rows that repeat a value) also
    measures.
    `context` adds numbers the table does not hold (rows quarantined, rows in the release before). `suspects`: where whoever
    made the table has looked for rows that repeat others, only those are looked at again.
    A ConfigurationError names the suite when a rule or measure of it is no statement about the table.
    """
    try:
        return _measured(engine, table, suite, context, suspects)
    except duckdb.Error as problem:
        # A `$name` in it would be a parameter that nobody gives. A damaged file is not the suite's mistake.
        unbound = isinstance(problem, duckdb.InvalidInputException) and "parameters" in str(problem)
        if not unbound and not isinstance(problem, _NO_STATEMENT):
            raise
        wrong = f"a rule, measure or reference in it cannot be evaluated ({type(problem).__name__})"
        raise mistake_in(suite.path, wrong) from None


def _measured(
    engine: Engine,
    table: Path,
    suite: Suite,
    context: Mapping[str, float | None],
    suspects: Suspects | None,
) -> dict[str, float | None]:
    spec = suite.profile
    files = table_files(table)
    source = files_sql(files)
    present = {row[0] for row in engine.connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()}
    metrics: dict[str, float | None] = dict(context)
    metrics["missing_columns"] = float(len(set(spec.get("columns", [])) - present))
    selects = ["COUNT(*) AS rows"]
    selects += [
        f"(COUNT(*) - COUNT({quoted(column)})) / NULLIF(COUNT(*), 0) AS {quoted('null_share.' + column)}"
        for column in spec.get("null_share", [])
        if column in present
    ]
    for column, codes in spec.get("outside_codes", {}).items():
        if column in present:
            allowed = ", ".join(literal(code) for code in codes)
            # Counted by value first: a fifth of the time of looking each row's code up.
            selects.append(
                f"(SELECT SUM(CASE WHEN v NOT IN ({allowed}) THEN n ELSE 0 END) "
                "/ NULLIF(SUM(CASE WHEN v IS NULL THEN 0 ELSE n END), 0) FROM (SELECT "
                f"{quoted(column)} AS v, COUNT(*) AS n FROM {source} GROUP BY v)) AS {quoted('outside_codes.' + column)}"
            )
    for name, predicate in spec.get("rules", {}).items():
        selects.append(f"SUM(CASE WHEN {predicate} THEN 1 ELSE 0 END) AS {quoted('rule.' + name)}")
    for name, expression in spec.get("measures", {}).items():
        selects.append(f"{expression} AS {quoted('measure.' + name)}")
    for column in set(spec.get("repeated_values", {}).values()) & present:
        selects.append(f"COUNT({quoted(column)}) AS {quoted('present.' + column)}")
    if metrics["missing_columns"]:
        selects = ["COUNT(*) AS rows"]
    elif len(files) > 1:
        full = columns_without_nulls(engine.connection, files)
        selects = [_knowing(full, select) for select in selects]
    measured = _first_row(engine.fetch(f"SELECT {', '.join(selects)} FROM {source}"))
    there = {
        name.removeprefix("present."): measured.pop(name)
        for name in list(measured)
        if name.startswith("present.")
    }
    metrics |= measured
    if metrics["missing_columns"]:
        return metrics
    metrics |= _repeats(engine, files, spec, float(metrics["rows"] or 0), there, suspects)
    for name, reference in spec.get("references", {}).items():
        metrics |= _first_row(
            engine.fetch(
                f"SELECT SUM(CASE WHEN o.k IS NULL THEN 1 ELSE 0 END) / NULLIF(COUNT(*), 0) AS {quoted('unmatched.' + name)} "
                f"FROM {source} AS t LEFT JOIN (SELECT DISTINCT {quoted(reference['to'])} AS k "
                f"FROM {quoted(reference['table'])}) AS o ON t.{quoted(reference['column'])} = o.k"
            )
        )
    return metrics


def _knowing(full: set[str], select: str) -> str:
    """An expression that asks nothing of columns known to have no null: reading texts only for that is most of its time."""

    def is_full(node: exp.Expr | None) -> bool:
        return isinstance(node, exp.Column) and not node.table and node.name in full

    def told(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Is) and isinstance(node.expression, exp.Null) and is_full(node.this):
            return exp.false()
        return exp.Count(this=exp.Star()) if isinstance(node, exp.Count) and is_full(node.this) else node

    if _reads_tables(select):
        return select
    try:
        return sqlglot.parse_one(select, dialect=DIALECT).transform(told).sql(dialect=DIALECT)
    except SqlglotError:  # what is wrong with it DuckDB will say
        return select


def _repeats(
    engine: Engine,
    files: list[Path],
    spec: Mapping[str, Any],
    rows: float,
    there: Mapping[str, float | None],
    suspects: Suspects | None,
) -> dict[str, float | None]:
    """Rows that repeat a key, a value or a whole row. `there`: rows that have a value at all, per column."""
    count = partial(rows_beyond_the_first, engine.connection, files, suspects=suspects)
    found: dict[str, float | None] = {}
    unique: list[set[str]] = []
    for name, column in spec.get("repeated_values", {}).items():
        repeats = count([column], nulls=False)
        found[f"measure.{name}"] = float(repeats)
        unique += [{column}] if repeats == 0 and there[column] == rows else []
    if key := spec.get("key"):
        found["duplicate_keys"] = float(count(key))
        unique += [set(key)] if found["duplicate_keys"] == 0 else []
    for name, columns in spec.get("repeated_share", {}).items():
        # Rows that differ in some of the columns differ.
        known = any(values <= set(columns) for values in unique)
        repeats = 0 if known else count(columns)
        found[f"measure.{name}"] = repeats / rows if rows else None
    return found


def judge(metrics: Mapping[str, float | None], suite: Suite) -> list[GateResult]:
    """Validate the profile against the suite with Great Expectations; results in the suite's order.

    A metric that could not be measured (the table has no such column) fails its expectation, unless the number
    is null because there is nothing to compare with.
    """
    entries = [{**entry, "type": _OUR_TYPE} for entry in suite.expectations]
    # Its engine for data frames knows one current batch.
    with _JUDGING:
        batch, great_expectations = _batch_of(metrics)
        judged = great_expectations.ExpectationSuite(name=suite.node, expectations=entries)
        validation = batch.validate(judged, result_format="BOOLEAN_ONLY")
    passed = {
        result.expectation_config.meta["name"]: bool(result.success)
        for result in validation.results
        if result.expectation_config is not None and result.expectation_config.meta is not None
    }
    results = []
    for expectation in suite.expectations:
        kwargs, meta = expectation["kwargs"], expectation["meta"]
        results.append(
            GateResult(
                name=meta["name"],
                passed=passed.get(meta["name"], False),
                severity=expectation.get("severity", CRITICAL),
                metric=kwargs["column"],
                observed=metrics.get(kwargs["column"]),
                minimum=kwargs.get("min_value"),
                maximum=kwargs.get("max_value"),
                why=meta["why"],
            )
        )
    return results


def raise_for_failures(table: str, results: list[GateResult]) -> None:
    """Raise GateFailed when a critical expectation failed."""
    failed = [r for r in results if not r.passed and r.severity == CRITICAL]
    if failed:
        said = "; ".join(f"{r.sentence} ({r.why.rstrip('.')})" for r in failed)
        raise GateFailed(f"gate of '{table}' failed: {said}", results)


@cache
def _great_expectations() -> tuple[Any, Any]:
    """The library and the one batch definition all profiles pass through: making a data source costs more than using it."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations
    from pydantic.v1 import PrivateAttr

    class ExpectFigureToBeBetween(great_expectations.expectations.ExpectColumnMaxToBeBetween):
        """A figure is the largest value of its column of one row: two steps less to work out for each than the values between
        bounds, which counts nulls and rows beside. Nothing to judge passes: no figure, or a row condition that fails.

        The library makes the configuration of an expectation anew fifty times for each judgement.
        """

        _made: Any = PrivateAttr(None)

        @property
        def configuration(self) -> Any:
            self._made = self._made or super().configuration
            return self._made

        def _validate(self, metrics: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
            if pd.isna(metrics["column.max"]):
                return {"success": True, "result": {}}
            return super()._validate(metrics, *args, **kwargs)

    context = great_expectations.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}  # type: ignore[assignment]
    asset = context.data_sources.add_pandas("profiles").add_dataframe_asset("profile")
    return great_expectations, asset.add_batch_definition_whole_dataframe("whole")


def _batch_of(metrics: Mapping[str, float | None]) -> tuple[Any, Any]:
    great_expectations, definition = _great_expectations()
    frame = pd.DataFrame([metrics]).astype("float64")
    return definition.get_batch({"dataframe": frame}), great_expectations


def _first_row(frame: pd.DataFrame) -> dict[str, float | None]:
    row = frame.iloc[0]
    return {str(name): None if pd.isna(value) else float(value) for name, value in row.items()}
