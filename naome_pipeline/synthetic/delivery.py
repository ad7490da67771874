"""Writing a whole synthetic delivery: the files, the manifest, and the truth in the folder beside it."""

from __future__ import annotations

import datetime as dt
import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from naome_pipeline.deliveries.layouts import MAIN
from naome_pipeline.deliveries.manifest import write_manifest
from naome_pipeline.engine import literal, run
from naome_pipeline.errors import Refused
from naome_pipeline.indicators.reporting_periods import last_reported_quarter
from naome_pipeline.leftovers import exchange, held_folder, work_beside
from naome_pipeline.periods import Quarter, parse_period
from naome_pipeline.synthetic import calibration as cal
from naome_pipeline.synthetic import not_counted, records, second_cancers
from naome_pipeline.synthetic.background import LIFE, BackgroundRows, register_people
from naome_pipeline.synthetic.course import Course, draw_course
from naome_pipeline.synthetic.dirt import TRUTH_COLUMNS, spoil
from naome_pipeline.synthetic.documentation import Documentation, document, documented_meetings
from naome_pipeline.synthetic.files import Background, write_file
from naome_pipeline.synthetic.formats import FORMATS
from naome_pipeline.synthetic.patients import Patients, day_number, draw_patients
from naome_pipeline.synthetic.providers import Providers, choose_providers
from naome_pipeline.synthetic.truth import Truth
from naome_pipeline.synthetic.wales import (
    UNSUPPORTED,
    register_again,
    welsh_course,
    welsh_documentation,
    welsh_people,
)
from naome_pipeline.synthetic.welsh_records import welsh_records


@dataclass(frozen=True)
class _Feed:
    """A feed that can be written: its layout, the days from the end of a period to the snapshot, the registration (of an
    English one), whether receptors are always delivered, the nation, and how many planted outliers it has room for."""

    layout: str
    snapshot_delay: int
    registration: str
    pathology: bool
    nation: str = "England"
    most_outliers: int | None = None


# The quarterly feed is delivered about three months after the end of its period, full registration about twenty.
FEEDS = {
    "england_quarterly": _Feed("england_quarterly_2025", 92, "rcrd_tumour", pathology=False),
    "england_annual": _Feed("england_annual_linked_2025", 608, "ncrd_tumour", pathology=True),
    "wales_annual": _Feed("wales_annual_2025", 608, "", pathology=True, nation="Wales", most_outliers=1),
}
# Welsh people are drawn with other numbers than the English ones of the same seed: nobody is another's twin.
WELSH_SEEDS = 2_000_003
FEWEST_PEOPLE = 200
_READABLE = 0o755
LAST_EMERGENCY_FILE = dt.date(2020, 3, 31)


@dataclass(frozen=True)
class DeliverySummary:
    """What was written."""

    folder: str
    truth: str
    files: int
    rows: int
    people: int
    cohort: int

    def __str__(self) -> str:
        return (
            f"{self.rows:,} rows in {self.files} files under {self.folder}: {self.people:,} people with a tumour, "
            f"{self.cohort:,} of them with metastatic disease at first diagnosis in the reported quarters. "
            f"The truth, for tests only, is in {self.truth}"
        )


