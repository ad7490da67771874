"""What the outlier process sends and keeps in one release: letters to trusts, the register of their answers.

What belongs here: which of them a release has. What does not: what they say (`letters.py`, `register.py`).
"""

from __future__ import annotations

from pathlib import Path

from naome_pipeline.confidential.comparisons import Comparisons
from naome_pipeline.confidential.letters import write_letters
from naome_pipeline.confidential.register import REGISTER_FILE, write_register
from naome_pipeline.reports.outlier_timetable import load_timetable


def write_notifications(given: Comparisons, folder: Path) -> None:
    """Write a letter per trust and stage, and the register, which a release without any flag has too."""
    flags, timetable = given.flags, load_timetable()
    write_letters(folder, flags, timetable, given.about)
    write_register(folder / REGISTER_FILE, flags, timetable, given.about)
