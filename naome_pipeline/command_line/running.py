"""Commands that run the pipeline and look after it: refresh, doctor, alerts, Dagster.

What belongs here: arguments and printing. What does not: any work.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from naome_pipeline.command_line.common import Feed, Period, clear_errors, home_of, page_of


def refresh(context: typer.Context, feed: Feed = "england_quarterly", period: Period = "2025Q3") -> None:
    """Refresh a period: from its newest accepted delivery to published tables and page.

    Example: naome refresh --feed england_quarterly --period 2025Q3
    """
    with clear_errors():
        from naome_pipeline.deliveries.layouts import joint_feed_of
        from naome_pipeline.progress import shown_progress
        from naome_pipeline.refreshing import refresh as run_refresh

        home = home_of(context)
        with shown_progress() as report:
            done = run_refresh(home, feed, period, report)
        if done.did_nothing:
            typer.echo(f"nothing to do: {done.reason}")
        if done.said:
            typer.echo(done.said)
        typer.echo(f"released {done.scope.label}")
        if joint := joint_feed_of(feed):
            typer.echo(f"next: naome refresh --feed {joint} --period {done.scope.period}")
        else:
            typer.echo(f"page: {page_of(home, feed, period)}")


def doctor(
    context: typer.Context,
    repair: Annotated[
        bool, typer.Option("--repair", help="Repair what is safe, while no refresh is running.")
    ] = False,
) -> None:
    """Say what is wrong with deliveries, lake, ledger and reports. Exit code 1 when something is.

    Example: naome doctor --repair
    """
    with clear_errors():
        from naome_pipeline.doctor import examine
        from naome_pipeline.doctor import repair as repair_findings
        from naome_pipeline.logs import log

        home = home_of(context)
        for finding in repair_findings(home) if repair else ():
            log(home, "repaired", where=finding.where, what=finding.what)
            typer.echo(f"repaired: {finding.where}: {finding.what}")
        findings = examine(home)
        for finding in findings:
            typer.echo(str(finding))
        wrong = sum(finding.wrong for finding in findings)
        typer.echo(f"{wrong} findings" if wrong else "nothing is wrong")
        if wrong:
            raise typer.Exit(1)


def dagster_home(context: typer.Context) -> None:
    """Put Dagster's instance file in place and print the folder, for `dagster` commands and services.

    Example: export DAGSTER_HOME=$(naome dagster-home)
    """
    with clear_errors():
        from naome_pipeline.refreshing import prepare_dagster_home

        typer.echo(str(prepare_dagster_home(home_of(context))))


def alert(context: typer.Context) -> None:
    """Send a trial alert to everybody NAOME_HOME/alerts.yaml names. Exit code 1 when one could not be sent.

    Example: naome alert
    """
    with clear_errors():
        from naome_pipeline.alerts import ALERTS_FILE, channels, send, trial

        home = home_of(context).create()
        named = channels(home)
        if named.email is None and named.webhook is None:
            typer.echo(f"alerts go to nobody: {home.root / ALERTS_FILE} names no e-mail and no webhook")
        failed = send(home, trial())
        for problem in failed:
            typer.echo(f"not sent by {problem}", err=True)
        if failed:
            raise typer.Exit(1)


def ui(
    context: typer.Context,
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port on 127.0.0.1.")] = 3000,
) -> None:
    """Start the Dagster UI with its daemon on 127.0.0.1.

    Example: naome ui --port 3000
    """
    import subprocess

    from naome_pipeline.ports import refuse_busy
    from naome_pipeline.refreshing import PROJECT, prepare_dagster_home

    with clear_errors():
        refuse_busy(port)
        folder = prepare_dagster_home(home_of(context))
    # Dagster's advice to use a tool that is not installed, and to mind the dagster.yaml of the working directory.
    quiet = ["-W", "ignore:Function `dev_command` is superseded"]
    started = ["-w", str(PROJECT / "workspace.yaml"), "-h", "127.0.0.1", "-p", str(port)]
    raise typer.Exit(subprocess.call([sys.executable, *quiet, "-m", "dagster", "dev", *started], cwd=folder))
