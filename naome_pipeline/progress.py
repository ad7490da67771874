"""Visible progress on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def shown_progress() -> Iterator[Callable[[str, str], None]]:
    """Give a `report(node, state)` that shows what runs and how long each node took."""
    started: dict[str, float] = {}
    from rich.console import Console

    console = Console(file=sys.stderr, highlight=False)
    with console.status("starting") as status:

        def report(node: str, state: str) -> None:
            if state == "started":
                started[node] = time.monotonic()
                status.update(f"{node} …")
                return
            seconds = time.monotonic() - started.get(node, time.monotonic())
            console.print(f"{state:10s} {node:28s} {seconds:6.1f} s")

        yield report
