"""What a document is made of, before anybody decides how it looks.

What belongs here: sections and the blocks in them, as plain text that is already formatted. What does not: choosing the
numbers (the documents themselves), layout (`pdf.py`, `page.py`), drawing (`pictures.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Paragraph:
    """A paragraph; `lead` is printed before it in bold, `tone` says how it stands out."""

    text: str
    lead: str = ""
    tone: Literal["plain", "note", "warning", "quiet"] = "plain"


@dataclass(frozen=True)
class Subheading:
    """A heading inside a section."""

    text: str


@dataclass(frozen=True)
class Bullets:
    """A list of sentences."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table with a caption and a header row; the first column names the row, `numeric` columns stand to the right.

    `widths`: relative widths of the columns, or nothing to fit their content.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[int, ...] = ()
    widths: tuple[int, ...] = ()


@dataclass(frozen=True)
class Chart:
    """A picture with its caption, what it shows in words, and the table behind it."""

    name: str
    caption: str
    alternative: str
    svg: str
    table: Table
    width: int = 100  # percent of the text


@dataclass(frozen=True)
class Tile:
    """One large number: what it is, and a line below it; `share` (0 to 1) is drawn as a bar."""

    value: str
    label: str
    detail: str
    share: float | None = None


@dataclass(frozen=True)
class Tiles:
    """Large numbers side by side."""

    tiles: tuple[Tile, ...]


@dataclass(frozen=True)
class Card:
    """A numbered statement with the facts it rests on, as pairs of what and text."""

    number: str
    title: str
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Cards:
    """Cards below each other."""

    cards: tuple[Card, ...]


Block = Paragraph | Subheading | Bullets | Table | Chart | Tiles | Cards


@dataclass(frozen=True)
class Section:
    """A numbered section. `new_page`: it starts one in print."""

    name: str
    title: str
    blocks: Sequence[Block]
    new_page: bool = False


@dataclass(frozen=True)
class Document:
    """A whole document.

    `notices` stand on every page; `date` (ISO, the delivery's own) is its date; `facts` stand below the title.
    """

    title: str
    subtitle: str
    description: str
    notices: tuple[str, ...]
    date: str
    facts: tuple[tuple[str, str], ...]
    sections: Sequence[Section]
    contents: bool = False
