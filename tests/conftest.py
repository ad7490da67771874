"""The order in which files of tests are handed out to workers."""

from __future__ import annotations

from pathlib import Path

import pytest

# Files that make whole releases, a minute or two each, come before the many short ones: handed out at the end, one of them would
# keep one worker busy while the others have nothing left.
_FIRST = ("pipeline", "faults", "test_cli.py", "disclosure", "synthetic")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files of the same kind stay in their order."""
    here = Path(__file__).parent

    def place(item: pytest.Item) -> int:
        part = item.path.relative_to(here).parts[0]
        return _FIRST.index(part) if part in _FIRST else len(_FIRST)

    items.sort(key=place)
