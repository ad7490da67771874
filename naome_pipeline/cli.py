"""The command line, `naome …`: thin over the same functions everything else uses.

What belongs here: arguments, printing, exit codes. What does not: any work. Imports are inside the commands, so
that `naome --help` answers at once.
"""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import pandas as pd

    from naome_pipeline.home import Home

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

# The names of the delivery layouts, from their files: reading them would make `--help` slow.
_LAYOUTS = sorted(path.stem for path in (Path(__file__).parent / "deliveries" / "bundles").glob("*.yaml"))

Feed = Annotated[str, typer.Option("--feed", help="Feed, such as england_quarterly.")]
Period = Annotated[str, typer.Option("--period", help="Period, such as 2025Q3.")]


class OutputFormat(StrEnum):
    """How a table is printed."""

    table = "table"
    csv = "csv"
    json = "json"


@app.callback()
def main_options(
    context: typer.Context,
    home: Annotated[
        Path | None, typer.Option("--home", help="Folder with all data (default: $NAOME_HOME, else .naome).")
    ] = None,
) -> None:
    """Remember the home folder for the command."""
    context.obj = home


def _home(context: typer.Context) -> Home:
    from naome_pipeline.home import Home

    return Home.locate(context.obj)


@contextmanager
def _clear_errors() -> Iterator[None]:
    """Errors become a sentence or two on standard error and exit code 1, never a traceback."""
    try:
        yield
    except (typer.Exit, typer.Abort, KeyboardInterrupt):
        raise
    except Exception as problem:  # noqa: BLE001 - no traceback is shown to a user
        from naome_pipeline.troubles import described

        typer.echo(f"naome: {described(problem)}", err=True)
        raise typer.Exit(1) from None


@app.command()
def synth(
    context: typer.Context,
    out: Annotated[Path, typer.Argument(help="New folder for the delivery.")],
    people: Annotated[int, typer.Option("--people", help="People with a breast tumour, 200 to the nation.")],
    feed: Feed = "england_quarterly",
    period: Period = "2025Q3",
    seed: Annotated[int, typer.Option("--seed", help="Same seed, same bytes.")] = 1,
    dirt: Annotated[float, typer.Option("--dirt", help="Rate of planted unusable rows, 0 to 0.2.")] = 0.0,
    receptors: Annotated[
        bool, typer.Option("--receptors", help="Also deliver COSD pathology (receptor status).")
    ] = False,
    volume: Annotated[
        float, typer.Option("--volume", help="Ordinary hospital and GP life, 1 = national.")
    ] = 1.0,
    version: Annotated[int, typer.Option("--version", help="Delivery version.")] = 1,
    beside: Annotated[
        Path | None,
        typer.Option("--beside", help="For Wales: an English synthetic delivery that shares some people."),
    ] = None,
) -> None:
    """Write a synthetic delivery; its truth goes to the folder beside it, OUT-truth.

    Example: naome synth /tmp/delivery --feed england_quarterly --period 2025Q3 --people 5000 --seed 1 --dirt 0.01
    """
    with _clear_errors():
        from naome_pipeline.synthetic import write_delivery

        summary = write_delivery(
            out,
            feed=feed,
            period=period,
            people=people,
            seed=seed,
            dirt=dirt,
            receptors=receptors,
            volume=volume,
            version=version,
            beside=beside,
        )
        typer.echo(f"{summary}")
        typer.echo(f"next: naome receive {out}")


@app.command()
def manifest(
    directory: Annotated[Path, typer.Argument(help="Folder with the files of a delivery.")],
    feed: Annotated[str, typer.Option("--feed")],
    period: Annotated[str, typer.Option("--period")],
    layout: Annotated[str, typer.Option("--layout", help=f"Layout of the files: {', '.join(_LAYOUTS)}.")],
    snapshot_date: Annotated[
        dt.datetime, typer.Option("--snapshot-date", formats=["%Y-%m-%d"], help="Day the data were drawn.")
    ],
    version: Annotated[int, typer.Option("--version", help="Delivery version; a correction counts up.")] = 1,
) -> None:
    """Write the manifest of a folder of files somebody brings.

    Example: naome manifest extract/ --feed england_quarterly --period 2025Q3 --layout england_quarterly_2025
    --snapshot-date 2025-12-31
    """
    with _clear_errors():
        from naome_pipeline.deliveries.manifest import write_manifest

        written = write_manifest(
            directory,
            feed=feed,
            period=period,
            layout=layout,
            snapshot_date=snapshot_date.date(),
            version=version,
        )
        for file in written.files:
            typer.echo(f"{file.path}: {', '.join(file.data_sets)}, {file.rows} rows")


