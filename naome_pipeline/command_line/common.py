"""What the commands share: options, the home folder, errors in words, printing a table.

What belongs here: what two of the groups of commands need. What does not: a command.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import pandas as pd

    from naome_pipeline.home import Home

Feed = Annotated[str, typer.Option("--feed", help="Feed, such as england_quarterly.")]
Period = Annotated[str, typer.Option("--period", help="Period, such as 2025Q3.")]


class OutputFormat(StrEnum):
    """How a table is printed."""

    table = "table"
    csv = "csv"
    json = "json"


Printed = Annotated[OutputFormat, typer.Option("--format", help="How to print.")]


def home_of(context: typer.Context) -> Home:
    """The home folder the command was given."""
    from naome_pipeline.home import Home

    return Home.locate(context.obj)


@contextmanager
def clear_errors() -> Iterator[None]:
    """Errors become a sentence or two on standard error and exit code 1, never a traceback."""
    try:
        yield
    except (typer.Exit, typer.Abort, KeyboardInterrupt):
        raise
    except Exception as problem:  # noqa: BLE001 - no traceback is shown to a user
        from naome_pipeline.troubles import described

        typer.echo(f"naome: {described(problem)}", err=True)
        raise typer.Exit(1) from None


def page_of(home: Home, feed: str, period: str) -> Path:
    """The page that leads to everything a release has; NotPublished says what to do when there is none."""
    from naome_pipeline.deliveries.layouts import joint_feed_of
    from naome_pipeline.lake import Lake
    from naome_pipeline.publishing import release_folder
    from naome_pipeline.reports.release_index import first_page
    from naome_pipeline.stored import NotPublished

    if joint := joint_feed_of(feed):
        raise NotPublished(
            f"{feed} has no page of its own: {joint} publishes it. What to do: naome open --feed {joint}"
        )
    current = Lake(home.lake).current_release(feed, period)
    if current is None:
        raise NotPublished(
            f"{feed} {period} has not been released yet. What to do: naome refresh --feed {feed} --period {period}"
        )
    return first_page(release_folder(home, current.feed, current.period, current.version), period)


def print_frame(frame: pd.DataFrame, output: OutputFormat) -> None:
    """Print a table whole."""
    if output is OutputFormat.csv:
        typer.echo(frame.to_csv(index=False), nl=False)
    elif output is OutputFormat.json:
        typer.echo(frame.to_json(orient="records", date_format="iso", indent=2))
    else:
        typer.echo(frame.to_string(index=False, max_colwidth=60) if len(frame) else "no rows")
