"""Unfinished work: how it is marked while its process lives, and recognised when the process was killed.

What belongs here: locks, work folders and work files, and finding those that nobody holds any more. What does not: what
the work is, or what else may be wrong with a lake (`doctor.py`).

A mark is a lock of the operating system on the work itself: it ends with the process, however that ended, and needs
neither a process number nor a clock.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import re
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from naome_pipeline.home import OWNER_ONLY, Home

# Of Linux: rename two names at once (linux/fs.h), paths relative to the working directory (linux/fcntl.h).
_LIBC = ctypes.CDLL(None, use_errno=True)
_RENAME_EXCHANGE, _HERE = 2, -100

_WORK = re.compile(r"^\..+\.[0-9a-f]{32}$")


def work_beside(target: Path) -> Path:
    """A new hidden name beside the place that finished work will take."""
    return target.with_name(f".{target.name}.{uuid.uuid4().hex}")


def is_work(path: Path) -> bool:
    """Whether a name is one that `work_beside` gives."""
    return _WORK.match(path.name) is not None


@contextmanager
def held_folder(name: Callable[[], Path], mode: int = OWNER_ONLY) -> Iterator[Path]:
    """A new folder that is held while the block runs and removed afterwards, unless it was moved to its place."""
    while True:
        folder = name()
        folder.mkdir(parents=True)
        folder.chmod(mode)
        handle = _hold(folder)
        if handle is not None:
            break
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


def write_atomically(path: Path, text: str) -> None:
    """Write a text file so that a reader sees the old or the new content, never a part."""
    work, handle = _held_work(path)
    try:
        work.write_text(text, encoding="utf-8")
        os.fsync(handle)
        work.replace(path)
    except BaseException:
        work.unlink(missing_ok=True)
        raise
    finally:
        os.close(handle)
    sync(path.parent)


@contextmanager
def marked(path: Path) -> Iterator[None]:
    """A file that is held while the block runs and removed when it ends well: one that `is_abandoned` finds says that its
    process did not get there."""
    mark, handle = _held_work(path)
    try:
        mark.replace(path)  # nobody sees it before it is held
        yield
        path.unlink(missing_ok=True)
    finally:
        os.close(handle)


def sync(path: Path) -> None:
    """Have a file, or the names in a folder, on the disk before going on."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def exchange(fresh: Path, target: Path) -> None:
    """Put a finished folder in its place. A folder that is there already changes places with it in one step, so that
    a reader finds one or the other at every moment."""
    if not target.exists():
        fresh.rename(target)
        return
    done = _LIBC.renameat2(
        _HERE, os.fsencode(fresh.absolute()), _HERE, os.fsencode(target.absolute()), _RENAME_EXCHANGE
    )
    if done != 0:
        # Some network file systems cannot: then the place is empty for a moment.
        old = work_beside(target)
        target.rename(old)
        fresh.rename(target)
        shutil.rmtree(old, ignore_errors=True)


@contextmanager
def locked(path: Path, waiting: Callable[[], None] | None = None) -> Iterator[None]:
    """One process at a time; `waiting` is called once when another one is in it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=OWNER_ONLY)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if waiting is not None:
                waiting()
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def is_abandoned(path: Path) -> bool:
    """Whether a mark of work is there and no process holds it."""
    handle = _hold(path, wait=False)
    if handle is None:
        return False
    os.close(handle)
    return True


def find_leftovers(home: Home) -> list[Path]:
    """Work of processes that are gone: staged tables, spilled data, half-written files and folders."""
    found = [*_children(home.lake / "staging"), *_children(home.scratch)]
    for root in (home.lake, home.landing, home.reports, home.confidential):
        found += [path for path in sorted(root.rglob(".*")) if is_work(path)]
    return [path for path in found if is_abandoned(path)]


def remove_leftovers(home: Home) -> list[Path]:
    """Remove what `find_leftovers` finds; work that somebody still does is not touched."""
    removed = []
    for path in find_leftovers(home):
        handle = _hold(path, wait=False)
        if handle is None:
            continue
        try:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        finally:
            os.close(handle)
        removed.append(path)
    return removed


def _children(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []


def _held_work(path: Path) -> tuple[Path, int]:
    """A new hidden file beside a place, held by this process; the handle that holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        work = work_beside(path)
        work.touch()
        handle = _hold(work)
        if handle is not None:  # else somebody took it for work of a process that is gone
            return work, handle


def _hold(path: Path, *, wait: bool = True) -> int | None:
    """Lock a file or folder; None when it is gone, or when somebody else holds it and we do not wait."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(handle), path.stat()):
            return handle
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(handle)
    return None