@app.command()
def check(directory: Annotated[Path, typer.Argument(help="Folder of a delivery.")]) -> None:
    """Say everything that is wrong with a delivery, without taking it in. Exit code 1 when it would be refused.

    Example: naome check /tmp/delivery
    """
    with _clear_errors():
        from naome_pipeline.deliveries.checking import check_delivery

        report = check_delivery(directory)
        for finding in report.findings:
            typer.echo(str(finding))
        typer.echo(report.summary)
        if not report.acceptable:
            raise typer.Exit(1)


@app.command()
def receive(
    context: typer.Context, directory: Annotated[Path, typer.Argument(help="Folder of a delivery.")]
) -> None:
    """Accept a delivery whole, or refuse it whole.

    Example: naome receive /tmp/delivery
    """
    with _clear_errors():
        from naome_pipeline.deliveries.layouts import joint_feed_of
        from naome_pipeline.deliveries.receiving import receive_delivery
        from naome_pipeline.logs import log

        home = _home(context).create()
        accepted = receive_delivery(directory, home.landing)
        log(home, "delivery received", delivery=accepted.id)
        typer.echo(f"accepted {accepted.id}: {len(accepted.manifest.files)} files")
        feed = joint_feed_of(accepted.feed) or accepted.feed
        typer.echo(f"next: naome refresh --feed {feed} --period {accepted.period}")


@app.command()
def refresh(context: typer.Context, feed: Feed = "england_quarterly", period: Period = "2025Q3") -> None:
    """Refresh a period: from its newest accepted delivery to published tables and page.

    Example: naome refresh --feed england_quarterly --period 2025Q3
    """
    with _clear_errors():
        from naome_pipeline.deliveries.layouts import joint_feed_of
        from naome_pipeline.progress import shown_progress
        from naome_pipeline.refreshing import refresh as run_refresh

        home = _home(context)
        with shown_progress() as report:
            done = run_refresh(home, feed, period, report)
        if done.did_nothing:
            typer.echo(f"nothing to do: {done.reason}")
        typer.echo(f"released {done.scope.label}")
        if joint := joint_feed_of(feed):
            typer.echo(f"next: naome refresh --feed {joint} --period {period}")
        else:
            typer.echo(f"page: {_page(home, feed, period)}")


@app.command()
def tables(context: typer.Context) -> None:
    """List the tables that can be read.

    Example: naome tables
    """
    with _clear_errors():
        from naome_pipeline.lake import Lake

        lake = Lake(_home(context).lake)
        periods = sorted({(scope.feed, scope.period) for scope in lake.scopes()})
        if not periods:
            typer.echo("no tables yet; run: naome receive DIR, then naome refresh")
        for feed, period in periods:
            scope = lake.reading_scope(feed, period)
            for name, layer in lake.readable_names(scope).items():
                rows = lake.readable(scope, name).record["rows"]
                typer.echo(f"{feed}\t{period}\tv{scope.version}\t{layer}\t{name}\t{rows} rows")


@app.command()
def show(
    context: typer.Context,
    table: Annotated[str, typer.Argument(help="Name of a table; see: naome tables")],
    feed: Feed = "england_quarterly",
    period: Period = "2025Q3",
    output: Annotated[OutputFormat, typer.Option("--format", help="How to print.")] = OutputFormat.table,
    limit: Annotated[int, typer.Option("--limit", help="Rows at most; 0 = all.")] = 0,
) -> None:
    """Print a table of the release that readers see.

    Example: naome show released_indicators --feed england_quarterly --period 2025Q3 --format csv
    """
    with _clear_errors():
        import duckdb

        from naome_pipeline.engine import literal
        from naome_pipeline.lake import Lake

        lake = Lake(_home(context).lake)
        scope = lake.reading_scope(feed, period)
        path = lake.readable(scope, table).path
        typer.echo(f"{table} of {scope.label}", err=True)
        with duckdb.connect(":memory:") as connection:
            sql = f"SELECT * FROM read_parquet({literal(path)})" + (f" LIMIT {limit}" if limit else "")
            frame = connection.execute(sql).fetchdf()
        _print_frame(frame, output)


