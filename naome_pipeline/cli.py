"""The command line, `naome …`: thin over the same functions everything else uses.

What belongs here: which commands there are and in which order they are listed. What does not: the commands
(`command_line/`), nor any work. Imports are inside the commands, so that `naome --help` answers at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from naome_pipeline.command_line import deliveries, results, running

app = typer.Typer(
    name="naome",
    help="The pipeline of the National Audit of Metastatic Breast Cancer.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    add_completion=False,
)
releases = typer.Typer(name="release", help="Releases: list them, compare two.", no_args_is_help=True)
app.add_typer(releases)


@app.callback()
def main_options(
    context: typer.Context,
    home: Annotated[
        Path | None, typer.Option("--home", help="Folder with all data (default: $NAOME_HOME, else .naome).")
    ] = None,
) -> None:
    """Remember the home folder for the command."""
    context.obj = home


for _name, _command in {
    "synth": deliveries.synth,
    "manifest": deliveries.manifest,
    "check": deliveries.check,
    "receive": deliveries.receive,
    "refresh": running.refresh,
    "tables": results.tables,
    "show": results.show,
    "explain": results.explain,
    "forget": deliveries.forget,
    "doctor": running.doctor,
    "indicators": results.indicators,
    "open": results.open_page,
    "dagster-home": running.dagster_home,
    "alert": running.alert,
    "ui": running.ui,
}.items():
    app.command(_name)(_command)
releases.command("list")(results.list_releases)
releases.command("diff")(results.release_diff)


def main() -> None:
    """Entry point of the `naome` command."""
    app()
