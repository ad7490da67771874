"""Delivered files do not change: what is read is what was accepted.

What belongs here: hashing the files of an accepted delivery while they are read, and refusing when they are not what the
manifest says. What does not: reading them (`reading.py`).

The hash is taken beside the reading, in a thread of its own. That it is of the same bytes follows from the file's
identity, size and times of change, which are the same before and after both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from naome_pipeline.deliveries.errors import DeliveryError
from naome_pipeline.deliveries.manifest import DeliveryFile
from naome_pipeline.deliveries.receiving import AcceptedDelivery
from naome_pipeline.lake import file_sha256

_State = tuple[int, int, int, int]
# Files of this process that were hashed and found as accepted: a file may feed several data sets.
_known: dict[tuple[Path, str], _State] = {}


@contextmanager
def unchanged(accepted: AcceptedDelivery, data_set: str) -> Iterator[None]:
    """Read a data set in this block; DeliveryError when one of its files is not what was accepted, or changes."""
    files = [file for file in accepted.manifest.files if data_set in file.data_sets]
    before = {file.path: _state(accepted.path / file.path) for file in files}
    with ThreadPoolExecutor(1) as pool:
        hashed = pool.submit(_other_content, accepted, files, before)
        try:
            yield
        except Exception:
            # A file that was cut short fails to parse: say that it was changed, which is the cause.
            _refuse(accepted, [*hashed.result(), *_moved(accepted, files, before)])
            raise
        _refuse(accepted, [*hashed.result(), *_moved(accepted, files, before)])
    for file in files:
        if (state := before[file.path]) is not None:
            _known[accepted.path / file.path, file.sha256] = state


def _other_content(
    accepted: AcceptedDelivery, files: Iterable[DeliveryFile], states: dict[str, _State | None]
) -> list[str]:
    changed = []
    for file in files:
        path = accepted.path / file.path
        state = states[file.path]
        if state is None or (_known.get((path, file.sha256)) != state and file_sha256(path) != file.sha256):
            changed.append(file.path)
    return changed


def _moved(
    accepted: AcceptedDelivery, files: Iterable[DeliveryFile], before: dict[str, _State | None]
) -> list[str]:
    return [file.path for file in files if _state(accepted.path / file.path) != before[file.path]]


def _refuse(accepted: AcceptedDelivery, changed: Iterable[str]) -> None:
    if names := sorted(set(changed)):
        raise DeliveryError(
            f"{', '.join(names)} of {accepted.id} changed after the delivery was accepted, or is gone; what was read "
            f"is not used. What to do: find out who changed it in {accepted.path}; put the accepted file back, or "
            "receive the delivery again under a higher version. naome doctor checks every received file"
        )


def _state(path: Path) -> _State | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
