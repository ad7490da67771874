"""Dagster's daemon, web server and code server killed while they work: a run goes on without them, or is done again; either
way the tables are those of a run that nobody disturbed. Services are started as in production (`deploy/`), on SQLite."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.scheduler.instigation import InstigatorType
from dagster._core.storage.dagster_run import DagsterRunStatus

from assets.alerts import run_failures
from assets.feeds import nodes
from naome_pipeline.build import Delivered, build
from naome_pipeline.deliveries.receiving import receive_delivery
from naome_pipeline.engine import Engine, EngineSettings, open_connection
from naome_pipeline.home import Home
from naome_pipeline.lake import Lake
from naome_pipeline.logs import lines
from naome_pipeline.refreshing import prepare_dagster_home
from tests.deliveries.small import deliver, standard_files
from tests.faults.processes import FEED, PERIOD, ROOT, differences, left_behind, torn, tree

PATIENCE_SECONDS = 180
TABLES = ("tumours", "cwt", "deaths", "hes_apc")
# The queue looks every few seconds by itself; a test need not wait for that.
LAUNCH = """mutation($tables: [AssetKeyInput!]!) { launchRun(executionParams: {
  selector: {repositoryLocationName: "naome", repositoryName: "__repository__", jobName: "england_quarterly_refresh",
    assetSelection: $tables},
  runConfigData: {}, executionMetadata: {tags: [{key: "dagster/partition", value: "2025-07-01"}]}
}) { __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""


class Services:
    """The processes of a deployment, each the head of its own group."""

    def __init__(self, home: Home, folder: Path) -> None:
        self.home, self.folder, self.running = home, folder, {}
        self.code_port, self.page_port = free_port(), free_port()
        self.workspace = folder / "workspace.yaml"
        server = {"host": "127.0.0.1", "port": self.code_port, "location_name": "naome"}
        self.workspace.write_text(json.dumps({"load_from": [{"grpc_server": server}]}), encoding="utf-8")

    def start(self, *names: str) -> None:
        workspace = ["--workspace", str(self.workspace)]
        at = ["--host", "127.0.0.1", "--port"]
        commands = {
            "code": ["dagster", "api", "grpc", "--module-name", "assets.definitions", "--attribute", "defs", *at,
                     str(self.code_port), "--location-name", "naome"],
            "daemon": ["dagster._daemon", "run", *workspace],
            "page": ["dagster_webserver", *workspace, *at, str(self.page_port)],
        }  # fmt: skip
        for name in names:
            self.running[name] = subprocess.Popen(
                [sys.executable, "-m", *commands[name]],
                cwd=ROOT,
                env={**os.environ, "NAOME_HOME": str(self.home.root), "DAGSTER_HOME": str(self.home.dagster)},
                stdout=(self.folder / f"{name}.log").open("a"),
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            if name == "code":
                until("the code server listens", lambda: listens(self.code_port))

    def kill(self, *names: str) -> None:
        """As the kernel does when memory runs out, or a power cut: at once, with everything they have started."""
        for name in names:
            process = self.running.pop(name)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(30)

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.page_port}/graphql", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["data"]

    def launch(self) -> str:
        def loaded() -> bool:
            found = self.ask(
                "{ repositoriesOrError { __typename ... on RepositoryConnection { nodes { name } } } }"
            )
            return bool(found["repositoriesOrError"].get("nodes"))

        until("the page is there", loaded)
        answer = self.ask(LAUNCH, tables=[{"path": [FEED, name]} for name in TABLES])["launchRun"]
        assert answer["__typename"] == "LaunchRunSuccess", answer
        return answer["run"]["runId"]

    def status(self, run: str) -> DagsterRunStatus:
        with dg.DagsterInstance.from_config(str(self.home.dagster)) as instance:
            found = instance.get_run_by_id(run)
            assert found is not None
            return found.status

    def again(self, run: str) -> list[str]:
        """The runs that the daemon started because one had failed."""
        with dg.DagsterInstance.from_config(str(self.home.dagster)) as instance:
            return [found.run_id for found in instance.get_runs() if found.parent_run_id == run]


def working(home: Home, run: str) -> bool:
    """Whether a run's process has got as far as its first node."""
    return (home.dagster / "working" / run).exists()


def watched(home: Home) -> bool:
    """Whether the failure sensor has noted from where on it looks."""
    with dg.DagsterInstance.from_config(str(home.dagster)) as instance:
        return any(
            state.name == run_failures.name and getattr(state.instigator_data, "cursor", None)
            for state in instance.all_instigator_state(instigator_type=InstigatorType.SENSOR)
        )


def told(home: Home) -> list[str]:
    """The runs whose failure was told."""
    return [line["run"] for line in lines(home) if line["event"] == "run failed"]


def until(what: str, holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        with suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            if holds():
                return
        time.sleep(0.3)
    pytest.fail(f"{what}: not within {PATIENCE_SECONDS} seconds")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


def listens(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), timeout=1):
        return True


def new_home(root: Path, delivery: Path) -> Home:
    home = Home.locate(root).create()
    receive_delivery(delivery, home.landing)
    return home


@pytest.fixture
def services(tmp_path, monkeypatch) -> Iterator[Services]:
    for name in ("NAOME_HOME", "DAGSTER_HOME"):
        monkeypatch.setenv(name, "")
    deliver(tmp_path / "delivery", dict(standard_files()))
    home = new_home(tmp_path / "home", tmp_path / "delivery")
    prepare_dagster_home(home)
    started = Services(home, tmp_path)
    yield started
    started.kill(*started.running)


def test_services_killed_while_a_run_works(services, tmp_path):
    undisturbed = new_home(tmp_path / "undisturbed", tmp_path / "delivery")
    delivered, lake = Delivered.newest(undisturbed, FEED, PERIOD), Lake(undisturbed.lake)
    for node in (node for node in nodes(FEED) if node.name in TABLES):
        with open_connection(EngineSettings.from_environment(undisturbed.scratch)) as connection:
            build(node, delivered, lake, Engine(connection))

    # The machine goes down with everything on it.
    services.start("code", "daemon", "page")
    # Dagster's failure sensor looks from its first tick on; a deployment has had that on the day it was set up.
    until("failures are watched for", lambda: watched(services.home))
    first = services.launch()
    until("the run works", lambda: working(services.home, first))
    services.kill("page", "daemon", "code")
    assert torn(services.home) == []
    assert services.status(first) is DagsterRunStatus.STARTED
    # Nobody works on it, and it holds the place of the next run of its period: the daemon finds out and does it again.
    services.start("code", "daemon", "page")
    until("the daemon ends it", lambda: services.status(first) is DagsterRunStatus.FAILURE)
    until("it is done again", lambda: bool(services.again(first)))
    second = services.again(first)[0]

    # Daemon and web server go, the run stays: it is the code server's child.
    until("the second run works", lambda: services.status(second) is DagsterRunStatus.STARTED)
    services.kill("page", "daemon")
    services.start("daemon")
    until("the second run has ended", lambda: services.status(second).value in ("SUCCESS", "FAILURE"))
    assert services.status(second) is DagsterRunStatus.SUCCESS
    assert services.again(first) == [second]
    until("it has been told", lambda: bool(told(services.home)))
    assert told(services.home) == [first]
    assert differences(tree(undisturbed), tree(services.home)) == []
    assert torn(services.home) == []
    assert left_behind(services.home) == []
    said = "".join(
        (tmp_path / f"{name}.log").read_text(encoding="utf-8") for name in ("code", "daemon", "page")
    )
    assert "Traceback" not in said, said[-3000:]
