"""`.ci/run` with programs that only say what they were asked: it must not pass when a part of it fails."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
INSTALLED = ("chromium", "apt-get", "sudo")


def run_with(folder: Path, failing: str) -> subprocess.CompletedProcess[str]:
    """The script in a folder of its own, where `make` of one target fails."""
    (folder / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", folder / ".ci" / "run")
    programs = folder / "programs"
    programs.mkdir()
    make = f'#!/bin/sh\necho "made $1"\n[ "$1" != "{failing}" ]\n'
    for name, text in ({"make": make} | dict.fromkeys(INSTALLED, "#!/bin/sh\n")).items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    environment = os.environ | {"PATH": f"{programs}:{os.environ['PATH']}"}
    command = ["bash", str(folder / ".ci" / "run")]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("failing", "passes"), [("", True), ("setup", False), ("check", False), ("test", False)]
)
def test_it_passes_only_where_every_part_does(tmp_path, failing, passes):
    done = run_with(tmp_path, failing)
    assert (done.returncode == 0) == passes, done.stdout + done.stderr
    assert ("== all:" in done.stdout) == passes
    if failing != "setup":
        assert {"made setup", "made check", "made test"} <= set(done.stdout.splitlines())
