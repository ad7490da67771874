"""What one pass over the bytes of each received file said, written down beside the files, so that a refresh need only hash them.

What belongs here: writing it and reading it back. What does not: the pass itself (`text_files.py`), or whether the files are
still what was accepted (`constancy.py`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

from naome_pipeline.deliveries import text_files
from naome_pipeline.deliveries.text_files import Blanks, TextFile, read_header

# Hidden: it is not a file of the delivery.
SCANS_FILE = ".scans.json"
_KEPT = tuple(field.name for field in fields(TextFile) if field.name not in ("path", "header"))


def write_scans(folder: Path, scans: Mapping[str, TextFile]) -> None:
    """Write down what is known of the files of a folder, by their paths in it."""
    found = {name: {kept: getattr(text, kept) for kept in _KEPT} for name, text in sorted(scans.items())}
    content = {"code": _code(), "files": found}
    text = json.dumps({**content, "sha256": _digest(content)}, indent=1)
    (folder / SCANS_FILE).write_text(text, encoding="utf-8")


def known_scan(folder: Path, name: str, sha256: str) -> TextFile | None:
    """What is known of a file with this hash; None when nobody wrote it down, other code did, or it is damaged."""
    try:
        content: dict[str, Any] = json.loads((folder / SCANS_FILE).read_text(encoding="utf-8"))
        if content.pop("sha256") != _digest(content) or content["code"] != _code():
            return None
        known = content["files"][name]
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return None
    if known["sha256"] != sha256:
        return None
    path = folder / name
    return TextFile(path, read_header(path), **{**known, "blanks": Blanks(known["blanks"])})


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


@cache
def _code() -> str:
    """What another pass would say may differ when its code does."""
    return hashlib.sha256(Path(text_files.__file__).read_bytes()).hexdigest()
