"""The suite files, as the tests of this folder read them."""

from __future__ import annotations

from pathlib import Path

from naome_pipeline.gates import EXPECTATIONS_FOLDER, Suite, load_suite

ASSETS_FOLDER = EXPECTATIONS_FOLDER.parent / "assets"
# Files of a layer folder that help its nodes and are none themselves.
HELPERS = {"__init__", "reading", "data_sets", "output", "policies"}
# Tables that SQL makes under the disclosure policy; their gates are told what they say of very few people.
UNDER_A_POLICY = {
    "released_survival",
    "released_treatment_incidence",
    "released_recurrence_rates",
    "released_yearly_change",
    "released_variation",
    "released_factors",
    "released_recurrence_evidence",
}
METRICS_OF = {
    "null_share": "null_share",
    "outside_codes": "outside_codes",
    "rules": "rule",
    "measures": "measure",
    "repeated_share": "measure",
    "repeated_values": "measure",
    "references": "unmatched",
}


def node_names() -> list[tuple[str, str]]:
    """Layer and name of every node, read from the files of the DAG."""
    paths = sorted(p for p in ASSETS_FOLDER.glob("*/*.py") if p.stem not in HELPERS)
    return [(path.parent.name, path.stem) for path in paths]


def suite_files() -> list[Path]:
    """Every suite file."""
    return sorted(EXPECTATIONS_FOLDER.glob("*/*.json"))


def suite_names() -> list[tuple[str, str]]:
    """Layer and name of every suite."""
    return [(path.parent.name, path.stem) for path in suite_files()]


def suites() -> list[Suite]:
    """Every suite, loaded as the gate loads it."""
    return [load_suite(layer, name) for layer, name in suite_names()]


def requested_metrics(suite: Suite) -> set[str]:
    """The metrics that a suite's profile asks to be measured."""
    asked = {
        f"{prefix}.{name}" for entry, prefix in METRICS_OF.items() for name in suite.profile.get(entry, [])
    }
    return asked | ({"duplicate_keys"} if "key" in suite.profile else set())
