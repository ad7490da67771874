"""A PostgreSQL server for tests, started from Debian's package and ended with them."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PROGRAMS = Path("/usr/lib/postgresql")


def programs() -> Path:
    """The newest PostgreSQL's programs; without it the test is skipped, and fails where nothing may be missing."""
    found = sorted(PROGRAMS.glob("[0-9]*/bin"), key=lambda path: int(path.parent.name))
    if not found or not (found[-1] / "initdb").is_file():
        say = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        say("PostgreSQL is not installed: apt-get install postgresql")
    return found[-1]


@contextmanager
def postgres() -> Iterator[str]:
    """A server with an empty database `naome_dagster`, reached through a socket only; its address."""
    binaries, root = programs(), os.getuid() == 0
    # PostgreSQL refuses to be root, and its folder must be short (sockets) and its own (which pytest's are not).
    user = pwd.getpwnam("nobody") if root else pwd.getpwuid(os.getuid())
    folder = Path(tempfile.mkdtemp(prefix="naome-pg-", dir="/tmp"))
    if root:
        os.chown(folder, user.pw_uid, user.pw_gid)

    def run(*command: str) -> None:
        options = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if root else {}
        done = subprocess.run(
            [str(binaries / command[0]), *command[1:]],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            **options,
        )
        assert done.returncode == 0, done.stdout

    data = str(folder / "data")
    settings = f"-c listen_addresses='' -k {folder} -c fsync=off"
    try:
        run("initdb", "-D", data, "-A", "trust", "-U", "naome", "-E", "UTF8", "--no-sync")
        run("pg_ctl", "-D", data, "-o", settings, "-l", str(folder / "log"), "-w", "start")
        try:
            run("createdb", "-h", str(folder), "-U", "naome", "naome_dagster")
            yield f"postgresql+psycopg2://naome@/naome_dagster?host={folder}"
        finally:
            run("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
