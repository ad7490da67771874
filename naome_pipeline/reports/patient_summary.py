"""The summary for patients, in plain language: a page, a PDF, and a PDF in large print, all from the same sentences.

What belongs here: those sentences, with numbers from released tables. What does not: how they look (templates), how hard
they are to read (`readability.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from naome_pipeline.reports import numbers
from naome_pipeline.reports.about import AUDIT_NAME, NOT_NHS, About
from naome_pipeline.reports.outliers import flags_of
from naome_pipeline.reports.pages import render_page
from naome_pipeline.reports.readability import Readability, measure
from naome_pipeline.reports.reading import ASSESSED, POTENTIAL, Reading
from naome_pipeline.reports.recommendations import recommendations
from naome_pipeline.reports.released import ReleasedTables
from naome_pipeline.reports.standing import standing
from naome_pipeline.reports.typesetting import pdf

PAGE_FILE = "patient_summary.html"
PDF_FILE = "patient_summary.pdf"
LARGE_FILE = "patient_summary_large_print.pdf"
# NHS content is written for a reading age of 9 to 11 (service-manual.nhs.uk, How we write); the test holds us to it.
READING_AGE = 11
TITLE = "Breast cancer that has spread: the care people had"
# Points of type: the RNIB calls 16 and more large print.
SIZES = {PDF_FILE: 12.5, LARGE_FILE: 19}
# What an indicator says in plain words; {n} people in every 100.
CARE = {
    "P1": "Team meetings: for {n} in every 100 people, the records show that a team met to agree the best plan of care. "
    "The team has doctors and nurses with different skills.",
    "P8": "Specialist nurses: for {n} in every 100 people, the records show contact with a nurse who knows this kind of cancer "
    "well.",
    "P3": "Some breast cancers grow with the hormone oestrogen. Of people with that kind, {n} in every 100 had a drug called a "
    "CDK4/6 inhibitor as part of their first treatment.",
    "P4": "Some breast cancers have too much of a protein called HER2. Of people with that kind, {n} in every 100 had a drug "
    "against HER2 as part of their first treatment.",
    "P6": "Bones: of people whose cancer had spread to their bones, {n} in every 100 had a drug to make bones stronger.",
    "P5": "Chemotherapy: {n} in every 100 people had it. It is not the right treatment for everybody.",
    "P7": "Radiotherapy: {n} in every 100 people had it. It is not the right treatment for everybody.",
}
RECORDS = {
    "D1": "For {n} in every 100 people, the records say that the cancer had spread.",
    "D2": "For {n} in every 100 people, they say where it had spread to.",
    "D4": "For {n} in every 100 people, they say how fit the person was.",
}
LIVING = {"P10_1y": "One year after their cancer was found, {n} in every 100 people were alive."}
# What acting on a recommendation means for a person who reads this.
ASKED = {
    "P1": "Talk about every person's care in a team meeting, and write down when.",
    "P2": "Offer a biopsy (a test of a small piece of the cancer) when breast cancer comes back.",
    "P3": "Offer a CDK4/6 inhibitor first to people whose cancer grows with oestrogen.",
    "P4": "Offer a drug against HER2 first to people whose cancer has too much of it.",
    "P6": "Offer drugs that make bones stronger when cancer has spread to the bones.",
    "P8": "Give every person a specialist nurse to turn to.",
    "P9": "Look into every death soon after chemotherapy.",
    "P10_1y": "Look at how soon people were treated where fewer lived for a year.",
    "D1": "Write down when cancer has spread.",
    "D2": "Write down where cancer has spread to.",
    "D3": "Write down which kind of breast cancer it is.",
    "D4": "Write down how fit each person is before treatment is chosen.",
    "D5": "Write down when the team met.",
    "D6": "Write down whether a person has met a specialist nurse.",
    "D7": "Write down how far the cancer had gone when it was found.",
    "D8": "Write down how well each person can do everyday things.",
}
NOTHING = "We cannot show this in this release."


@dataclass(frozen=True)
class Section:
    """A heading with paragraphs and the points of a list."""

    heading: str
    texts: list[str] = field(default_factory=list)
    points: list[str] = field(default_factory=list)


def write_patient_summary(tables: ReleasedTables, folder: Path) -> None:
    """Write `patient_summary.html`, `.pdf` and `_large_print.pdf` into a folder."""
    about, sections = About.of(tables), summary(tables)
    said = reading_age_said(measured(sections))
    page = render_page(
        "patient_summary.html.jinja", about, TITLE, sections=sections, reading_age=said, pdfs=SIZES
    )
    (folder / PAGE_FILE).write_text(page, encoding="utf-8")
    content = {
        "title": TITLE,
        "audit": AUDIT_NAME,
        "warnings": about.warnings,
        "sections": [asdict(section) for section in sections],
        "reading_age": said,
        "provenance": about.line,
        "not_nhs": NOT_NHS,
    }
    for name, size in SIZES.items():
        made = pdf("patient_summary.typ", content | {"size": size}, about.snapshot)
        (folder / name).write_bytes(made)


def measured(sections: list[Section]) -> Readability:
    """How hard the summary is to read: headings, paragraphs and points together."""
    return measure(text for s in sections for text in (s.heading, *s.texts, *s.points))


def reading_age_said(found: Readability) -> str:
    """The measure as a sentence."""
    return (
        f"Reading age of this summary: {max(found.reading_age, 5):.0f} years, measured with the Flesch-Kincaid formula (grade "
        f"{found.grade:.1f})."
    )


def summary(tables: ReleasedTables) -> list[Section]:
    """The sections of the summary."""
    reading = Reading(tables)
    return [
        _start(reading),
        Section("The care people had", points=_counted(reading, CARE) or [NOTHING]),
        _hospitals(reading),
        Section(
            "What the records hold",
            ["We can only count what hospitals write down."],
            _counted(reading, RECORDS) or [NOTHING],
        ),
        *_asked(tables),
        *_living(reading),
        Section(
            "What you can ask your team",
            points=[
                "Who is my specialist nurse, and how can I reach them?",
                "Has a team met to talk about my care? What did they suggest?",
                "What are my choices? What is good and bad about each of them?",
                "What can help with pain, tiredness or worry?",
            ],
        ),
        Section(
            "Where to find help",
            [
                "Your own care team knows you best. The charities Macmillan Cancer Support and Breast Cancer Now can help, too."
            ],
        ),
    ]


def _start(reading: Reading) -> Section:
    texts = [
        "This audit looks at the care of people with breast cancer that has spread to other parts of the body. Doctors call it "
        "metastatic or secondary breast cancer."
    ]
    if reading.about.synthetic:
        texts.append(
            "The numbers here are made up to test how the audit works. They come from people who do not exist."
        )
    if reading.cohort is None:
        texts.append("In this release there was nobody to count.")
    else:
        texts.append(
            f"We looked at the records of {numbers.count(reading.cohort['denominator'])} people in "
            f"{reading.place(reading.cohort)}. Their "
            f"cancer had already spread when it was first found, in the years {reading.period}."
        )
    texts.append("The records come from NHS hospitals. We do not use names.")
    return Section("What this is", texts)


def _counted(reading: Reading, sentences: Mapping[str, str]) -> list[str]:
    """The sentences whose indicator has a value for everybody in the release."""
    found = []
    for name, sentence in sentences.items():
        row = reading.shown(name)
        if row is not None:
            aside = reading.whole_aside(row).removeprefix(", ")
            counted = f" (This counts {aside}.)" if aside else ""
            found.append(sentence.format(n=in_every_hundred(row["proportion"])) + counted)
    return found


def in_every_hundred(proportion: Any) -> int:
    """`0.5932` as 59 (people in every 100)."""
    return int(f"{100 * float(proportion):.0f}")


def _hospitals(reading: Reading) -> Section:
    judged = {row["trust_code"] for row in reading.compared if row["state"] in ASSESSED}
    texts = [
        "Results differ from hospital to hospital. Some of that is chance, and some is because patients differ."
    ]
    hidden = standing(reading.compared).hidden
    number = numbers.count(hidden) + (" more" if judged else "")
    kept_back = (
        f"We hide {number} results, so that nobody can be known by them. We only tell the hospitals whose results are far "
        "from the rest."
        if hidden
        else ""
    )
    if not judged:
        nothing = "In this release we cannot show any result that we judge hospitals by."
        return Section("Is care the same everywhere?", [*texts, f"{nothing} {kept_back}".strip()])
    far = {f.trust.code for f in flags_of(reading) if f.direction == "worse" and f.state == POTENTIAL}
    return Section(
        "Is care the same everywhere?",
        [
            *texts,
            f"We can show results of {len(judged)} hospital trusts. For {len(far)} of them, at least one of these results was "
            f"much worse than we would expect. We ask them to check their records and their care. {kept_back}".strip(),
        ],
    )


def _asked(tables: ReleasedTables) -> list[Section]:
    names = [r.indicator for r in recommendations(tables) if r.indicator in ASKED]
    points = [ASKED[name] for name in dict.fromkeys(names) if name is not None]
    return [Section("What we ask hospitals to do", points=points)] if points else []


def _living(reading: Reading) -> list[Section]:
    points = _counted(reading, LIVING)
    if not points:
        return []
    return [
        Section(
            "How long people live",
            [
                "You may prefer not to read this part.",
                *points,
                "This counts everybody together. It cannot say how it will be for you.",
            ],
        )
    ]
