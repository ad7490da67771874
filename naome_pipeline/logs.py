"""What happened when, one JSON object a line, for the person on call and for machines that collect logs.

    NAOME_HOME/logs/2026-01.jsonl    {"time": "2026-01-15T06:00:12+00:00", "event": "node done", "feed": …, "node": …}

What belongs here: writing and reading these lines. What does not: what a release holds (its own record says that). A line has
names, counts, times and our own messages; no value of a record, and no text of a library, which may quote one.

This is the one place where the pipeline writes down the time of day. A line that cannot be written (a full disk) is left
out: no refresh fails for its log.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from naome_pipeline.home import Home


def log(home: Home, event: str, **facts: str | int | float | None) -> None:
    """Add a line to the log of this month; facts that are None are left out."""
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    known = {name: fact for name, fact in facts.items() if fact is not None}
    line = json.dumps({"time": now.isoformat(), "event": event, **known}, ensure_ascii=False) + "\n"
    with contextlib.suppress(OSError):
        _append(home.logs / f"{now:%Y-%m}.jsonl", line.encode())


def lines(home: Home) -> Iterator[dict[str, Any]]:
    """Every line there is, oldest first; one that a power cut left half written is passed over."""
    for path in sorted(home.logs.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            with contextlib.suppress(json.JSONDecodeError):
                yield json.loads(line)


def _append(path: Path, line: bytes) -> None:
    # One write to a file opened for appending: lines of two processes do not mix.
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(handle, line)
    finally:
        os.close(handle)
