"""Delivered files do not change: what is read is what was accepted.

What belongs here: hashing the files of an accepted delivery before they are read, and refusing when they are not what the
manifest says. What does not: reading them (`reading.py`).

The pass over the bytes that says how to read a file also hashes it; what it said when the file was received is known, so then
it is only hashed. That the bytes read afterwards are the same follows from the file's identity, size and times of change, which
are the same before and after both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from naome_pipeline.deliveries.errors import DeliveryError
from naome_pipeline.deliveries.scans import known_scan
from naome_pipeline.deliveries.text_files import TextFile, scan_file
from naome_pipeline.tables import file_sha256

if TYPE_CHECKING:
    from naome_pipeline.deliveries.manifest import DeliveryFile
    from naome_pipeline.deliveries.receiving import AcceptedDelivery

_State = tuple[int, int, int, int]
# Files of this process that were scanned and found as accepted: a file may feed several data sets.
_known: dict[tuple[Path, str], tuple[_State, TextFile]] = {}


@contextmanager
def unchanged(accepted: AcceptedDelivery) -> Iterator[Callable[[str], TextFile]]:
    """Read files of a delivery in this block; DeliveryError when one of them is not what was accepted, or changes.

    Gives what says, by its path in the delivery, what one pass over the bytes of a file found. A file nobody asks about is
    not looked at.
    """
    known = {file.path: file for file in accepted.manifest.files}
    before: dict[str, _State | None] = {}

    def scan(path: str) -> TextFile:
        state = _state(accepted.path / path)
        before.setdefault(path, state)
        text = _scanned(accepted.path, known[path], state)
        if text is None:
            raise _refusal(accepted, [path])
        return text

    try:
        yield scan
    except Exception:
        # A file that was cut short fails to parse: say that it was changed, which is the cause.
        _refuse(accepted, before)
        raise
    _refuse(accepted, before)


def _scanned(folder: Path, file: DeliveryFile, state: _State | None) -> TextFile | None:
    """What is in a file, if it is what was accepted."""
    if state is None:
        return None
    path = folder / file.path
    known = _known.get((path, file.sha256))
    if known is not None and known[0] == state:
        return known[1]
    text = known_scan(folder, file.path, file.sha256)
    if text is None:
        text = scan_file(path)
        sha256 = text.sha256
    else:
        sha256 = file_sha256(path)
    if sha256 != file.sha256:
        return None
    _known[path, file.sha256] = (state, text)
    return text


def _refuse(accepted: AcceptedDelivery, before: Mapping[str, _State | None]) -> None:
    moved = [path for path, state in before.items() if _state(accepted.path / path) != state]
    if moved:
        raise _refusal(accepted, moved)


def _refusal(accepted: AcceptedDelivery, changed: Sequence[str]) -> DeliveryError:
    return DeliveryError(
        f"{', '.join(sorted(changed))} of {accepted.id} changed after the delivery was accepted, or is gone; what was read "
        f"is not used. What to do: find out who changed it in {accepted.path}; put the accepted file back, or "
        "receive the delivery again under a higher version. naome doctor checks every received file"
    )


def _state(path: Path) -> _State | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