def write_delivery(
    out: Path,
    *,
    people: int,
    feed: str = "england_quarterly",
    period: str = "2025Q3",
    seed: int = 1,
    dirt: float = 0.0,
    receptors: bool = False,
    snapshot_date: dt.date | None = None,
    version: int = 1,
    outliers: int = 3,
    provider_sd: float = cal.PROVIDER_SD,
    volume: float = 1.0,
    beside: Path | None = None,
) -> DeliverySummary:
    """Write a delivery into the new folder `out` and its truth into the folder beside it, `<out>-truth`.

    `people`: people with a tumour, at least 200. `dirt`: share of rows planted unusable, 0 to 0.2. `volume`: how much
    ordinary hospital and GP life, 1 = national. `beside`, for Wales: an English synthetic delivery some of whose people
    are registered here, too. Same arguments, same bytes. Refused for arguments out of range, and when
    the folder has files in it. Both folders take their places when they are complete; until then nothing is there.
    """
    out = Path(out)
    _check(out, people, feed, dirt, volume, beside, seed, version)
    form, quarter = FEEDS[feed], last_reported_quarter(parse_period(feed, period))
    receptors = receptors or form.pathology
    snapshot = snapshot_date or quarter.end + dt.timedelta(days=form.snapshot_delay)
    today = day_number(snapshot)
    welsh = form.nation == "Wales"
    draws = seed + WELSH_SEEDS if welsh else seed
    planted_outliers = outliers if form.most_outliers is None else min(outliers, form.most_outliers)
    providers = choose_providers(people, draws, snapshot, provider_sd, planted_outliers, form.nation)
    patients = draw_patients(people, quarter, snapshot, draws, providers)
    if welsh:
        welsh_people(patients, seed)
    if beside is not None:
        register_again(patients, providers, _true_people(beside), draws, today)
    documentation = document(patients, providers, draws, today)
    course = draw_course(patients, providers, draws, today)
    course.meetings = documented_meetings(course.meetings, documentation)
    if welsh:
        documentation, course = welsh_documentation(patients, documentation, draws), welsh_course(course)
    others = second_cancers.admissions(patients, draws, today)
    surgery = records.early_surgery(patients, draws, today)
    stays = pd.concat([course.episodes, surgery, others], ignore_index=True)
    if welsh:
        frames = welsh_records(patients, documentation, course, stays, draws, today)
    else:
        frames = _english_frames(
            form, patients, providers, documentation, course, stays, draws, today, receptors
        )
    with (
        held_folder(lambda: work_beside(out), _READABLE) as fresh,
        held_folder(lambda: work_beside(_truth_folder(out)), _READABLE) as fresh_truth,
    ):
        planted, rows = _write_files(fresh, frames, patients, draws, dirt, volume, quarter, snapshot, welsh)
        write_manifest(
            fresh,
            feed=feed,
            period=period,
            layout=form.layout,
            snapshot_date=snapshot,
            version=version,
            synthetic=True,
        )
        unsupported = UNSUPPORTED if welsh else ()
        truth = Truth(patients, providers, documentation, course, quarter, today, receptors, unsupported)
        folder = _truth_folder(out)
        tables = {
            "people": truth.people(),
            "evidence": truth.evidence(),
            "treatments": truth.treatments(),
            "indicators": truth.indicators(),
            "recurrences": truth.recurrences(),
            "providers": providers.table(),
            "dirt": planted,
        }
        summary = DeliverySummary(
            str(out), str(folder), len(list(fresh.iterdir())) - 1, rows, people, int(truth.in_cohort.sum())
        )
        _write_truth(fresh_truth, folder.name, tables, summary, seed)
        exchange(fresh_truth, folder)
        exchange(fresh, out)
    return summary


def _english_frames(
    form: _Feed,
    patients: Patients,
    providers: Providers,
    documentation: Documentation,
    course: Course,
    stays: pd.DataFrame,
    seed: int,
    today: int,
    receptors: bool,
) -> dict[str, pd.DataFrame]:
    """Every file of an English delivery that holds more than ordinary life."""
    frames = {
        f"{form.registration}.csv": records.tumour_records(patients, documentation, seed, form.registration),
        "rcrd_pathway.csv": records.pathway_records(patients, seed, today),
        "cosd.csv": _and(
            records.cosd_records(patients, documentation, course.meetings, seed),
            second_cancers.cosd_records(patients, seed, today),
        ),
        "cosd_fitness.csv": records.fitness_records(patients, documentation),
        "sact.csv": _and(
            records.drug_records(patients, course, providers, seed),
            second_cancers.drug_records(patients, seed, today),
            not_counted.drug_records(patients, seed, today),
        ),
        "rtds.csv": _and(
            records.radiotherapy_records(patients, course),
            second_cancers.radiotherapy_records(patients, seed, today),
            not_counted.radiotherapy_records(patients, seed, today),
        ),
        "cwt.txt": records.waiting_time_records(patients, seed, today),
        "pcpd.csv": _and(
            records.prescription_records(patients, course),
            not_counted.prescription_records(patients, seed, today),
        ),
        "deaths.txt": records.death_records(patients, seed, today),
    }
    if receptors:
        frames["cosd_pathology.csv"] = records.pathology_records(patients, documentation)
    admitted = _and(
        records.admission_records(patients, stays, seed), not_counted.stays(patients, seed, today)
    )
    seen = _and(
        records.clinic_records(patients, course.clinic), not_counted.appointments(patients, seed, today)
    )
    return frames | _by_year("hes_apc", admitted) | _by_year("hes_op", seen)


def _and(records: pd.DataFrame, *others: pd.DataFrame) -> pd.DataFrame:
    """All of them, in the columns of the first; what another does not have is empty."""
    parts = [records]
    for other in others:
        lacking = {name: records[name].iloc[:0] for name in records.columns.difference(other.columns)}
        filled = other.assign(**{name: empty.reindex(other.index) for name, empty in lacking.items()})
        parts.append(filled[records.columns])
    return pd.concat(parts, ignore_index=True)


def _truth_folder(out: Path) -> Path:
    return out.with_name(out.name + "-truth")


def _true_people(delivery: Path) -> pd.DataFrame:
    """The people of a synthetic delivery, from the truth beside it."""
    path = _truth_folder(Path(delivery)) / "people.parquet"
    with duckdb.connect() as connection:
        return connection.execute(f"SELECT * FROM read_parquet({literal(path)})").fetchdf()


