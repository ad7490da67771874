"""A calculation in a process of its own.

What belongs here: handing a function and its arguments to another process, and what becomes of both when one of them ends. What
does not: what is calculated.

For calculations of half a minute that hold Python's lock for much of their time: in a thread, they and the node beside them
would wait for each other. Nothing touches the disk: arguments and result go through pipes.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

from naome_pipeline.code_versions import code_of
from naome_pipeline.troubles import INTERRUPTED, place_of

_ROOT = Path(__file__).parent.parent
# The code of the caller, wherever that was imported from; `-P` keeps the folder somebody stands in out of it.
_BEGIN = "import sys; sys.path.insert(0, sys.argv[1]); from naome_pipeline.apart import serve; serve(int(sys.argv[2]))"
_LOOK_FOR_CALLER = 0.5  # seconds
_running: set[subprocess.Popen[bytes]] = set()
_interrupted: set[subprocess.Popen[bytes]] = set()

Given = ParamSpec("Given")
Found = TypeVar("Found")


class EndedApart(RuntimeError):
    """The process of a calculation ended before it was done."""


class CodeChanged(RuntimeError):
    """The code on the disk is not what this process began with: the other one would calculate something else."""


def run_apart(function: Callable[Given, Found], *args: Given.args, **kwargs: Given.kwargs) -> Found:
    """What a function of a module returns, calculated in a process of its own; raises what it raises.

    EndedApart when the process was killed or the run interrupted, CodeChanged when it would find another version of the code
    than this one has. It ends by itself when this one does.
    """
    command = [sys.executable, "-P", "-c", _BEGIN, str(_ROOT), str(os.getpid())]
    # In a session of its own: Ctrl-C is for this process, which ends the other.
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        _running.add(process)
        try:
            given = (_code_behind(function), function, args, kwargs)
            answer, _ = process.communicate(pickle.dumps(given, pickle.HIGHEST_PROTOCOL))
        finally:
            _running.discard(process)
            process.kill()
    if process in _interrupted:
        _interrupted.discard(process)
        raise EndedApart(INTERRUPTED)
    if process.returncode:
        raise EndedApart(
            "the process of a long calculation was ended before it was done, as a rule for want of memory. Nothing was published "
            "by halves. What to do: close other programs or give the machine more memory, then run it again"
        )
    done, outcome = pickle.loads(answer)  # noqa: S301 - our own process wrote it
    if not done:
        raise outcome
    return outcome


def running() -> list[int]:
    """The processes that calculate at this moment."""
    return [process.pid for process in tuple(_running)]


def end_calculations() -> None:
    """End what is being calculated apart: whoever waits for it gets EndedApart."""
    for process in tuple(_running):
        _interrupted.add(process)
        process.kill()


def serve(caller: int) -> None:
    """Read a function with its arguments, write what came of it. `caller`: the process that waits for it."""
    threading.Thread(target=_end_with, args=(caller,), daemon=True).start()
    # What a library prints must not get into the answer.
    answer, nowhere = os.dup(sys.stdout.fileno()), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    code, function, args, kwargs = pickle.load(sys.stdin.buffer)  # noqa: S301 - the caller's pipe, nobody else's
    try:
        if code != _code_behind(function):
            raise CodeChanged(
                "the program was changed while this run was going on. Nothing was published by halves. What to do: run it again"
            )
        outcome = (True, function(*args, **kwargs))
    except Exception as problem:  # noqa: BLE001 - it is raised again where somebody waits for it
        problem.place = place_of(problem)  # type: ignore[attr-defined]  # its traceback stays here
        outcome = (False, problem)
    with os.fdopen(answer, "wb") as stream:
        pickle.dump(outcome, stream, pickle.HIGHEST_PROTOCOL)


def _code_behind(function: Callable[..., object]) -> str:
    """What the function depends on, as it was when this process first looked: a run does so when it begins."""
    return code_of(frozenset({function.__module__})).sha256


def _end_with(caller: int) -> None:
    while os.getppid() == caller:
        time.sleep(_LOOK_FOR_CALLER)
    os._exit(1)
