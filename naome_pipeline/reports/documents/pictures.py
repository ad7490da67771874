"""The charts of `charts.py` as pictures for documents: the same specification, filled, drawn once, for print and page.

What belongs here: filling a specification and drawing it without a browser. What does not: how a chart looks
(`charts.py`), or choosing its numbers (the documents).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from naome_pipeline.reports.charts import DOCUMENT_FONT, document_specification
from naome_pipeline.reports.documents.pdf import FONTS


def draw(
    name: str, data: Mapping[str, Sequence[Mapping[str, Any]]], *, width: int = 600, height: int | None = None
) -> str:
    """A chart as SVG text. `data`: per data set its rows; `width` and `height` in pixels, where the chart lets them be set."""
    content = document_specification(name)
    content["config"]["font"] = DOCUMENT_FONT
    # A unit whose value is hidden keeps its row, without a mark.
    content["config"]["mark"] = {"invalid": "break-paths-show-domains"}
    for part in ("axis", "style"):
        content["config"][part] = _in_document_font(content["config"][part])
    content["datasets"] = {key: list(rows) for key, rows in data.items()}
    for key in _data_sets(content) - set(data):
        content["datasets"][key] = []
    if "facet" not in content:
        content["width"] = width
    if height is not None:
        content["height"] = height
    return _drawer().vegalite_to_svg(content)


def _in_document_font(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            k: DOCUMENT_FONT if k in {"font", "labelFont", "titleFont"} else _in_document_font(v)
            for k, v in value.items()
        }
    return value


def _data_sets(content: Any) -> set[str]:
    """The names of the data sets a specification reads."""
    if isinstance(content, list):
        return {name for item in content for name in _data_sets(item)}
    if not isinstance(content, dict):
        return set()
    here = {content["data"]["name"]} if "name" in content.get("data", {}) else set()
    return here | {name for value in content.values() for name in _data_sets(value)}


@cache
def _drawer() -> Any:
    """vl-convert with the documents' font: a label is as wide in print as it was measured."""
    import vl_convert

    vl_convert.register_font_directory(str(FONTS))
    return vl_convert
