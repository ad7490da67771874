"""A calculation in another process: its result, its errors, and what happens when one of the two processes ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from naome_pipeline import apart
from naome_pipeline.apart import CodeChanged, EndedApart, end_calculations, run_apart, running
from naome_pipeline.code_versions import Code
from naome_pipeline.disclosure.attack import NoSuchTable, Published, exact_ranges
from naome_pipeline.troubles import described

ROOT = Path(__file__).parent.parent


def doubled(frame: pd.DataFrame, *, says: str = "") -> tuple[pd.DataFrame, int]:
    sys.stdout.write(says)
    os.write(1, b"and past Python's own output")
    return frame * 2, os.getpid()


def killed_by_the_machine() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def wait_for_long(place: str) -> None:
    Path(place).write_text(str(os.getpid()), encoding="ascii")
    time.sleep(600)


def gone_within(seconds: float, process: int) -> bool:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def written(path: Path) -> int:
    while not (path.is_file() and path.read_text(encoding="ascii")):
        time.sleep(0.05)
    return int(path.read_text(encoding="ascii"))


def test_the_result_comes_from_another_process_whatever_that_prints():
    frame = pd.DataFrame({"a": [1, 2], "b": [0.5, np.nan]})
    found, process = run_apart(doubled, frame, says="something")
    pd.testing.assert_frame_equal(found, frame * 2)
    assert process != os.getpid()
    assert running() == []


def test_its_error_is_raised_here_with_the_place_it_came_from():
    contradiction = Published.shown([[1, 0], [0, 1], [1, 1]], [3, 4, 8], [False, False, False])
    with pytest.raises(NoSuchTable, match="contradicts itself"):
        run_apart(exact_ranges, contradiction, [0])
    with pytest.raises(IndexError) as raised:
        run_apart(exact_ranges, Published.shown([[1.0]], [1], [True]), ["nobody's value"])
    said = described(raised.value)
    assert "at attack.py:" in said
    assert "nobody" not in said


def test_nothing_is_calculated_with_other_code_than_the_run_began_with(monkeypatch):
    began_with = Code("of last week", frozenset(), frozenset())
    monkeypatch.setattr(apart, "code_of", lambda modules: began_with)
    with pytest.raises(CodeChanged, match="run it again"):
        run_apart(exact_ranges, Published.shown([[1.0]], [1], [True]), [0])


def test_a_calculation_that_the_machine_ends_says_what_to_do():
    with pytest.raises(EndedApart, match="more memory, then run it again") as raised:
        run_apart(killed_by_the_machine)
    assert described(raised.value) == str(raised.value)


def test_whoever_interrupts_a_run_does_not_wait_for_it(tmp_path):
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(run_apart, wait_for_long, str(tmp_path / "process"))
        process = written(tmp_path / "process")
        end_calculations()
        with pytest.raises(EndedApart, match="interrupted; nothing was published"):
            waiting.result()
    assert gone_within(5, process)


def test_it_ends_when_the_process_that_waits_for_it_is_killed(tmp_path):
    command = (
        "import sys; sys.path.insert(0, sys.argv[1]); from naome_pipeline.apart import run_apart; "
        "from tests.test_apart import wait_for_long; run_apart(wait_for_long, sys.argv[2])"
    )
    waiting = subprocess.Popen([sys.executable, "-c", command, str(ROOT), str(tmp_path / "process")])
    process = written(tmp_path / "process")
    waiting.kill()
    waiting.wait()
    assert gone_within(5, process)
