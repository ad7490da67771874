"""Where the data live. One folder, `NAOME_HOME`, holds everything the pipeline writes.

landing/    accepted deliveries, immutable
lake/       tables: patient-level, readable by their owner only
reports/    released outputs, the only folder meant for others
confidential/  letters to trusts and the audit team's lists, before disclosure control; readable by their owner only
dagster/    run storage, event log, compute logs
logs/       what happened when, as JSON lines
scratch/    spill files of running steps
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from naome_pipeline.errors import Refused

ENVIRONMENT_VARIABLE = "NAOME_HOME"
DEFAULT_HOME = ".naome"
OWNER_ONLY = 0o700


def without_tilde(path: Path) -> Path:
    """A path with `~` written out; Refused for the home of a user that is not there."""
    try:
        return path.expanduser()
    except RuntimeError:
        raise Refused(f"{path} names a user who is not there. What to do: write the path out") from None


@dataclass(frozen=True)
class Home:
    """The folders under one `NAOME_HOME`."""

    root: Path

    @classmethod
    def locate(cls, root: str | Path | None = None) -> Home:
        """The given folder, else `$NAOME_HOME`, else `.naome` in the working directory."""
        chosen = root or os.environ.get(ENVIRONMENT_VARIABLE) or DEFAULT_HOME
        return cls(without_tilde(Path(chosen)).resolve())

    @property
    def landing(self) -> Path:
        """Accepted deliveries."""
        return self.root / "landing"

    @property
    def lake(self) -> Path:
        """Patient-level and aggregate tables."""
        return self.root / "lake"

    @property
    def reports(self) -> Path:
        """Released outputs."""
        return self.root / "reports"

    @property
    def confidential(self) -> Path:
        """Outputs for single providers and the audit team."""
        return self.root / "confidential"

    @property
    def dagster(self) -> Path:
        """Dagster's own storage."""
        return self.root / "dagster"

    @property
    def logs(self) -> Path:
        """What happened when."""
        return self.root / "logs"

    @property
    def private(self) -> tuple[Path, ...]:
        """The folders that only their owner may enter: with patient-level data, about the work on them, or with counts that
        are not published."""
        return (self.landing, self.lake, self.confidential, self.dagster, self.logs, self.scratch)

    @property
    def scratch(self) -> Path:
        """Spill files."""
        return self.root / "scratch"

    def create(self) -> Home:
        """Make the folders that are missing; all but the reports are owner-only."""
        for path in (self.root, *self.root.parents):
            if path.exists() and not path.is_dir():
                raise Refused(
                    f"NAOME_HOME is {self.root}, and {path} is a file, not a folder. What to do: name a folder with --home "
                    "or NAOME_HOME"
                )
        self.root.mkdir(parents=True, exist_ok=True)
        for folder in self.private:
            folder.mkdir(mode=OWNER_ONLY, exist_ok=True)
            folder.chmod(OWNER_ONLY)
        self.reports.mkdir(exist_ok=True)
        return self