def _check(
    out: Path,
    people: int,
    feed: str,
    dirt: float,
    volume: float,
    beside: Path | None,
    seed: int,
    version: int,
) -> None:
    if feed not in FEEDS:
        raise Refused(f"no synthetic deliveries for the feed '{feed}'; there are: {', '.join(FEEDS)}")
    if people < FEWEST_PEOPLE:
        raise Refused(f"people must be at least {FEWEST_PEOPLE}, not {people}")
    if not 0 <= dirt <= 0.2:
        raise Refused(f"dirt must lie between 0 and 0.2, not {dirt}")
    if not 0 <= volume < math.inf:
        raise Refused(f"volume must be a number that is not negative, not {volume}")
    if seed < 0:
        raise Refused(f"seed must not be negative, not {seed}")
    if version < 1:
        raise Refused(f"version must be at least 1, not {version}")
    if out.name in ("", ".."):
        raise Refused(f"{out} is no new folder: a delivery is written into one, by its name")
    if beside is not None and FEEDS[feed].nation != "Wales":
        raise Refused("only a Welsh delivery is written beside another one")
    if beside is not None and not (_truth_folder(Path(beside)) / "people.parquet").is_file():
        raise Refused(f"{beside} is not a synthetic delivery: {_truth_folder(Path(beside)).name} is missing")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise Refused(f"{out} is not empty: a delivery is written into a new folder")


def _by_year(kind: str, frame: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """One frame per financial year; `FYEAR` stays only where the layout has it."""
    keep = "FYEAR" in FORMATS[kind].header
    return {
        f"{kind}_{year}.txt": (part if keep else part.drop(columns="FYEAR")).reset_index(drop=True)
        for year, part in frame.groupby("FYEAR")
    }


def _year_span(start: int) -> tuple[dt.date, dt.date]:
    return dt.date(start, 4, 1), dt.date(start + 1, 3, 31)


def _write_files(
    out: Path,
    frames: dict[str, pd.DataFrame],
    patients: Patients,
    seed: int,
    rate: float,
    volume: float,
    quarter: Quarter,
    snapshot: dt.date,
    welsh: bool,
) -> tuple[pd.DataFrame, int]:
    """Write every file; the planted dirt and the number of records."""
    first_year = quarter.end.year - cal.DIAGNOSIS_YEARS - 2
    first = dt.date(first_year, 4, 1)
    planted: list[pd.DataFrame] = []
    total = 0
    with duckdb.connect(config={"preserve_insertion_order": True}) as connection:
        register_people(connection, patients, seed)
        life = BackgroundRows(connection, seed, rate, volume, first, snapshot)

        def write(name: str, kind: str, frame: pd.DataFrame, span: tuple[dt.date, dt.date] | None) -> None:
            nonlocal total
            form = FORMATS[kind]
            person = form.required[0]
            spoiled = rate if form.part == MAIN else 0.0
            frame, bad = spoil(frame, form, name, person, spoiled, seed, snapshot)
            background: Background | None = None
            if kind in LIFE:
                background = life.make(kind, name, len(frame), *(span or (None, None)))
            if len(frame) or (background and background.rows):
                total += write_file(connection, out / name, form, frame, background)
                planted.append(bad)

        for name, frame in frames.items():
            if not name.startswith("hes_"):
                write(name, name.rsplit(".", 1)[0], frame, None)
        for start in () if welsh else range(first_year - 2, snapshot.year + 1):
            span = _year_span(start)
            year = f"{start % 100:02d}{(start + 1) % 100:02d}"
            for kind in ("hes_apc", "hes_op"):
                name = f"{kind}_{year}.txt"
                write(name, kind, frames.get(name, _empty(kind)), span)
            if span[1] <= LAST_EMERGENCY_FILE:
                write(f"hes_ae_{year}.txt", "hes_ae", _empty("hes_ae"), span)
        if not welsh:
            write("ecds.txt", "ecds", _empty("ecds"), (LAST_EMERGENCY_FILE + dt.timedelta(days=1), snapshot))
            write("dids.csv", "dids", _empty("dids"), None)
    dirt = (
        pd.concat([*planted, *life.planted], ignore_index=True)
        if rate > 0
        else pd.DataFrame(columns=TRUTH_COLUMNS)
    )
    return dirt, total


def _empty(kind: str) -> pd.DataFrame:
    return pd.DataFrame({FORMATS[kind].required[0]: np.array([], dtype=object)})


def _write_truth(
    folder: Path, name: str, tables: dict[str, pd.DataFrame], summary: DeliverySummary, seed: int
) -> None:
    with duckdb.connect() as connection:
        for title, table in tables.items():
            connection.register("truth_table", table)
            run(
                connection,
                f"COPY (SELECT * FROM truth_table) TO {literal(folder / f'{title}.parquet')} (FORMAT parquet)",
            )
            connection.unregister("truth_table")
    content = asdict(summary) | {"folder": Path(summary.folder).name, "truth": name, "seed": seed}
    (folder / "parameters.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
