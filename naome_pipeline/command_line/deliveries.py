"""Commands about deliveries: make one up, describe it, check it, take it in, forget it.

What belongs here: arguments and printing. What does not: any work.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from naome_pipeline.command_line.common import Feed, Period, clear_errors, expanded, home_of

# The names of the delivery layouts, from their files: reading them would make `--help` slow.
_LAYOUTS = sorted(path.stem for path in (Path(__file__).parents[1] / "deliveries" / "bundles").glob("*.yaml"))


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
    with clear_errors():
        from naome_pipeline.synthetic import write_delivery

        out = expanded(out)
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
            beside=None if beside is None else expanded(beside),
        )
        typer.echo(f"{summary}")
        typer.echo(f"next: naome receive {out}")


def manifest(
    directory: Annotated[Path, typer.Argument(help="Folder with the files of a delivery.")],
    feed: Annotated[str, typer.Option("--feed")],
    period: Annotated[str, typer.Option("--period")],
    layout: Annotated[str, typer.Option("--layout", help=f"Layout of the files: {', '.join(_LAYOUTS)}.")],
    snapshot_date: Annotated[
        dt.datetime, typer.Option("--snapshot-date", formats=["%Y-%m-%d"], help="Day the data were drawn.")
    ],
    version: Annotated[int, typer.Option("--version", help="Delivery version; a correction counts up.")] = 1,
    complete_to: Annotated[
        list[str] | None,
        typer.Option(
            "--complete-to",
            help="Of a data set that ends before the snapshot, its last whole day: sact=2025-09-30.",
        ),
    ] = None,
) -> None:
    """Write the manifest of a folder of files somebody brings.

    Example: naome manifest extract/ --feed england_quarterly --period 2025Q3 --layout england_quarterly_2025
    --snapshot-date 2025-12-31 --complete-to sact=2025-10-31
    """
    with clear_errors():
        from naome_pipeline.deliveries.manifest import read_ends, write_manifest

        written = write_manifest(
            expanded(directory),
            feed=feed,
            period=period,
            layout=layout,
            snapshot_date=snapshot_date.date(),
            version=version,
            complete_to=read_ends(complete_to or []),
        )
        for file in written.files:
            typer.echo(f"{file.path}: {', '.join(file.data_sets)}, {file.rows} rows")


def check(directory: Annotated[Path, typer.Argument(help="Folder of a delivery.")]) -> None:
    """Say everything that is wrong with a delivery, without taking it in. Exit code 1 when it would be refused.

    Example: naome check /tmp/delivery
    """
    with clear_errors():
        from naome_pipeline.deliveries.checking import check_delivery

        report = check_delivery(expanded(directory))
        typer.echo(report.summary)
        # The notes first: what keeps a delivery out is read last.
        for finding in sorted(report.findings, key=lambda finding: finding.refuses):
            typer.echo(str(finding))
        typer.echo(report.summary)
        if not report.acceptable:
            raise typer.Exit(1)


def receive(
    context: typer.Context, directory: Annotated[Path, typer.Argument(help="Folder of a delivery.")]
) -> None:
    """Accept a delivery whole, or refuse it whole.

    Example: naome receive /tmp/delivery
    """
    with clear_errors():
        from naome_pipeline.deliveries.layouts import joint_feed_of
        from naome_pipeline.deliveries.receiving import receive_delivery
        from naome_pipeline.logs import log

        home = home_of(context).create()
        accepted = receive_delivery(expanded(directory), home.landing)
        log(home, "delivery received", delivery=accepted.id)
        typer.echo(f"accepted {accepted.id}: {len(accepted.manifest.files)} files")
        feed = joint_feed_of(accepted.feed) or accepted.feed
        typer.echo(f"next: naome refresh --feed {feed} --period {accepted.period}")


def forget(
    context: typer.Context,
    delivery: Annotated[str, typer.Argument(help="Delivery, period and version: 2025Q3:1")],
    feed: Feed = "england_quarterly",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete a delivery and every table with people in it. What was published of it stays.

    Example: naome forget 2025Q3:1 --yes
    """
    with clear_errors():
        from naome_pipeline.logs import log
        from naome_pipeline.releases import forget_delivery, refuse_unknown, scope_of

        home, scope = home_of(context), scope_of(feed, delivery)
        refuse_unknown(home, scope)
        if not yes:
            typer.confirm(
                f"Delete the files and all row-level tables of {scope.label}? There is no way back",
                abort=True,
            )
        done = forget_delivery(home, scope)
        log(home, "delivery forgotten", delivery=scope.label, files=done.files, tables=done.tables)
        typer.echo(f"deleted {done.files} files and {done.tables} tables of {scope.label}; kept: {done.kept}")
