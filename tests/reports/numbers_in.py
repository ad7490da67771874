"""The numbers in a text, and the numbers that released tables may put there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import pandas as pd

from naome_pipeline.reports import numbers
from naome_pipeline.reports.documents.model import (
    Block,
    Bullets,
    Cards,
    Chart,
    Document,
    Paragraph,
    Subheading,
    Table,
    Tiles,
)

# A number stands alone: not inside a name such as CDK4/6, HER2, C50, TA495 or a date.
NUMBER = re.compile(r"(?<![\w/.,])[+−-]?\d[\d,]*(?:\.\d+)?%?(?![\w/])")


def numbers_in(text: str) -> list[str]:
    """Every number of a text as it is written."""
    return [n.rstrip(",") for n in NUMBER.findall(re.sub(r"\d{4}-\d{2}-\d{2}|\b[0-9a-f]{64}\b", " ", text))]


def texts_of(document: Document) -> list[str]:
    """Every text a reader of a document sees or hears."""
    found = [
        document.title,
        document.subtitle,
        *document.notices,
        *(t for pair in document.facts for t in pair),
    ]
    for section in document.sections:
        found.append(section.title)
        for block in section.blocks:
            found += _texts(block)
    return found


def _texts(block: Block) -> list[str]:
    if isinstance(block, Paragraph):
        return [block.lead, block.text]
    if isinstance(block, Subheading):
        return [block.text]
    if isinstance(block, Bullets):
        return list(block.items)
    if isinstance(block, Table):
        return [block.caption, *block.columns, *(cell for row in block.rows for cell in row)]
    if isinstance(block, Chart):
        return [block.caption, block.alternative, *_texts(block.table)]
    if isinstance(block, Tiles):
        return [t for tile in block.tiles for t in (tile.value, tile.label, tile.detail)]
    assert isinstance(block, Cards)
    return [t for card in block.cards for t in (card.title, *(f for fact in card.facts for f in fact))]


def released_numbers(tables: Mapping[str, pd.DataFrame]) -> set[str]:
    """Every cell of the released tables as `numbers.py` writes it, and every number inside a text of theirs."""
    found: set[str] = set()
    for table in tables.values():
        for column in table.columns:
            for value in table[column].dropna().unique():
                found |= set(_written(value))
    return found


def _written(value: object) -> Iterable[str]:
    if isinstance(value, str):
        yield from numbers_in(value)
        return
    if isinstance(value, bool | pd.Timestamp) or not hasattr(value, "__float__"):
        return
    number = float(value)  # pyright: ignore[reportArgumentType]
    if number == int(number):
        yield from (numbers.count(number), str(int(number)))
    if 0 <= number <= 1:
        yield numbers.percent(number)
    yield from (numbers.ratio(number), numbers.days(number).removesuffix(" days"))
    if -1 <= number <= 1:
        yield numbers.points(number)
