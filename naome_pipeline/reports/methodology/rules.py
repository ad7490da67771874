"""What was delivered, every number a rule uses, what is our assumption, and how small counts are protected.

What belongs here: chapters that list settings. What does not: changing any.
"""

from __future__ import annotations

from naome_pipeline.disclosure.policy import policies
from naome_pipeline.reports import numbers, wording
from naome_pipeline.reports.documents.model import Block, Bullets, Paragraph, Section, Table
from naome_pipeline.reports.reading import Reading, rows_of
from naome_pipeline.reports.recommendations import rules

BASES = {
    "plan": "the audit's Quality Improvement Plan",
    "published": "another public source",
    "assumption": "this project's assumption",
}


def _sentence(text: object) -> str:
    said = str(text)
    return f"{said[:1].upper()}{said[1:]}."


def inputs(reading: Reading) -> Section:
    """The data sets of the release, and how their files were read."""
    table = reading.frame("released_data_sets")
    rows = tuple(
        (
            wording.data_set(str(r["data_set"])),
            f"to {r['complete_to'].date()}" if r["delivered"] else "no",
            *(numbers.count(r[c]) for c in ("rows_in", "rows_out", "rows_quarantined")),
        )
        for r in rows_of(table)
    )
    blocks: list[Block] = [
        Paragraph(
            "Nothing is collected by hand. A delivery is a folder of files with a manifest that names each file's hash; rows "
            "that cannot be used are kept apart in quarantine and counted. A data set is complete to the day the data were "
            "drawn unless its sender says that it ends before; then nobody is followed up further in it, and the periods of "
            "the indicators that rest on it end earlier. One that ends without that being said is stopped."
        ),
        Table(
            "Data sets of this release",
            ("Data set", "Delivered", "Rows", "Used", "In quarantine"),
            rows,
            numeric=(2, 3, 4),
            widths=(7, 3, 3, 3, 3),
        ),
    ]
    layouts = rows_of(reading.frame("provenance").query("kind == 'layout'"))
    if layouts:
        blocks.append(
            Table(
                "How each file was read; an assumed layout waits for a real delivery to confirm it",
                ("File", "Layout", "Basis", "Source and assumptions"),
                tuple(
                    (
                        str(r["item"]),
                        str(r["value"]),
                        BASES.get(str(r["basis"]), str(r["basis"])),
                        str(r["note"]),
                    )
                    for r in layouts
                ),
                widths=(7, 4, 3, 9),
            )
        )
    else:
        blocks.append(Paragraph(f"Layout of the files: {reading.facts['layout']}."))
    return Section("inputs", "What was delivered", blocks)


def parameter_list(reading: Reading) -> Section:
    """Every parameter with its basis."""
    table = reading.frame("provenance")
    rows = tuple(
        (str(r["item"]).replace("_", " "), str(r["value"]), str(r["unit"]), str(r["basis"]), str(r["note"]))
        for r in rows_of(table[table["kind"] == "parameter"].sort_values("item"))
    )
    return Section(
        "parameters",
        "Parameters",
        [
            Paragraph(
                "Every number a rule uses stands in one file; changing it there changes every table that depends on it. "
                f"Plan means {BASES['plan']}, published {BASES['published']}, assumption {BASES['assumption']}."
            ),
            Table(
                "Parameters",
                ("Parameter", "Value", "Unit", "Basis", "Why"),
                rows,
                numeric=(1,),
                widths=(5, 3, 3, 3, 8),
            ),
        ],
    )


def assumptions(reading: Reading) -> Section:
    """What nobody but this project has decided, in one place, for the audit to confirm."""
    table = reading.frame("provenance")
    ours = rows_of(
        table[(table["basis"] == "assumption") & (table["kind"] == "parameter")].sort_values("item")
    )
    items = [
        f"{str(r['item']).replace('_', ' ').capitalize()}: {r['value']} {r['unit']}. {_sentence(r['note'])}"
        for r in ours
    ]
    items += [
        f"Recommendations, {rule.title.lower()}: {rule.threshold.number():g} {rule.threshold.unit}. "
        + _sentence(rule.threshold.note)
        for rule in rules().rules
        if rule.threshold.basis == "assumption"
    ]
    layouts = rows_of(
        table[(table["basis"] == "assumption") & (table["kind"] == "layout")].sort_values("item")
    )
    items += [f"Layout of {r['item']}: {r['note']}." for r in layouts]
    return Section(
        "assumptions",
        "Our assumptions, to be confirmed by the audit",
        [
            Paragraph(
                "The audit's own metrics table could not be read when this was built. Each of these choices is ours until the "
                "audit confirms or changes it. Code lists that rest on clinical knowledge alone are marked in their chapter."
            ),
            Bullets(tuple(items)),
        ],
    )


def recommendation_rules() -> Section:
    """How the recommendations of the State of the Nation report are chosen."""
    rows = tuple(
        (
            rule.title,
            f"{rule.threshold.number():g}",
            rule.threshold.unit or "proportion",
            rule.threshold.basis or "parameter",
            rule.threshold.note or "target of the data-quality panel",
            rules().levels[rule.level],
        )
        for rule in rules().rules
    )
    return Section(
        "recommendations",
        "How recommendations are chosen",
        [
            Paragraph(
                "The rules are asked in this order. Each takes the indicator it finds worst and that no earlier rule has taken; "
                "when all have been asked and there are too few, they are asked again. Measures without a direction, variants "
                "and experimental measures are left out."
            ),
            Table(
                "Rules and thresholds",
                ("Rule", "Threshold", "Unit", "Basis", "Meaning", "Who acts"),
                rows,
                numeric=(1,),
                widths=(5, 2, 3, 3, 7, 3),
            ),
        ],
    )


def disclosure(reading: Reading) -> Section:
    """The policy in force and the others there are."""
    facts = reading.facts
    rows = tuple(
        (item.removeprefix("disclosure ").capitalize(), value)
        for item, value in sorted(facts.items())
        if item.startswith("disclosure ")
    )
    others = tuple(f"{p.title}: {p.note}" for p in policies().values() if p.id != facts["disclosure id"])
    return Section(
        "disclosure",
        "Disclosure control",
        [
            Paragraph(
                "Reports read released tables only. Before a table is released, the pipeline attacks it: it works out the range "
                "of every hidden count from everything shown, in this and in earlier releases, and a count whose range is too "
                "narrow stops the release."
            ),
            Table("The policy in force", ("Item", "Value"), rows, widths=(3, 8)),
            Paragraph("Other policies that can be chosen:"),
            Bullets(others),
        ],
    )
