"""The dashboard: one HTML file per release that opens from disk, without server or network.

What belongs here: putting text, numbers, charts and scripts into one file. What does not: choosing numbers
(`dashboard_data.py`), drawing (`charts.py`). Equal tables give equal bytes: no clock, everything sorted.

The browser draws the charts with Vega, which is taken from the installed vl-convert and written into the page
(decision 0012); specifications are compiled here, so the page need not do it. Numbers and specifications are written
compressed: a national page is less than half as large, and opens faster (decision 0020).
"""

from __future__ import annotations

import base64
import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

from naome_pipeline.reports import wording
from naome_pipeline.reports.about import About
from naome_pipeline.reports.charts import CHARTS, specification
from naome_pipeline.reports.dashboard_data import dashboard_data
from naome_pipeline.reports.open_data import DICTIONARY_FILE, FILES
from naome_pipeline.reports.pages import environment
from naome_pipeline.reports.released import ReleasedTables

PAGE_FILE = "index.html"
TEMPLATES = Path(__file__).parent / "templates"


def write_dashboard(tables: ReleasedTables, folder: Path) -> None:
    """Write `index.html` into a folder."""
    release, about = tables.facts(), About.of(tables)
    page = (
        environment()
        .get_template("dashboard.html.jinja")
        .render(
            release=release,
            period=wording.period(release["period"]),
            recurrent=_reports_recurrence(tables),
            synthetic=release.get("synthetic data") == "yes",
            for_publication=release["disclosure for publication"] == "True",
            policy=release["disclosure note"],
            not_all_found=about.not_all_found,
            ends_before=about.ends_before,
            files=[*FILES.values(), DICTIONARY_FILE],
            data=packed(dashboard_data(tables)),
            charts=packed(compiled_charts()),
            library=chart_library(),
        )
    )
    (folder / PAGE_FILE).write_text(page, encoding="utf-8")


def _reports_recurrence(tables: ReleasedTables) -> bool:
    definitions = tables.frame("released_definitions")
    return bool((definitions["available"] & (definitions["cohort"] == "recurrent")).any())


def packed(content: Any) -> str:
    """JSON, compressed, as text that can stand in any element; `unpacked` is the way back."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode("ascii")


def unpacked(text: str) -> Any:
    """What `packed` wrote."""
    return json.loads(gzip.decompress(base64.b64decode(text)))


@cache
def compiled_charts() -> dict[str, dict[str, Any]]:
    """Every chart in both themes, compiled to Vega."""
    import vl_convert

    return {
        name: {theme: vl_convert.vegalite_to_vega(specification(name, theme)) for theme in ("light", "dark")}
        for name in CHARTS
    }


@cache
def chart_library() -> str:
    """Vega as one script for the page; it defines `embedVega` and nothing else."""
    import vl_convert

    bundle = vl_convert.javascript_bundle("window.embedVega = vegaEmbed;")
    if "</script" in bundle.lower():
        raise ValueError(
            "the chart library would end its own script element; use another version of vl-convert-python"
        )
    return "(function () {\n" + bundle + "\n})();"
