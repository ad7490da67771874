"""Small released tables written by hand: one shown, one hidden, one unavailable and one experimental value."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

import duckdb
import pandas as pd

from naome_pipeline.deliveries.layouts import feeds
from naome_pipeline.disclosure.outcomes import COMPARISON_COLUMNS, released_series
from naome_pipeline.disclosure.policy import policies
from naome_pipeline.indicators.definitions import definitions_table
from naome_pipeline.reports.released import ReleasedTables
from tests.reports import outcome_tables

EVIL = '<script>alert("x")</script>'
FORMULA = "=HYPERLINK(1)"
ROLLING = "2024 Q4 to 2025 Q3"
SNAPSHOT = dt.date(2025, 12, 31)


def _value(
    indicator: str,
    level: str,
    code: str,
    name: str,
    numerator: int | None,
    denominator: int | None,
    **more: object,
) -> dict:
    share = None if numerator is None or denominator is None else numerator / denominator
    return {
        "indicator": indicator,
        "period_kind": "rolling four quarters",
        "period": ROLLING,
        "period_end": pd.Timestamp("2025-09-30"),
        "level": level,
        "unit_code": code,
        "unit_name": name,
        "alliance_code": None,
        "nation": "England",
        "subgroup": "all",
        "denominator": denominator,
        "numerator": numerator,
        "proportion": share,
        "lower": None if share is None else max(share - 0.05, 0.0),
        "upper": None if share is None else min(share + 0.05, 1.0),
        "median_days": None,
        "lower_quartile_days": None,
        "upper_quartile_days": None,
        "suppressed": "hidden to protect people" if share is None else "",
        "policy": "public",
    } | more


def frames() -> dict[str, pd.DataFrame]:
    """Every released table."""
    supplied = {
        "tumours": frozenset({"stage"}),
        "cosd": frozenset({"mdt_dates", "mdt_types", "cns_code", "metastatic_types", "metastatic_sites"}),
        "sact": frozenset({"drug_name", "administration_date"}),
        "rtds": frozenset({"appointment_date"}),
        "hes_apc": frozenset({"procedure_codes"}),
        **{name: frozenset({"person_id"}) for name in ("cosd_fitness", "hes_op", "pcpd", "deaths")},
    }
    quarters = [
        _value("P1", "nation", "England", "England", 50 + n, 100, period_kind="quarter", period=f"2024 Q{n}")
        for n in range(1, 5)
    ]
    values = [
        *quarters,
        _value("P1", "nation", "England", "England", 593, 1000),
        _value("P1", "alliance", "E56000001", "North & East", 61, 104),
        _value("P1", "alliance", "E56000002", EVIL, None, None),
        _value("P1", "trust", "RAJ", "Somewhere Trust", 12, 31),
        _value(
            "P1",
            "trust",
            "RH5",
            FORMULA,
            None,
            17,
            suppressed="hidden to protect people",
        ),
        _value("D5", "nation", "England", "England", 660, 1000),
        _value("D7", "nation", "England", "England", 950, 1000),
        _value(
            "T1",
            "nation",
            "England",
            "England",
            None,
            800,
            suppressed="",
            median_days=41.5,
            lower_quartile_days=20.0,
            upper_quartile_days=77.0,
        ),
    ]
    release = {
        "compared with": "no earlier release",
        **policies()["public"].as_items(),
        "delivery version": "1",
        "delivery fingerprint": "f" * 64,
        "feed": next(iter(feeds())),
        "layout": "england_quarterly_2025",
        "period": "2025Q3",
        "pipeline version": "0.1.0",
        "snapshot date": SNAPSHOT.isoformat(),
        "synthetic data": "yes",
    }
    provenance = [
        {"kind": "release", "item": k, "value": v, "unit": "", "basis": "", "note": ""}
        for k, v in release.items()
    ]
    provenance.append(
        {
            "kind": "parameter",
            "item": "minimum_age",
            "value": "18",
            "unit": "years",
            "basis": "plan",
            "note": "adults",
        }
    )
    provenance.append(
        {
            "kind": "layout",
            "item": "England: tumours rcrd_ndr001",
            "value": "RCRD NDR001RapidRegistration (NHS England delivery)",
            "unit": "",
            "basis": "published",
            "note": "",
        }
    )
    indicators = pd.DataFrame(values).astype({"denominator": "Int64", "numerator": "Int64"})
    definitions = definitions_table({"england_quarterly": supplied}, lambda data_sets: SNAPSHOT)
    return {
        "released_indicators": indicators,
        "released_comparison": _comparison(),
        "released_series": released_series(indicators, definitions),
        "released_survival": outcome_tables.survival({"England": "nation"}),
        "released_treatment_incidence": outcome_tables.treatment({"England": "nation"}),
        "released_variation": outcome_tables.between_trusts(["P1", "P5", "C10"]),
        "released_factors": outcome_tables.factors(["P1", "P5", "C10"]),
        "released_risk_models": outcome_tables.risk_models(["P5", "P9"]),
        "released_yearly_change": outcome_tables.yearly_change(["P1"]),
        "released_intervention_effects": outcome_tables.intervention_effects(),
        "released_recurrence_rates": pd.DataFrame(
            [
                {
                    "nation": "England",
                    "certainty": "any",
                    "year": 5,
                    "people": 5000,
                    "recurred": 400,
                    "incidence": 0.08,
                    "lower": 0.07,
                    "upper": 0.09,
                    "died_before": 0.06,
                    "status": "experimental",
                }
            ]
        ),
        "released_recurrence_evidence": pd.DataFrame(
            [
                {
                    "nation": "England",
                    "certainty": "possible",
                    "source": "any",
                    "people": 40,
                    "found_by_one_source_only": 40,
                    "status": "experimental",
                }
            ]
        ),
        "released_registry_agreement": pd.DataFrame(
            [
                {
                    "measure": "in the cohort",
                    "item": "person",
                    "period_kind": "all common quarters",
                    "period": "2020 Q1 to 2023 Q4",
                    "level": "nation",
                    "unit_code": "England",
                    "unit_name": "England",
                    "denominator": 1000,
                    "numerator": 810,
                    "proportion": 0.81,
                    "lower": 0.78,
                    "upper": 0.83,
                    "kappa": float("nan"),
                    "note": "",
                    "suppressed": "",
                    "policy": "public",
                }
            ]
        ),
        "released_definitions": definitions,
        "released_not_known": pd.DataFrame(
            {
                "indicator": ["P3"],
                "nation": ["England"],
                "period": ["2022 to 2024"],
                "who": ["people whose ER status is not known"],
                "not_known": [1_204],
            }
        ),
        "released_attrition": pd.DataFrame(
            {
                "step": [1, 2],
                "unit": ["rows", "people"],
                "title": ["Tumour rows delivered", "Known from a death certificate only"],
                "removed": [0, 1234],
                "remaining": [56789, 55555],
            }
        ),
        "released_data_sets": pd.DataFrame(
            {
                "data_set": ["tumours", "somatic"],
                "delivered": [True, False],
                "layout_assumed": [False, False],
                "complete_to": [pd.Timestamp(SNAPSHOT)] * 2,
                "rows_in": [56789, 0],
                "rows_out": [56000, 0],
                "rows_quarantined": [789, 0],
            }
        ),
        "revisions": pd.DataFrame(
            [
                {
                    "indicator": "P1",
                    "period_kind": "quarter",
                    "period": "2024 Q1",
                    "level": "nation",
                    "unit_code": "England",
                    "subgroup": "all",
                    "change": "changed",
                    "denominator_before": 99,
                    "denominator_now": 100,
                    "numerator_before": 50,
                    "numerator_now": 51,
                    "proportion_before": 50 / 99,
                    "proportion_now": 0.51,
                    "median_days_before": float("nan"),
                    "median_days_now": float("nan"),
                }
            ]
        ),
        "table_revisions": pd.DataFrame(
            [
                {
                    "table_name": "released_attrition",
                    "level": "nation",
                    "row_name": "2 | Known from a death certificate only",
                    "column_name": "removed",
                    "change": "changed",
                    "before": "1233",
                    "now": "1234",
                    "policy": "public",
                }
            ]
        ),
        "changed_files": pd.DataFrame(
            {
                "file": ["rcrd_tumour.csv"],
                "change": ["new"],
                "rows_before": [None],
                "rows_now": [56789],
                "sha256": ["a"],
            }
        ).astype({"rows_before": "Int64", "rows_now": "Int64"}),
        "provenance": pd.DataFrame(provenance),
    }


def _comparison() -> pd.DataFrame:
    """Two trusts in a funnel: one shown, one hidden."""
    shown = {
        "numerator": 12.0, "denominator": 31.0, "target": 0.593, "value": 12 / 31, "lower_998": 0.31, "lower_95": 0.41,
        "upper_95": 0.77, "upper_998": 0.85, "state": "alert", "direction": "worse", "suppressed": "",
    }  # fmt: skip
    rows = [
        {"trust_code": "RAJ", "unit_name": "Somewhere Trust", **shown},
        {
            "trust_code": "RH5",
            "unit_name": FORMULA,
            "state": "hidden",
            "suppressed": "hidden to protect people",
        },
    ]
    frame = pd.DataFrame(rows).assign(
        indicator="P1", comparison="unadjusted", period="2022 to 2024", policy="public"
    )
    return frame.reindex(columns=COMPARISON_COLUMNS)


def released(folder: Path, tables: Mapping[str, pd.DataFrame] | None = None) -> ReleasedTables:
    """The tables, or those given, as the lake would hold them."""
    paths = {}
    with duckdb.connect() as connection:
        for name, frame in (tables or frames()).items():
            paths[name] = folder / f"{name}.parquet"
            connection.register("frame", frame)
            connection.execute(f"COPY (SELECT * FROM frame) TO '{paths[name]}' (FORMAT parquet)").fetchall()
            connection.unregister("frame")
    return ReleasedTables(paths)
