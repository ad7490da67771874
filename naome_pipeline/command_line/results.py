"""Commands that read what has been made: tables, people, releases, indicators, the page.

What belongs here: arguments and printing. What does not: any work.
"""

from __future__ import annotations

from typing import Annotated

import typer

from naome_pipeline.command_line.common import (
    Feed,
    OutputFormat,
    Period,
    Printed,
    clear_errors,
    home_of,
    page_of,
    print_frame,
)


def tables(context: typer.Context) -> None:
    """List the tables that can be read.

    Example: naome tables
    """
    with clear_errors():
        from naome_pipeline.lake import Lake

        lake = Lake(home_of(context).lake)
        periods = sorted({(scope.feed, scope.period) for scope in lake.scopes()})
        if not periods:
            typer.echo("no tables yet; run: naome receive DIR, then naome refresh")
        for feed, period in periods:
            scope = lake.reading_scope(feed, period)
            for name, layer in lake.readable_names(scope).items():
                rows = lake.readable(scope, name).record["rows"]
                typer.echo(f"{feed}\t{period}\tv{scope.version}\t{layer}\t{name}\t{rows} rows")


def show(
    context: typer.Context,
    table: Annotated[str, typer.Argument(help="Name of a table; see: naome tables")],
    feed: Feed = "england_quarterly",
    period: Period = "2025Q3",
    output: Printed = OutputFormat.table,
    limit: Annotated[int, typer.Option("--limit", min=0, help="Rows at most; 0 = all.")] = 0,
) -> None:
    """Print a table of the release that readers see.

    Example: naome show released_indicators --feed england_quarterly --period 2025Q3 --format csv
    """
    with clear_errors():
        import duckdb

        from naome_pipeline.engine import literal
        from naome_pipeline.lake import Lake

        lake = Lake(home_of(context).lake)
        scope = lake.reading_scope(feed, period)
        path = lake.readable(scope, table).path
        typer.echo(f"{table} of {scope.label}", err=True)
        with duckdb.connect(":memory:") as connection:
            sql = f"SELECT * FROM read_parquet({literal(path)})" + (f" LIMIT {limit}" if limit else "")
            frame = connection.execute(sql).fetchdf()
        print_frame(frame, output)


def explain(
    context: typer.Context,
    person: Annotated[str, typer.Argument(help="Person id of the delivery.")],
    feed: Feed = "england_quarterly",
    period: Period = "2025Q3",
) -> None:
    """Say why a person is in or out of the cohort, which source says so, and which indicators count them.

    Example: naome explain 0000012345 --feed england_quarterly --period 2025Q3
    """
    with clear_errors():
        from naome_pipeline.cohort.explanation import explain as explain_person
        from naome_pipeline.lake import Lake

        answer = explain_person(Lake(home_of(context).lake), person, feed, period)
        for line in answer.lines():
            typer.echo(line)


def list_releases(
    context: typer.Context,
    output: Printed = OutputFormat.table,
) -> None:
    """List every release and what superseded it.

    Example: naome release list
    """
    with clear_errors():
        from naome_pipeline.lake import Lake
        from naome_pipeline.releases import release_list

        print_frame(release_list(Lake(home_of(context).lake)), output)


def release_diff(
    context: typer.Context,
    earlier: Annotated[
        str, typer.Argument(help="Release, period and version: 2025Q3:1; its first edition: 2025Q3:1.1")
    ],
    later: Annotated[str, typer.Argument(help="Release to compare it with: 2025Q3:2")],
    feed: Feed = "england_quarterly",
    output: Printed = OutputFormat.table,
    other_tables: Annotated[
        bool, typer.Option("--other-tables", help="Compare all released tables but the indicators.")
    ] = False,
) -> None:
    """Every published number that differs between two releases: of the indicators, or of all other released tables.

    Example: naome release diff 2025Q3:1 2025Q3:2 --format csv
    """
    with clear_errors():
        from naome_pipeline.lake import Lake
        from naome_pipeline.releases import edition_of, release_difference, table_differences

        compare = table_differences if other_tables else release_difference
        found = compare(Lake(home_of(context).lake), edition_of(feed, earlier), edition_of(feed, later))
        typer.echo(f"{len(found)} published cells differ", err=True)
        print_frame(found, output)


def indicators(
    output: Printed = OutputFormat.table,
) -> None:
    """List every indicator with its availability per feed.

    Example: naome indicators --format csv
    """
    with clear_errors():
        from naome_pipeline.indicators.listing import indicator_listing

        print_frame(indicator_listing(), output)


def open_page(
    context: typer.Context,
    feed: Feed = "england_quarterly",
    period: Annotated[str | None, typer.Option("--period", help="Period; the newest when not given.")] = None,
    print_only: Annotated[bool, typer.Option("--print", help="Print the path, open nothing.")] = False,
) -> None:
    """Open the page of the newest release in a browser.

    Example: naome open --period 2025Q3
    """
    with clear_errors():
        from naome_pipeline.lake import Lake
        from naome_pipeline.stored import NotPublished

        home = home_of(context)
        if period is None:
            released = [s for s in Lake(home.lake).scopes() if s.feed == feed]
            released = [s for s in released if s in Lake(home.lake).released_versions(feed, s.period)]
            if not released:
                raise NotPublished(f"nothing of {feed} has been released yet. What to do: naome refresh")
            period = released[-1].period
        page = page_of(home, feed, period)
        typer.echo(str(page))
        if not print_only:
            typer.launch(page.as_uri())
