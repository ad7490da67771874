"""Production: Dagster's history in PostgreSQL, backed up and brought back; the files that run it fit together."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import typer
import yaml
from dagster._cli import cli as dagster_command
from dagster._core.storage.dagster_run import DagsterRunStatus
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import EmptyWorkspaceTarget
from dagster._daemon.cli import cli as dagster_daemon
from dagster_webserver.app import create_app_from_workspace_process_context
from dagster_webserver.cli import dagster_webserver

from assets.assembly import build_defs
from assets.resources import PipelineResource
from naome_pipeline.cli import app
from naome_pipeline.deliveries.receiving import receive_delivery
from naome_pipeline.home import Home
from naome_pipeline.refreshing import DATABASE_VARIABLE, prepare_dagster_home
from naome_pipeline.tables import file_sha256
from tests.deliveries.small import deliver, standard_files
from tests.deploy.servers import postgres, programs

ROOT = Path(__file__).parent.parent.parent
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    with postgres() as address:
        yield address


@pytest.fixture
def home(database, tmp_path, monkeypatch) -> Home:
    """A home of production whose source table `tumours` was made by a run that PostgreSQL has the history of."""
    monkeypatch.setenv(DATABASE_VARIABLE, database)
    monkeypatch.setenv("DAGSTER_HOME", "")
    home = Home.locate(tmp_path / "home").create()
    receive_delivery(deliver(tmp_path / "delivery", dict(standard_files())).path, home.landing)
    monkeypatch.setenv("NAOME_HOME", str(home.root))
    prepare_dagster_home(home)
    return home


def script(name: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(DEPLOY / name), *arguments],
        env={**os.environ, "PATH": f"{programs()}:{os.environ['PATH']}", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def contents(home: Home) -> dict[str, str]:
    parts = ("landing", "lake", "reports", "confidential", "logs")
    files = [path for part in parts for path in (home.root / part).rglob("*") if path.is_file()]
    return {
        path.relative_to(home.root).as_posix(): file_sha256(path)
        for path in files
        if "locks" not in path.parts
    }


def test_history_and_data_survive_a_backup_and_a_restore(home, database, tmp_path):
    defs = build_defs({"pipeline": PipelineResource(home=str(home.root))})
    key = dg.AssetKey(["england_quarterly", "tumours"])
    with dg.DagsterInstance.get() as instance:
        assert "Postgres" in type(instance.event_log_storage).__name__
        result = defs.resolve_job_def("england_quarterly_refresh").execute_in_process(
            partition_key="2025-07-01", instance=instance, asset_selection=[key]
        )
        events = [str(entry) for entry in instance.all_logs(result.run_id)]
        assert result.success
        assert len(events) > 20
    before = contents(home)

    done = script("backup.sh", str(tmp_path / "backups"))
    assert done.returncode == 0, done.stderr
    backup = Path(done.stdout.strip())
    assert backup.parent == tmp_path / "backups"
    assert backup.stat().st_mode & 0o077 == 0

    refused = script("restore.sh", str(backup))
    assert refused.returncode == 1
    assert "not empty" in refused.stderr

    shutil.rmtree(home.root)
    with dg.DagsterInstance.from_config(str(prepare_dagster_home(home))) as instance:
        instance.delete_run(result.run_id)
        assert instance.get_run_by_id(result.run_id) is None
        assert instance.all_logs(result.run_id) == []
    shutil.rmtree(home.root)

    damaged = tmp_path / "damaged"
    shutil.copytree(backup, damaged)
    with (damaged / "home.tar").open("r+b") as stream:
        stream.seek(600)
        stream.write(b"x")
    refused = script("restore.sh", str(damaged))
    assert refused.returncode == 1
    assert "not whole" in refused.stderr
    assert not home.landing.exists()

    done = script("restore.sh", str(backup))
    assert "nothing is wrong" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 0
    assert contents(home) == before
    assert all(folder.stat().st_mode & 0o077 == 0 for folder in home.private)
    with dg.DagsterInstance.get() as instance:
        run = instance.get_run_by_id(result.run_id)
        assert run is not None
        assert run.status is DagsterRunStatus.SUCCESS
        assert [str(entry) for entry in instance.all_logs(result.run_id)] == events
        materialised = instance.get_latest_materialization_event(key)
        assert materialised is not None
        assert materialised.run_id == result.run_id


def test_old_backups_are_dropped_and_a_failed_one_leaves_nothing(home, tmp_path):
    folder = tmp_path / "backups"
    for day in ("20250101T000000Z", "20250102T000000Z", "20250103T000000Z"):
        (folder / day).mkdir(parents=True)
    (folder / "notes").mkdir()
    failed = script("backup.sh", str(folder), NAOME_DAGSTER_DATABASE="postgresql:///none?host=/nowhere")
    assert failed.returncode != 0
    assert len(list(folder.iterdir())) == 4
    done = script("backup.sh", str(folder), NAOME_BACKUPS_KEPT="2")
    assert done.returncode == 0, done.stderr
    newest = Path(done.stdout.strip()).name
    assert {path.name for path in folder.iterdir()} == {"20250103T000000Z", newest, "notes"}


async def answer(app: Any, query: str) -> dict[str, Any]:
    """What the web server answers to a GraphQL query, without a socket."""
    body, said = json.dumps({"query": query}).encode(), b""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        nonlocal said
        said += message.get("body", b"")

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": "/graphql", "raw_path": b"/graphql", "query_string": b"", "root_path": "",
        "headers": [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 3001),
    }  # fmt: skip
    await app(scope, receive, send)
    return json.loads(said)


@pytest.mark.parametrize("read_only", [True, False])
def test_viewers_can_look_and_change_nothing(home, read_only):
    reload = "mutation { reloadWorkspace { __typename } }"
    with (
        dg.DagsterInstance.get() as instance,
        WorkspaceProcessContext(instance, EmptyWorkspaceTarget(), version="", read_only=read_only) as context,
    ):
        app = create_app_from_workspace_process_context(context)
        # In a thread of its own: a browser that other tests hold open keeps an event loop running in this one.
        with ThreadPoolExecutor(1) as apart:
            looked = apart.submit(asyncio.run, answer(app, "{ runsOrError { __typename } }")).result()
            changed = apart.submit(asyncio.run, answer(app, reload)).result()
    assert looked["data"]["runsOrError"]["__typename"] == "Runs"
    kind = changed["data"]["reloadWorkspace"]["__typename"]
    assert kind == ("UnauthorizedError" if read_only else "Workspace")


def test_the_instance_file_differs_from_that_of_the_project_in_its_storage_only():
    ours = yaml.safe_load((ROOT / "dagster.yaml").read_text(encoding="utf-8"))
    production = yaml.safe_load((DEPLOY / "dagster.yaml").read_text(encoding="utf-8"))
    assert ours.pop("event_log_storage")
    assert production.pop("storage") == {"postgres": {"postgres_url": {"env": DATABASE_VARIABLE}}}
    assert production == ours


PROGRAMS_OF_DAGSTER = {
    "dagster": dagster_command,
    "dagster-daemon": dagster_daemon,
    "dagster-webserver": dagster_webserver,
    "naome": typer.main.get_command(app),
}


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)
def test_a_unit_starts_a_program_that_is_there_with_options_that_it_has(unit):
    text = unit.read_text(encoding="utf-8")
    assert "User=naome" in text
    for line in re.findall(r"^Exec(?:Start|StartPre)=(.+)$", text, re.MULTILINE):
        program, *words = line.split()
        path = ROOT / Path(program).relative_to("/opt/naome")
        assert os.access(path, os.X_OK), line
        command: Any = PROGRAMS_OF_DAGSTER.get(path.name)
        while hasattr(command, "commands"):
            command = command.commands[words.pop(0)]
        options = {word for word in words if word.startswith("--")}
        assert command is None or options <= {o for p in command.params for o in p.opts}, options


def test_an_address_without_the_driver_that_is_installed_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv(DATABASE_VARIABLE, "postgresql://naome@/naome_dagster")
    with pytest.raises(ValueError, match=r"psycopg2.*What to do"):
        prepare_dagster_home(Home.locate(tmp_path))


def test_only_the_read_only_server_is_reached_from_outside():
    ports = {unit.stem: re.findall(r"--port (\d+)(.*)", unit.read_text(encoding="utf-8")) for unit in UNITS}
    assert ports["naome-viewer"] == [("3001", " --read-only")]
    reached = set(
        re.findall(r"proxy_pass http://127\.0\.0\.1:(\d+)", (DEPLOY / "proxy" / "nginx.conf").read_text())
    )
    assert reached == {"3001", "4180"}
    assert all("--host 127.0.0.1" in unit.read_text() for unit in UNITS if "--port" in unit.read_text())
