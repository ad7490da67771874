"""What a reader takes away: key messages, recommendations, and the numbers at a glance.

What belongs here: sentences around released values. What does not: choosing recommendations (`recommendations.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

from naome_pipeline.parameters import value_of
from naome_pipeline.reports import numbers
from naome_pipeline.reports.documents.model import (
    Block,
    Bullets,
    Card,
    Cards,
    Paragraph,
    Section,
    Subheading,
    Tile,
    Tiles,
)
from naome_pipeline.reports.reading import Reading
from naome_pipeline.reports.recommendations import Recommendation
from naome_pipeline.reports.standing import standing
from naome_pipeline.reports.values import counts, said_with_interval

# The measures a page of large numbers shows, in groups of three, with the words a patient would use.
GLANCE = {
    "P1": "were discussed in a team meeting",
    "P8": "had contact with a nurse specialist recorded",
    "P6": "with bone metastases had a bone-strengthening drug",
    "P3": "with ER positive cancer had a CDK4/6 inhibitor first",
    "P4": "with HER2 positive cancer had an anti-HER2 drug first",
    "P5": "had chemotherapy",
    "P7": "had radiotherapy",
    "P10_1y": "lived at least one year",
    "P9": "died within 30 days of a chemotherapy cycle",
}
# The care measures that have a key message of their own.
MESSAGES = {
    "P1": "Team meetings.",
    "P8": "Nurse specialists.",
    "P3": "Targeted drugs, ER positive.",
    "P4": "Targeted drugs, HER2 positive.",
    "P6": "Bone health.",
    "P9": "Deaths soon after chemotherapy.",
}


def key_messages(reading: Reading) -> Section:
    """What the release says, one message for each thing that has a number."""
    blocks: list[Block] = [Paragraph(_who(reading), tone="note")]
    found = []
    for indicator, lead in MESSAGES.items():
        row = reading.shown(indicator) if indicator in reading.definitions else None
        if row is None:
            continue
        text = f"{reading.title(indicator)}: {said_with_interval(row)}{reading.whole_aside(row)}."
        completeness = reading.definitions[indicator]["completeness_indicator"]
        record = None if numbers.missing(completeness) else reading.beside(str(completeness), row)
        if record is not None:
            text += f" The record is there for {numbers.percent(record['proportion'])}; the others count as not documented."
        found.append(Paragraph(text, lead=lead))
    found += [*_survival(reading), *_quality(reading), *_outside(reading)]
    if not found:
        found = [Paragraph("No national value is shown in this release, so there is no message about care.")]
    return Section("key-messages", "Key messages", [*blocks, *found])


def _who(reading: Reading) -> str:
    row = reading.cohort
    if row is None:
        return "This release shows no number of people. The sections below say why."
    text = (
        f"This report is about {numbers.count(row['denominator'])} people in {reading.place(row)} whose breast cancer had "
        f"already spread when it was first found, in {row['period']}."
    )
    recurrent = reading.whole.get(("P2", "all"))
    if recurrent is not None and not numbers.missing(recurrent["denominator"]):
        text += (
            f" Another {numbers.count(recurrent['denominator'])} people, whose cancer came back elsewhere in "
            f"{recurrent['period']}{reading.only(recurrent)}, are reported apart; finding them in the records is experimental."
        )
    return text


def _survival(reading: Reading) -> list[Paragraph]:
    table = reading.frame("released_survival")
    rows = table[
        (table["subgroup"] == "all")
        & (table["time"] == value_of("survival_days_1y"))
        & table["survival"].notna()
    ]
    texts = [
        f"{r.unit_code}: {numbers.percent(r.survival)} (95% interval {numbers.percent_range(r.lower, r.upper)})"
        for r in rows.sort_values(["level", "unit_code"]).itertuples(index=False)
    ]
    if not texts:
        return []
    # The measure of survival counts other people, in a fixed cohort: the two need not agree.
    whom = f"Kaplan-Meier, everybody diagnosed in {reading.reported}"
    return [Paragraph(f"Alive one year after diagnosis ({whom}), {'; '.join(texts)}.", lead="Survival.")]


def _quality(reading: Reading) -> list[Paragraph]:
    target = float(value_of("data_quality_target"))
    rows = {n: reading.shown(n) for n in reading.indicators("data quality")}
    shown = {n: r for n, r in rows.items() if r is not None}
    if not shown:
        return []
    reached = sum(r["proportion"] >= target for r in shown.values())
    lowest = min(shown, key=lambda n: shown[n]["proportion"])
    return [
        Paragraph(
            f"{reached} of {len(shown)} records reach the target of {numbers.whole_percent(target)}. The least complete: "
            f"{reading.title(lowest).lower().replace('who ', 'WHO ')}, {numbers.percent(shown[lowest]['proportion'])}"
            f"{reading.whole_aside(shown[lowest])}.",
            lead="Records.",
        )
    ]


def _outside(reading: Reading) -> list[Paragraph]:
    """What is said of results, each of a hospital and a measure: those that can be shown, and how many cannot."""
    found = standing(reading.compared)
    if not found.shown and not found.hidden:
        return []
    if found.shown:
        said = (
            f"Of {numbers.count(found.shown)} results that can be shown, {numbers.count(found.worse)} lie beyond the 99.8% "
            f"limits on the worse side, and {numbers.count(found.better)} on the better side."
        )
    else:
        said = "No result that hospitals are judged by can be shown."
    return [Paragraph(f"{said} {found.not_shown}".strip(), lead="Hospitals.")]


def recommended(advised: Sequence[Recommendation]) -> Section:
    """The recommendations, each with what it rests on."""
    intro = (
        "Each is chosen by a stated rule from the numbers of this release; the methodology supplement lists the rules and "
        "their thresholds. What to do about them is for those named."
    )
    if not advised:
        return Section(
            "recommendations",
            "Recommendations",
            [Paragraph("No rule found anything to recommend in the numbers this release shows.")],
        )
    blocks: list[Block] = [Paragraph(intro)]
    cards = tuple(
        Card(
            str(r.number),
            r.sentence,
            (
                ("Why", f"{r.reason}. {r.evidence}"),
                ("Guideline", r.guideline),
                ("Who acts", f"{r.responsible} ({r.level_title.lower()})"),
            ),
        )
        for r in advised
    )
    blocks.append(Cards(cards))
    return Section("recommendations", "Recommendations", blocks)


def at_a_glance(reading: Reading) -> Section:
    """One page of large numbers."""
    tiles = []
    row = reading.cohort
    if row is not None:
        tiles.append(
            Tile(
                numbers.count(row["denominator"]),
                "people whose breast cancer had spread when first found",
                f"{reading.place(row)}, {row['period']}",
            )
        )
    for indicator, words in GLANCE.items():
        value = reading.shown(indicator) if indicator in reading.definitions else None
        if value is not None:
            tiles.append(
                Tile(
                    numbers.percent(value["proportion"]),
                    words,
                    f"{counts(value)} people, {value['period']}{reading.only(value)}",
                    float(value["proportion"]),
                )
            )
    tiles += _time_tiles(reading)
    if not tiles:
        return Section(
            "at-a-glance", "At a glance", [Paragraph("No national value is shown in this release.")]
        )
    missing = [
        f"{reading.title(n)}: {reading.state(n)}"
        for n in GLANCE
        if n in reading.definitions and reading.shown(n) is None
    ]
    blocks: list[Block] = [Tiles(tuple(tiles))]
    blocks.append(
        Paragraph(
            "Bars show the share of people. Intervals, periods and definitions are in the sections that follow and in the "
            "methodology supplement.",
            tone="quiet",
        )
    )
    if missing:
        blocks += [Subheading("Without a number in this release"), Bullets(tuple(missing))]
    return Section("at-a-glance", "At a glance", blocks, new_page=True)


def _time_tiles(reading: Reading) -> list[Tile]:
    tiles = []
    days = reading.whole.get(("T1", "all"))
    if days is not None and not numbers.missing(days["median_days"]):
        tiles.append(
            Tile(
                numbers.days(days["median_days"]),
                "from diagnosis to first treatment, for the middle person",
                f"half waited {numbers.days(days['lower_quartile_days'])} to "
                f"{numbers.days(days['upper_quartile_days'])}; {numbers.count(days['denominator'])} people treated"
                + reading.whole_aside(days),
            )
        )
    recurrent = reading.whole.get(("P2", "all"))
    if recurrent is not None and not numbers.missing(recurrent["denominator"]):
        tiles.append(
            Tile(
                numbers.count(recurrent["denominator"]),
                "people whose cancer came back elsewhere",
                f"experimental; {recurrent['period']}",
            )
        )
    return tiles
