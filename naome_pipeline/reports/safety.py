"""Names from outside in files for people: text that no program runs, and file names that stay in their folder.

What belongs here: making a name harmless. What does not: HTML, whose templates escape by themselves, and formulas in CSV
(`open_data.py`).
"""

from __future__ import annotations

import hashlib
import re
import zipfile
from pathlib import Path
from typing import Any

_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ORGANISATION_CODE = re.compile(r"[A-Z0-9]{1,12}")
# The earliest time a zip archive can hold: nothing is said by it.
_NO_TIME = (1980, 1, 1, 0, 0, 0)


def clean_text(value: Any) -> str:
    """Text without characters that XML cannot hold."""
    return _UNWRITABLE.sub("", str(value))


def file_stem(code: str) -> str:
    """The part of a file name that stands for an organisation: its code, or a hash of it when it is no plain code."""
    if _ORGANISATION_CODE.fullmatch(code):
        return code
    return f"code-{hashlib.sha256(code.encode()).hexdigest()[:12]}"


def write_archive(path: Path, members: dict[str, bytes]) -> None:
    """A zip archive whose bytes depend on its members alone, in the order given."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            entry = zipfile.ZipInfo(name, _NO_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content, compresslevel=6)