@app.command()
def explain(
    context: typer.Context,
    person: Annotated[str, typer.Argument(help="Person id of the delivery.")],
    feed: Feed = "england_quarterly",
    period: Period = "2025Q3",
) -> None:
    """Say why a person is in or out of the cohort, which source says so, and which indicators count them.

    Example: naome explain 0000012345 --feed england_quarterly --period 2025Q3
    """
    with _clear_errors():
        from naome_pipeline.cohort.explanation import explain as explain_person
        from naome_pipeline.lake import Lake

        answer = explain_person(Lake(_home(context).lake), person, feed, period)
        for line in answer.lines():
            typer.echo(line)


@releases.command("list")
def list_releases(
    context: typer.Context,
    output: Annotated[OutputFormat, typer.Option("--format", help="How to print.")] = OutputFormat.table,
) -> None:
    """List every release and what superseded it.

    Example: naome release list
    """
    with _clear_errors():
        from naome_pipeline.lake import Lake
        from naome_pipeline.releases import release_list

        _print_frame(release_list(Lake(_home(context).lake)), output)


@releases.command("diff")
def release_diff(
    context: typer.Context,
    earlier: Annotated[str, typer.Argument(help="Release, period and version: 2025Q3:1")],
    later: Annotated[str, typer.Argument(help="Release to compare it with: 2025Q3:2")],
    feed: Feed = "england_quarterly",
    output: Annotated[OutputFormat, typer.Option("--format", help="How to print.")] = OutputFormat.table,
    other_tables: Annotated[
        bool, typer.Option("--other-tables", help="Compare all released tables but the indicators.")
    ] = False,
) -> None:
    """Every published number that differs between two releases: of the indicators, or of all other released tables.

    Example: naome release diff 2025Q3:1 2025Q3:2 --format csv
    """
    with _clear_errors():
        from naome_pipeline.lake import Lake
        from naome_pipeline.releases import release_difference, scope_of, table_differences

        compare = table_differences if other_tables else release_difference
        found = compare(Lake(_home(context).lake), scope_of(feed, earlier), scope_of(feed, later))
        typer.echo(f"{len(found)} published cells differ", err=True)
        _print_frame(found, output)


