"""The driver diagrams of a release, one per goal: as pictures, and as a document with the same in words.

What belongs here: joining drivers, measures and released values, and writing the files. What does not: the drivers
(`drivers.yaml`), drawing boxes (`drawing.py`).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, RootModel, model_validator

from naome_pipeline.configuration import read_configuration, understanding
from naome_pipeline.indicators.registry import registry
from naome_pipeline.reports import numbers
from naome_pipeline.reports.about import AUDIT_NAME
from naome_pipeline.reports.documents.model import Chart, Document, Paragraph, Section, Table
from naome_pipeline.reports.documents.page import html_page
from naome_pipeline.reports.documents.pdf import pdf_bytes
from naome_pipeline.reports.drivers.drawing import diagram
from naome_pipeline.reports.reading import Reading
from naome_pipeline.reports.released import ReleasedTables

DRIVERS_FILE = Path(__file__).with_name("drivers.yaml")
FOLDER = "driver-diagrams"
PDF_FILE, PAGE_FILE = "driver-diagrams.pdf", "driver-diagrams.html"


class Driver(BaseModel):
    """One driver of a goal, the measures that show it, and what a team can change."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    driver: str
    measures: list[str]
    changes: list[str]


class Drivers(RootModel[dict[int, list[Driver]]]):
    """Goal to its drivers."""

    @model_validator(mode="after")
    def _known(self) -> Drivers:
        for goal, drivers in self.root.items():
            if goal not in registry().goals:
                raise ValueError(f"there is no goal {goal} in the registry")
            for name in (m for d in drivers for m in d.measures):
                if name not in registry().indicators:
                    raise ValueError(f"goal {goal} names {name}, which is no indicator")
        return self


@cache
def drivers() -> dict[int, list[Driver]]:
    """The drivers of the product; ConfigurationError says what is wrong in the file."""
    raw = read_configuration(DRIVERS_FILE)
    with understanding(DRIVERS_FILE):
        return Drivers.model_validate(raw).root


def write_driver_diagrams(tables: ReleasedTables, folder: Path) -> None:
    """Write one SVG per goal, and all of them with their text as PDF and as HTML, into a folder."""
    reading = Reading(tables)
    document = driver_diagrams(reading)
    (folder / FOLDER).mkdir()
    for section in document.sections:
        for block in section.blocks:
            if isinstance(block, Chart):
                (folder / FOLDER / f"{section.name}.svg").write_text(block.svg, encoding="utf-8")
    (folder / PDF_FILE).write_bytes(pdf_bytes(document))
    (folder / PAGE_FILE).write_text(html_page(document, PDF_FILE), encoding="utf-8")


def driver_diagrams(reading: Reading) -> Document:
    """The document of all goals."""
    period = reading.about.period
    return Document(
        title=AUDIT_NAME,
        subtitle=f"Driver diagrams {period}",
        description="What drives each goal of the audit, what a team can change, and where care stands.",
        notices=reading.about.notices,
        date=reading.facts["snapshot date"],
        facts=reading.about.source,
        sections=[_goal(reading, goal, found) for goal, found in drivers().items()],
    )


def _goal(reading: Reading, goal: int, found: list[Driver]) -> Section:
    title = registry().goals[goal]
    rows = [
        (driver.driver, "; ".join(_measure(reading, m) for m in driver.measures), "; ".join(driver.changes))
        for driver in found
    ]
    words = " ".join(
        f"Driver: {driver}. Measured by: {measured}. What a team can change: {changes}."
        for driver, measured, changes in rows
    )
    picture = diagram(
        title, [(d.driver, [_measure(reading, m) for m in d.measures], d.changes) for d in found]
    )
    return Section(
        f"goal-{goal}",
        title,
        [
            Paragraph(
                "From left to right: the goal, what drives it with its measures, and what a team can change. Values are those "
                f"of people diagnosed in {reading.period} unless another period is named."
            ),
            Chart(
                f"goal-{goal}",
                f"Driver diagram of goal {goal}",
                f"A diagram in three columns. Goal: {title}. {words}",
                picture,
                Table(
                    f"Goal {goal} in words",
                    ("Driver", "Measured by, and where care stands", "What a team can change"),
                    tuple(rows),
                    widths=(4, 7, 5),
                ),
            ),
        ],
    )


def _measure(reading: Reading, name: str) -> str:
    """A measure with its value for the whole of the release, where there is one."""
    row = reading.shown(name) or reading.whole.get((name, "all"))
    title = reading.title(name) if name in reading.definitions else registry().indicators[name].title
    if row is not None and not numbers.missing(row["proportion"]):
        return f"{title}, {numbers.percent(row['proportion'])}{reading.whole_aside(row)}"
    if row is not None and not numbers.missing(row["median_days"]):
        return f"{title}, {numbers.days(row['median_days'])} in the middle{reading.whole_aside(row)}"
    return f"{title}, no value"
