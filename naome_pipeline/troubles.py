"""Troubles of the machine in a sentence: no space, no memory, no permission, a damaged file, a locked database.

What belongs here: saying what happened and what to do, for errors that libraries and the operating system raise. What
does not: errors of the audit itself, which say so themselves.

No text of a library is passed on: DuckDB quotes the value it could not handle, and that may be a patient's.
"""

from __future__ import annotations

import errno
import os
import shutil
import traceback
from collections.abc import Iterator
from pathlib import Path

import duckdb

from naome_pipeline.engine import EngineSettings

_PACKAGE = Path(__file__).parent
_AGAIN = "Nothing was published by halves. What to do:"
INTERRUPTED = "interrupted; nothing was published by halves. What to do: run it again when it may run"
_STORAGE = ("sqlalchemy", "sqlite3", "alembic", "psycopg2")
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def described(problem: BaseException) -> str:
    """One or two sentences for the person at the keyboard; never a value of a record."""
    if _is_ours(problem):
        return str(problem)
    if _is_interruption(problem):
        return INTERRUPTED
    if isinstance(problem, duckdb.Error):
        return _described_engine(problem)
    if isinstance(problem, MemoryError):
        return f"there is not enough memory. {_AGAIN} close other programs, or give the machine more memory"
    if isinstance(problem, OSError) and problem.errno is not None:
        return _described_system(problem)
    if isinstance(problem, shutil.Error) and (first := _first_of_copying(problem)) is not None:
        return _described_system(first)
    if any(type(cause).__module__.partition(".")[0] in _STORAGE for cause in _causes(problem)):
        return (
            f"Dagster's run storage could not be used ({type(problem).__name__}). {_AGAIN} see that nobody else holds "
            "the database files under NAOME_HOME/dagster, that they can be written and that the disk has space; then "
            "run the refresh again"
        )
    return (
        f"unexpected {type(problem).__name__} at {place_of(problem)}. {_AGAIN} run naome doctor and try again; if it "
        "happens again it is a fault of the program: report this line"
    )


def _is_ours(problem: BaseException) -> bool:
    """Errors of our own classes. Of any other the text may be Python's: `int("943...")` quotes what it was given."""
    return type(problem).__module__.partition(".")[0] == _PACKAGE.name


def _is_interruption(problem: BaseException) -> bool:
    """Ctrl-C, also while DuckDB works: its driver makes a RuntimeError of it."""
    if isinstance(problem, KeyboardInterrupt | duckdb.InterruptException):
        return True
    return type(problem) is RuntimeError and str(problem) == "Query interrupted"


def _our_code(filename: str) -> bool:
    return Path(filename).is_relative_to(_PACKAGE) or Path(filename).is_relative_to(
        _PACKAGE.parent / "assets"
    )


def _causes(problem: BaseException | None) -> Iterator[BaseException]:
    while problem is not None:
        yield problem
        problem = problem.__cause__ or problem.__context__


def _described_engine(problem: duckdb.Error) -> str:
    said = str(problem)
    settings = EngineSettings.from_environment(Path())
    if "No space left" in said or "max_temp_directory_size" in said or "File too large" in said:
        return f"the disk is full. {_AGAIN} make space under NAOME_HOME, then run it again"
    if isinstance(problem, duckdb.OutOfMemoryException):
        return (
            f"the step needs more memory than its part of a run's (NAOME_MEMORY, now {settings.memory_limit}, is shared by the "
            f"steps that run together). {_AGAIN} set "
            "NAOME_MEMORY higher, 4GB for national data, then run it again"
        )
    if isinstance(problem, duckdb.IOException | duckdb.InvalidInputException | duckdb.SerializationException):
        return (
            f"a file could not be read or written ({type(problem).__name__}). {_AGAIN} run naome doctor, which says "
            "which file is damaged or may not be read; then naome refresh, which makes damaged tables again"
        )
    return (
        f"the database engine refused a statement ({type(problem).__name__}) at {place_of(problem)}. {_AGAIN} run naome "
        "doctor and try again; if it happens again it is a fault of the program: report this line"
    )


def _described_system(problem: OSError) -> str:
    name = f": {problem.filename}" if problem.filename else ""
    if problem.errno in _NO_SPACE:
        return f"the disk is full{name}. {_AGAIN} make space under NAOME_HOME, then run it again"
    if problem.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return (
            f"no permission{name}. {_AGAIN} run it as the owner of NAOME_HOME, and see that the disk can be written; "
            "naome doctor says what else is wrong"
        )
    return f"{os.strerror(problem.errno or 0)}{name}. {_AGAIN} correct that and run it again; naome doctor may say more"


def _first_of_copying(problem: shutil.Error) -> OSError | None:
    """What went wrong first while a folder was copied. `shutil` keeps of each error the two paths and the text only."""
    reasons = {os.strerror(number): number for number in errno.errorcode}
    for entry in problem.args[0] if problem.args and isinstance(problem.args[0], list) else ():
        source, target, said = entry
        number = next((n for text, n in reasons.items() if text in str(said)), None)
        if number is not None:
            return OSError(number, os.strerror(number), str(source if number == errno.ENOENT else target))
    return None


def place_of(problem: BaseException) -> str:
    """The last line of the project that an error passed through; it may have been raised in another process."""
    if isinstance(place := getattr(problem, "place", None), str):
        return place
    frames = traceback.extract_tb(problem.__traceback__)
    ours = [f for f in frames if _our_code(f.filename)]
    last = (ours or list(frames))[-1:]
    return f"{Path(last[0].filename).name}:{last[0].lineno}" if last else "an unknown place"
