"""Every table that SQL or the registry makes, from a delivery of a few people written by hand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path

import pandas as pd

import naome_pipeline
from naome_pipeline.cohort.providers import provider_table
from naome_pipeline.counterpart import TABLES
from naome_pipeline.deliveries.layouts import data_set, value_types
from naome_pipeline.disclosure.outcomes import released_comparison, released_series
from naome_pipeline.disclosure.policy import policies
from naome_pipeline.disclosure.registry_agreement import attacked, released_agreement
from naome_pipeline.disclosure.release import CountedTables, control_of, gate_figures, released_frame
from naome_pipeline.disclosure.revisions import revisions_sql
from naome_pipeline.disclosure.table_revisions import table_revisions_sql
from naome_pipeline.engine import Engine, ParameterValue, references_of
from naome_pipeline.indicators.definitions import audit_followed_to, definitions_table
from naome_pipeline.indicators.not_known import not_known_sql
from naome_pipeline.indicators.registry import person_indicators_sql, person_subgroups_sql, registry
from naome_pipeline.indicators.reporting_periods import first_reported_quarter, reporting_periods
from naome_pipeline.outcomes.associations import associated_factors
from naome_pipeline.outcomes.comparison import alarm_account, provider_comparison
from naome_pipeline.outcomes.interventions import configured_interventions, intervention_effects
from naome_pipeline.outcomes.recurrence import recurrence_rates
from naome_pipeline.outcomes.registry_agreement import registry_agreement
from naome_pipeline.outcomes.risk import risk_models
from naome_pipeline.outcomes.series import control_charts, yearly_change
from naome_pipeline.outcomes.submissions import submissions
from naome_pipeline.outcomes.survival import survival_comparison, survival_estimates, treatment_incidence
from naome_pipeline.outcomes.variation import variation_by_indicator
from naome_pipeline.parameters import parameters
from naome_pipeline.periods import Quarter
from tests.expectations.suites import suite_names

PERIOD = Quarter(2025, 3)
SNAPSHOT = dt.date(2025, 12, 31)
COMPUTED = {"delivered_rows", "quarantine_summary"}
SOURCES = [name for layer, name in suite_names() if layer == "sources" and name not in COMPUTED]
SHA256 = "0" * 64
# Lists of files, versions and tables, which code of the DAG makes from the delivery and the lake.
LISTS: dict[str, list[dict[str, object]]] = {
    "quarantine_summary": [
        {"data_set": "cosd", "file": "cosd.csv", "reason": "missing_value", "column": "record_id", "rows": 2}
    ],
    "registered_twice": [{"person_id": "p1", "kept_in": "england_annual"}],
    "changed_files": [
        {"file": "cosd.csv", "change": "changed", "rows_before": 3, "rows_now": 4, "sha256": SHA256},
        {"file": "rtds.csv", "change": "new", "rows_before": None, "rows_now": 1, "sha256": SHA256},
        {"file": "cwt.txt", "change": "gone", "rows_before": 9, "rows_now": None, "sha256": None},
    ],
    "provenance": [
        *(
            {"kind": "release", "item": item, "value": "x", "unit": "", "basis": "", "note": ""}
            for item in (
                "feed",
                "period",
                "delivery version",
                "delivery fingerprint",
                "layout",
                "snapshot date",
                "pipeline version",
            )
        ),
        {
            "kind": "parameter",
            "item": "minimum_age",
            "value": "18",
            "unit": "years",
            "basis": "plan",
            "note": "",
        },
        {
            "kind": "layout",
            "item": "England: tumours rcrd_ndr001",
            "value": "RCRD",
            "unit": "",
            "basis": "published",
            "note": "",
        },
    ],
    "dashboard": [{"file": "index.html", "sha256": SHA256, "bytes": 200_000}],
    "national_data": [{"file": "national_dashboard_data.xlsx", "sha256": SHA256, "bytes": 90_000}],
    "open_data": [{"file": "open_data/indicators.csv", "sha256": SHA256, "bytes": 9_000}],
    "state_of_the_nation": [
        {"file": f"state-of-the-nation.{kind}", "sha256": SHA256, "bytes": 300_000}
        for kind in ("pdf", "html")
    ],
    "methodology_supplement": [
        {"file": f"methodology-supplement.{kind}", "sha256": SHA256, "bytes": 300_000}
        for kind in ("pdf", "html")
    ],
    "driver_diagrams": [
        {"file": f"driver-diagrams.{kind}", "sha256": SHA256, "bytes": 300_000} for kind in ("pdf", "html")
    ],
    "action_plans": [{"file": "action_plans/R1H.docx", "sha256": SHA256, "bytes": 40_000}],
    "benchmarks": [{"file": "benchmarks/R1H.pdf", "sha256": SHA256, "bytes": 40_000}],
    "data_workbook": [{"file": "data_viewer.xlsx", "sha256": SHA256, "bytes": 90_000}],
    "newsletter": [{"file": "newsletter.txt", "sha256": SHA256, "bytes": 2_000}],
    "outlier_pack": [{"file": "outliers/outlier_pack.html", "sha256": SHA256, "bytes": 20_000}],
    "states_of_trusts": [{"file": "states.csv", "sha256": SHA256, "bytes": 20_000}],
    "provider_notifications": [
        {"file": name, "sha256": SHA256, "bytes": 20_000}
        for name in ("register_of_responses.xlsx", "letters/notification_R1H.docx")
    ],
    "patient_summary": [
        {"file": f"patient_summary{kind}", "sha256": SHA256, "bytes": 90_000}
        for kind in (".html", ".pdf", "_large_print.pdf")
    ],
    "publication": [
        {"layer": layer, "table": name, "fingerprint": "f", "sha256": SHA256, "rows": 1}
        for layer, name in suite_names()
        if name != "publication"
    ],
}
SQL_FOLDERS = ("cohort", "indicators", "outcomes", "disclosure")


def sql_files() -> dict[str, Path]:
    """Name and file of every table that is one statement."""
    package = Path(naome_pipeline.__file__).parent
    return {path.stem: path for folder in SQL_FOLDERS for path in (package / folder).glob("*.sql")}


@dataclass
class HandMade:
    """Tables in a folder, made on demand with everything they read."""

    engine: Engine
    folder: Path
    rows: dict[str, str] = field(default_factory=dict)
    made: dict[str, Path] = field(default_factory=dict)
    figures: dict[str, float | None] = field(default_factory=dict)
    agreement_figures: dict[str, float | None] = field(default_factory=dict)

    def table(self, name: str) -> Path:
        """The Parquet file of a table."""
        if name not in self.made:
            path = self.folder / f"{name}.parquet"
            self._make(name, path)
            self.made[name] = path
            self.engine.attach({name: path})
        return self.made[name]

    def _make(self, name: str, path: Path) -> None:
        if name in SOURCES:
            self._make_source(name, path)
        elif name in sql_files():
            self._run(sql_files()[name].read_text(encoding="utf-8"), path)
        elif name == "person_indicators":
            self._run(person_indicators_sql(registry().indicators.values()), path)
        elif name == "person_subgroups":
            self._run(person_subgroups_sql(registry().subgroups.values()), path)
        elif name == "not_known":
            self._run(not_known_sql(registry().indicators.values()), path)
        elif name == "released_indicators":
            self.engine.attach({"frame_to_write": self._released()})
            self.engine.write("SELECT * FROM frame_to_write", path)
        elif name == "revisions":
            released = self.table("released_indicators")
            self.engine.write(revisions_sql(released, None, same_period=False), path)
        elif name == "table_revisions":
            self.engine.write(table_revisions_sql({}, None, same_period=False), path)
        else:
            self.engine.attach({"frame_to_write": self._frame(name)})
            self.engine.write("SELECT * FROM frame_to_write", path)

    def _released(self) -> pd.DataFrame:
        tables = CountedTables(*(self.read(field.name) for field in fields(CountedTables)))
        control = control_of(tables, registry(), policies()["public"])
        unprotected = control.decide()
        released = released_frame(tables, control)
        self.figures = gate_figures(released, tables.indicator_counts, control, len(unprotected))
        return released

    def read(self, name: str) -> pd.DataFrame:
        """A table as a frame."""
        self.table(name)
        return self.engine.fetch(f'SELECT * FROM "{name}"')

    def paired(self) -> pd.DataFrame:
        """The people of two registries that hold the same."""
        copies = {
            f"{registry}_{said}": self.table(name)
            for name, said in TABLES.items()
            for registry in ("full", "rapid")
        }
        self.engine.attach(copies | {name: self.table(name) for name in ("people", "providers")})
        days = {"first_common_day": first_reported_quarter(PERIOD).start, "last_common_day": PERIOD.end}
        sql = sql_files()["registry_pairs"].read_text(encoding="utf-8")
        return self.engine.fetch(self.engine.prepare(sql, days))

    def published_agreement(self) -> pd.DataFrame:
        """The comparison of registries under the public policy, and what its gate is told."""
        agreement, policy = self.read("registry_agreement"), policies()["public"]
        released = released_agreement(
            agreement, self.read("released_indicators"), self.read("providers"), policy
        )
        self.agreement_figures = dict(attacked(agreement, released, policy))
        return released

    def _run(self, sql: str, path: Path) -> None:
        for needed in references_of(sql).tables:
            self.table(needed)
        values: dict[str, ParameterValue] = {name: p.value for name, p in parameters().items()}
        values |= {
            "snapshot_date": SNAPSHOT,
            "period_end": PERIOD.end,
            "first_reported_day": first_reported_quarter(PERIOD).start,
            "fewest_people": policies()["public"].fewest_people,
        }
        self.engine.write(self.engine.prepare(sql, values), path)

    def _make_source(self, name: str, path: Path) -> None:
        columns = ", ".join(
            f'"{c.name}" {value_types()[c.type].duckdb}{"" if c.width is None else "[]"}'
            for c in data_set(name).columns
        )
        self.engine.connection.execute(f"CREATE OR REPLACE TEMP TABLE typed ({columns})")
        if name in self.rows:
            self.engine.connection.execute(f"INSERT INTO typed BY NAME {self.rows[name]}")
        self.engine.write("SELECT * FROM typed", path)

    def _frame(self, name: str) -> pd.DataFrame:
        if name in LISTS:
            return pd.DataFrame(LISTS[name]).convert_dtypes()
        if name in OUTCOMES:
            return OUTCOMES[name](self)
        if name == "providers":
            return provider_table(SNAPSHOT)
        if name == "reporting_periods":
            return reporting_periods(PERIOD, *audit_followed_to(lambda data_sets: SNAPSHOT))
        if name == "indicator_definitions":
            supplied = {source: {c.name for c in data_set(source).columns} for source in SOURCES}
            return definitions_table({"england_quarterly": supplied}, lambda data_sets: SNAPSHOT)
        assert name == "delivered_rows", f"nobody says how {name} is made"
        counts = {source: self.engine.count(self.table(source)) for source in SOURCES}
        return pd.DataFrame(
            {
                "data_set": source,
                "delivered": n > 0,
                "layout_assumed": False,
                "complete_to": pd.Timestamp(SNAPSHOT),
                "rows_in": n,
                "rows_quarantined": 0,
                "rows_out": n,
            }
            for source, n in counts.items()
        )


# How the outcomes are made, from the tables they read.
OUTCOMES: dict[str, Callable[[HandMade], pd.DataFrame]] = {
    "risk_models": lambda t: risk_models(t.read("assessed_people"), t.read("case_mix"), ["P5"]),
    "provider_comparison": lambda t: provider_comparison(
        t.read("assessed_people"),
        t.read("indicator_definitions"),
        t.read("risk_models"),
        t.read("treating_trusts"),
        t.read("submissions"),
    ),
    "submissions": lambda t: submissions(t.read("assessed_people")),
    "survival_comparison": lambda t: survival_comparison(
        t.read("person_facts"), t.read("case_mix"), SNAPSHOT
    ),
    "intervention_effects": lambda t: intervention_effects(
        t.read("indicator_counts"), configured_interventions()
    ),
    "alarm_account": lambda t: alarm_account(t.read("provider_comparison")),
    "control_charts": lambda t: control_charts(t.read("indicator_counts"), t.read("indicator_definitions")),
    "yearly_change": lambda t: yearly_change(t.read("indicator_counts")),
    "survival_estimates": lambda t: survival_estimates(
        t.read("person_facts"), t.read("person_subgroups"), SNAPSHOT
    ),
    "treatment_incidence": lambda t: treatment_incidence(
        t.read("person_facts"), t.read("person_subgroups"), SNAPSHOT
    ),
    "associated_factors": lambda t: associated_factors(t.read("assessed_people"), t.read("case_mix"), ["P5"]),
    "recurrence_rates": lambda t: recurrence_rates(
        t.read("cohort_assessment"), t.read("recurrences"), SNAPSHOT
    ),
    "registry_agreement": lambda t: registry_agreement(
        t.paired(), t.read("reporting_periods"), t.read("reporting_periods")
    ),
    "released_registry_agreement": lambda t: t.published_agreement(),
    "provider_variation": lambda t: variation_by_indicator(t.read("assessed_people")),
    "released_comparison": lambda t: released_comparison(
        t.read("released_indicators"),
        t.read("provider_comparison"),
        t.read("indicator_definitions"),
        t.read("providers"),
        policies()["public"],
    ),
    "released_series": lambda t: released_series(
        t.read("released_indicators"), t.read("indicator_definitions")
    ),
}
