"""The code lists: where each comes from, how far it can be trusted, and the codes themselves.

What belongs here: `reference/` as chapters. What does not: a code of its own.
"""

from __future__ import annotations

import csv
import re

from naome_pipeline.reference import reference_names, reference_path
from naome_pipeline.reports import numbers
from naome_pipeline.reports.documents.model import Block, Paragraph, Section, Table

# Lists of places rather than codes, and lists longer than a reader would read: named, not printed.
NOT_PRINTED = {"organisations", "provider_successors"}
GROUPED_BY = ("group", "deficit", "condition")
CODE = ("code", "icd10_prefix")
# Columns that decide whether a code counts, with what they say of it; a reader needs them as much as the codes.
DECIDING = {
    "distant": "distant",
    "use": "use",
    "strength": "strength",
    "match": "match",
    "is_chemotherapy": "chemotherapy",
    "is_endocrine": "endocrine",
    "anti_her2_agents": "anti-HER2",
    "counts_as_yes": "counts as contact",
    "counts_as_recorded": "counts as recorded",
    "breast_mdt": "breast meeting",
    "drop_for_cancer_audit": "left out",
}


def code_lists() -> Section:
    """Sources and confidence of every list, then its codes by group."""
    sources = _sources()
    rows, printed = [], []
    for name in reference_names():
        with reference_path(name).open(encoding="utf-8", newline="") as stream:
            content = list(csv.DictReader(stream))
        said = sources.get(name, ("", "not stated", "not stated"))
        # A list without that column says in its source how far it can be trusted.
        own = sum(r["evidence"] == "background" for r in content) if "evidence" in content[0] else None
        rows.append((name.replace("_", " "), numbers.count(len(content)), numbers.count(own), *said[1:]))
        if name not in NOT_PRINTED and (table := _codes(name, content)):
            printed.append(table)
    blocks: list[Block] = [
        Paragraph(
            "Each list is a file that can be replaced without touching code. Own knowledge counts the rows that rest on common "
            "clinical or coding knowledge alone and have to be verified before anything is published from them."
        ),
        Table(
            "Code lists",
            ("List", "Rows", "Own knowledge", "Source (licence)", "Confidence"),
            tuple(rows),
            numeric=(1, 2),
            widths=(4, 2, 2, 7, 6),
        ),
        *printed,
    ]
    return Section("codes", "Code lists", blocks, new_page=True)


def _sources() -> dict[str, tuple[str, ...]]:
    """List to what it is, its source and its confidence, as `reference/README.md` says."""
    text = reference_path(reference_names()[0]).with_name("README.md").read_text(encoding="utf-8")
    found = {}
    for line in text.splitlines():
        cells = [re.sub(r"\s+", " ", c.strip()) for c in line.strip("|").split("|")]
        if line.startswith("|") and len(cells) == 4 and not set(line) <= set("|- "):
            for name in cells[0].split(", "):
                found[name] = tuple(cells[1:])
    return found


def _kind(row: dict[str, str], group: str | None) -> str:
    """The group of a code and what else decides whether it counts: `nodes; distant: no`."""
    kind = row[group].replace("_", " ") or "no group" if group else "codes"
    said = [f"{words}: {row[c].replace('_', ' ')}" for c, words in DECIDING.items() if row.get(c)]
    return "; ".join([kind, *said])


def _codes(name: str, content: list[dict[str, str]]) -> Table | None:
    code = next((c for c in CODE if content and c in content[0]), None)
    if code is None:
        return None
    group = next((c for c in GROUPED_BY if c in content[0]), None)
    by_group: dict[str, list[str]] = {}
    for r in content:
        by_group.setdefault(_kind(r, group), []).append(str(r[code]))
    return Table(
        f"Codes of {name.replace('_', ' ')}",
        ("Group", "Codes"),
        tuple((key, ", ".join(sorted(set(codes)))) for key, codes in sorted(by_group.items())),
        widths=(3, 12),
    )
