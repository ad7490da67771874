"""How an output for people becomes a node. Every file beside this one names one output."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pandas as pd

from naome_pipeline.build import BuildContext, Node
from naome_pipeline.reports.released import RELEASED, ReleasedTables
from naome_pipeline.tables import file_sha256

FILES_FOLDER = "files"


def write_files(context: BuildContext, write: Callable[[Path], None]) -> None:
    """Have files written beside the table of a node, and list them in it with their hashes."""
    folder = context.folder / FILES_FOLDER
    folder.mkdir()
    write(folder)
    rows = [
        {
            "file": path.relative_to(folder).as_posix(),
            "sha256": file_sha256(path),
            "bytes": path.stat().st_size,
        }
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]
    context.write_frame(pd.DataFrame(rows))


def report_node(
    name: str,
    description: str,
    write: Callable[[ReleasedTables, Path], None],
    cadence: Literal["quarter", "year"] | None = None,
) -> Node:
    """The node of one output: files made from released tables only; its table lists them with their hashes.

    `cadence` limits it to quarterly or yearly feeds.
    """

    def make(context: BuildContext) -> None:
        released = ReleasedTables({table: context.inputs[table].path for table in RELEASED})
        write_files(context, lambda folder: write(released, folder))

    return Node(
        layer="reports",
        name=name,
        description=description,
        make=make,
        inputs=tuple(RELEASED),
        cadence=cadence,
    )
