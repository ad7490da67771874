"""The product's own code lists, one CSV file each; `README.md` beside them names sources and confidence.

What belongs here: codes, organisations and successions that a rule looks up. What does not: numbers a
rule uses (see `naome_pipeline/parameters.yaml`) and column names of deliveries (see `deliveries/`).
Every list can be replaced by a file of the same columns without touching code.
"""

from __future__ import annotations

from pathlib import Path

_FOLDER = Path(__file__).parent


def reference_names() -> list[str]:
    """Names of all code lists, sorted."""
    return sorted(path.stem for path in _FOLDER.glob("*.csv"))


def reference_path(name: str) -> Path:
    """Path of one code list; a KeyError names the lists that exist."""
    path = _FOLDER / f"{name}.csv"
    if not path.is_file():
        raise KeyError(f"no code list '{name}'; there are: {', '.join(reference_names())}")
    return path
