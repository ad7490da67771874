"""What the commands share: options, the home folder, errors in words, printing a table.

What belongs here: what two of the groups of commands need. What does not: a command.
"""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import pandas as pd

    from naome_pipeline.home import Home

Feed = Annotated[str, typer.Option("--feed", help="Feed, such as england_quarterly.")]
Period = Annotated[str, typer.Option("--period", help="Period, such as 2025Q3.")]


# What a shell says of a command that Ctrl-C ended.
INTERRUPTED_CODE = 130


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
    """Errors become a sentence or two on standard error and exit code 1, never a traceback; an interruption has code 130.

    A reader of the output that went away, such as `head`, is no error: nothing is said.
    """
    try:
        yield
    except (typer.Exit, typer.Abort):
        raise
    except (Exception, KeyboardInterrupt) as problem:  # noqa: BLE001 - no traceback is shown to a user
        if isinstance(problem, OSError) and _while_printing(problem):
            _print_no_more()
            if problem.errno != errno.EPIPE:
                said = f"standard output could not be written: {os.strerror(problem.errno or 0)}"
                typer.echo(f"naome: {said}. What to do: send the output somewhere else", err=True)
            raise typer.Exit(1) from None
        from naome_pipeline.troubles import INTERRUPTED, described

        said = described(problem)
        typer.echo(f"naome: {said}", err=True)
        raise typer.Exit(INTERRUPTED_CODE if INTERRUPTED in said else 1) from None


def _while_printing(problem: BaseException) -> bool:
    """Whether it was raised by `typer.echo`: an error of writing names no file."""
    return any(frame.name == "echo" for frame in traceback.extract_tb(problem.__traceback__))


def _print_no_more() -> None:
    """What is still in the buffer of standard output goes nowhere: Python would try once more when it ends, and complain."""
    with suppress(OSError, ValueError):  # in a test it is no file
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def expanded(path: Path) -> Path:
    """A path with `~` written out, which the shell leaves as it is between quotation marks."""
    from naome_pipeline.home import without_tilde

    return without_tilde(path)


def page_of(home: Home, feed: str, period: str) -> Path:
    """The page that leads to everything a release has; NotPublished says what to do when there is none."""
    from naome_pipeline.deliveries.layouts import joint_feed_of
    from naome_pipeline.lake import Lake
    from naome_pipeline.periods import parse_period
    from naome_pipeline.publishing import release_folder
    from naome_pipeline.reports.release_index import first_page
    from naome_pipeline.stored import NotPublished

    if joint := joint_feed_of(feed):
        raise NotPublished(
            f"{feed} has no page of its own: {joint} publishes it. What to do: naome open --feed {joint}"
        )
    period = parse_period(feed, period).code
    current = Lake(home.lake).current_release(feed, period)
    if current is None:
        raise NotPublished(
            f"{feed} {period} has not been released yet. What to do: naome refresh --feed {feed} --period {period}"
        )
    page = first_page(release_folder(home, current.feed, current.period, current.version), period)
    if not page.is_file():
        raise NotPublished(
            f"the page of {current.label} is missing: {page}. What to do: naome refresh --feed {feed} --period {period}, "
            "which makes what is missing again"
        )
    return page


def print_frame(frame: pd.DataFrame, output: OutputFormat) -> None:
    """Print a table whole."""
    if output is OutputFormat.csv:
        typer.echo(frame.to_csv(index=False), nl=False)
    elif output is OutputFormat.json:
        typer.echo(frame.to_json(orient="records", date_format="iso", indent=2))
    else:
        typer.echo(frame.to_string(index=False, max_colwidth=60) if len(frame) else "no rows")
