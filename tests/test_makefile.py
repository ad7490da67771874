"""`make run` with homes of unusual names, in a copy of the Makefile whose `naome` only says what it was asked."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SAYING = """#!/bin/sh
printf '[%s]' "$@" >> asked
echo " home=$NAOME_HOME" >> asked
[ "$1" != synth ] || mkdir "$2"
"""


@pytest.fixture
def project(tmp_path) -> Path:
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    folder = tmp_path / "project"
    (folder / ".venv" / "bin").mkdir(parents=True)
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        shutil.copyfile(ROOT / name, folder / name)
        os.utime(folder / name, (0, 0))
    (folder / ".venv" / ".complete").touch()
    naome = folder / ".venv" / "bin" / "naome"
    naome.write_text(SAYING)
    naome.chmod(0o755)
    return folder


def make_run(project: Path, home: str, *options: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "NAOME_HOME": home, "HOME": str(project / "user")}
    environment = {name: value for name, value in environment.items() if not name.startswith("MAKE")}
    command = ["make", "run", *options]
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", ["plain", "o'brien", "a $HOME b", 'with "quotes"', "~/data"])
@pytest.mark.parametrize("feed", ["england_quarterly", "annual"])
def test_a_home_may_have_any_name(project, name, feed):
    done = make_run(project, name, f"FEED={feed}")
    assert (done.returncode, done.stderr) == (0, "")
    home = name.replace("~", str(project / "user"))
    asked = (project / "asked").read_text().splitlines()
    assert all(line.endswith(f" home={name}") for line in asked)
    synths = [line for line in asked if line.startswith("[synth]")]
    first = "england_annual_2023" if feed == "annual" else "england_quarterly_2025Q3"
    assert synths[0].startswith(f"[synth][{home}/inbox/{first}][--feed]")
    assert (project / home / "inbox" / first).is_dir()
    if feed == "annual":
        assert f"[--beside][{home}/inbox/{first}]" in synths[1]


def test_a_home_that_is_a_file_is_one_sentence(project):
    (project / "file").touch()
    done = make_run(project, "file")
    assert done.returncode != 0
    assert "NAOME_HOME is a file, not a folder: file" in done.stderr
    assert not (project / "asked").exists()
