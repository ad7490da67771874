"""Which delivered files differ from those of the release before."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from naome_pipeline.build import BuildContext, Delivered, Node
from naome_pipeline.lake import Lake, Scope


def _files(content: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {entry["path"]: entry for entry in content}


def _delivered_files(delivered: Delivered) -> list[dict[str, Any]]:
    return [{"path": f.path, "sha256": f.sha256, "rows": f.rows} for f in delivered.accepted.manifest.sources]


def _make(context: BuildContext) -> None:
    now = _files(_delivered_files(context.delivered))
    before = _files(context.lake.release(context.previous)["files"]) if context.previous else {}
    rows = []
    for path in sorted(now.keys() | before.keys()):
        old, new = before.get(path), now.get(path)
        if old is None or new is None:
            change = "new" if new else "gone"
        elif old["sha256"] == new["sha256"]:
            change = "same"
        else:
            change = "changed"
        rows.append(
            {
                "file": path,
                "change": change,
                "rows_before": old["rows"] if old else None,
                "rows_now": new["rows"] if new else None,
                "sha256": new["sha256"] if new else None,
            }
        )
    frame = pd.DataFrame(rows).astype({"rows_before": "Int64", "rows_now": "Int64"})
    context.write_frame(frame)


def _uses(delivered: Delivered, previous: Scope | None, lake: Lake) -> Mapping[str, Any]:
    return {
        "files": _delivered_files(delivered),
        "before": lake.release(previous)["files"] if previous else None,
    }


node = Node(
    layer="release",
    name="changed_files",
    description="Delivered files compared with the release before: same, changed, new or gone.",
    make=_make,
    uses_delivery=_uses,
)