@app.command()
def forget(
    context: typer.Context,
    delivery: Annotated[str, typer.Argument(help="Delivery, period and version: 2025Q3:1")],
    feed: Feed = "england_quarterly",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete a delivery and every table with people in it. What was published of it stays.

    Example: naome forget 2025Q3:1 --yes
    """
    with _clear_errors():
        from naome_pipeline.logs import log
        from naome_pipeline.releases import forget_delivery, scope_of

        home, scope = _home(context), scope_of(feed, delivery)
        if not yes:
            typer.confirm(
                f"Delete the files and all row-level tables of {scope.label}? There is no way back",
                abort=True,
            )
        done = forget_delivery(home, scope)
        log(home, "delivery forgotten", delivery=scope.label, files=done.files, tables=done.tables)
        typer.echo(f"deleted {done.files} files and {done.tables} tables of {scope.label}; kept: {done.kept}")


@app.command()
def doctor(
    context: typer.Context,
    repair: Annotated[
        bool, typer.Option("--repair", help="Repair what is safe, while no refresh is running.")
    ] = False,
) -> None:
    """Say what is wrong with deliveries, lake, ledger and reports. Exit code 1 when something is.

    Example: naome doctor --repair
    """
    with _clear_errors():
        from naome_pipeline.doctor import examine
        from naome_pipeline.doctor import repair as repair_findings
        from naome_pipeline.logs import log

        home = _home(context)
        for finding in repair_findings(home) if repair else ():
            log(home, "repaired", where=finding.where, what=finding.what)
            typer.echo(f"repaired: {finding.where}: {finding.what}")
        findings = examine(home)
        for finding in findings:
            typer.echo(str(finding))
        typer.echo(f"{len(findings)} findings" if findings else "nothing is wrong")
        if findings:
            raise typer.Exit(1)


@app.command()
def indicators(
    output: Annotated[OutputFormat, typer.Option("--format", help="How to print.")] = OutputFormat.table,
) -> None:
    """List every indicator with its availability per feed.

    Example: naome indicators --format csv
    """
    with _clear_errors():
        from naome_pipeline.indicators.listing import indicator_listing

        _print_frame(indicator_listing(), output)


@app.command("open")
def open_page(
    context: typer.Context,
    feed: Feed = "england_quarterly",
    period: Annotated[str | None, typer.Option("--period", help="Period; the newest when not given.")] = None,
    print_only: Annotated[bool, typer.Option("--print", help="Print the path, open nothing.")] = False,
) -> None:
    """Open the page of the newest release in a browser.

    Example: naome open --period 2025Q3
    """
    with _clear_errors():
        from naome_pipeline.lake import Lake, NotPublished

        home = _home(context)
        if period is None:
            released = [s for s in Lake(home.lake).scopes() if s.feed == feed]
            released = [s for s in released if s in Lake(home.lake).released_versions(feed, s.period)]
            if not released:
                raise NotPublished(f"nothing of {feed} has been released yet. What to do: naome refresh")
            period = released[-1].period
        page = _page(home, feed, period)
        typer.echo(str(page))
        if not print_only:
            typer.launch(page.as_uri())


@app.command("dagster-home")
def dagster_home(context: typer.Context) -> None:
    """Put Dagster's instance file in place and print the folder, for `dagster` commands and services.

    Example: export DAGSTER_HOME=$(naome dagster-home)
    """
    with _clear_errors():
        from naome_pipeline.refreshing import prepare_dagster_home

        typer.echo(str(prepare_dagster_home(_home(context))))


@app.command()
def alert(context: typer.Context) -> None:
    """Send a trial alert to everybody NAOME_HOME/alerts.yaml names. Exit code 1 when one could not be sent.

    Example: naome alert
    """
    with _clear_errors():
        from naome_pipeline.alerts import ALERTS_FILE, channels, send, trial

        home = _home(context).create()
        named = channels(home)
        if named.email is None and named.webhook is None:
            typer.echo(f"alerts go to nobody: {home.root / ALERTS_FILE} names no e-mail and no webhook")
        failed = send(home, trial())
        for problem in failed:
            typer.echo(f"not sent by {problem}", err=True)
        if failed:
            raise typer.Exit(1)


@app.command()
def ui(
    context: typer.Context, port: Annotated[int, typer.Option("--port", help="Port on 127.0.0.1.")] = 3000
) -> None:
    """Start the Dagster UI with its daemon on 127.0.0.1.

    Example: naome ui --port 3000
    """
    import subprocess

    from naome_pipeline.refreshing import PROJECT, prepare_dagster_home

    with _clear_errors():
        folder = prepare_dagster_home(_home(context))
    # Dagster's advice to use a tool that is not installed, and to mind the dagster.yaml of the working directory.
    quiet = ["-W", "ignore:Function `dev_command` is superseded"]
    started = ["-w", str(PROJECT / "workspace.yaml"), "-h", "127.0.0.1", "-p", str(port)]
    raise typer.Exit(subprocess.call([sys.executable, *quiet, "-m", "dagster", "dev", *started], cwd=folder))


def _page(home: Home, feed: str, period: str) -> Path:
    from naome_pipeline.deliveries.layouts import joint_feed_of
    from naome_pipeline.lake import Lake, NotPublished
    from naome_pipeline.publishing import release_folder
    from naome_pipeline.reports.release_index import first_page

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


def _print_frame(frame: pd.DataFrame, output: OutputFormat) -> None:
    if output is OutputFormat.csv:
        typer.echo(frame.to_csv(index=False), nl=False)
    elif output is OutputFormat.json:
        typer.echo(frame.to_json(orient="records", date_format="iso", indent=2))
    else:
        typer.echo(frame.to_string(index=False, max_colwidth=60) if len(frame) else "no rows")


def main() -> None:
    """Entry point of the `naome` command."""
    app()
