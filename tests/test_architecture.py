"""The house: arrows run one way, the three trees mirror one another, the command line starts light."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.expectations.suites import HELPERS

ROOT = Path(__file__).parent.parent
LAYERS = ("sources", "cohort", "indicators", "outcomes", "release", "reports", "confidential")
# What a report may know beside the released tables it is given: definitions, parameters, policies and how to write a file.
REPORTS_MAY_IMPORT = {
    "configuration", "disclosure.policy", "engine", "errors", "indicators.definitions", "indicators.record_rules",
    "indicators.registry", "indicators.reporting_periods",
    "leftovers", "parameters", "periods", "reference", "tables",
}  # fmt: skip


def imports_of(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def top(names: set[str]) -> set[str]:
    return {name.split(".")[0] for name in names}


@pytest.mark.parametrize("path", sorted((ROOT / "naome_pipeline").rglob("*.py")), ids=lambda p: p.stem)
def test_the_audit_imports_neither_dagster_nor_the_dag(path):
    allowed = (
        path.name == "refreshing.py"
    )  # runs the job for the command line, importing Dagster when it must
    assert allowed or not top(imports_of(path)) & {"dagster", "dagster_duckdb", "assets"}


def test_refreshing_imports_dagster_lazily():
    tree = ast.parse((ROOT / "naome_pipeline" / "refreshing.py").read_text(encoding="utf-8"))
    at_top = [n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)]
    modules = {getattr(n, "module", None) or n.names[0].name for n in at_top}
    assert not any(m.split(".")[0] in {"dagster", "assets"} for m in modules)


@pytest.mark.parametrize(
    "path",
    sorted((ROOT / "naome_pipeline" / "reports").rglob("*.py")),
    ids=lambda p: f"{p.parent.name}-{p.stem}",
)
def test_reports_read_released_tables_only(path):
    allowed = {f"naome_pipeline.{name}" for name in REPORTS_MAY_IMPORT}
    ours = {n for n in imports_of(path) if top({n}) == {"naome_pipeline"}}
    assert not {n for n in ours if n not in allowed and not n.startswith("naome_pipeline.reports")}


@pytest.mark.parametrize(
    "path",
    sorted(
        p for folder in ("statistics", "disclosure") for p in (ROOT / "naome_pipeline" / folder).rglob("*.py")
    ),
    ids=lambda p: f"{p.parent.name}-{p.stem}",
)
def test_statistics_and_disclosure_do_not_know_the_lake(path):
    known = {n.removeprefix("naome_pipeline.").split(".")[0] for n in imports_of(path)}
    assert not known & {
        "build",
        "deliveries",
        "lake",
        "ledger",
        "publishing",
        "releases",
        "reports",
        "stored",
        "uniting",
        "views",
    }


def test_a_file_stays_below_450_lines():
    for part in ("naome_pipeline", "assets"):
        for path in (ROOT / part).rglob("*.py"):
            assert len(path.read_text(encoding="utf-8").splitlines()) < 450 or path.name == "truth.py", path


@pytest.mark.parametrize("layer", LAYERS)
def test_every_node_has_a_gate_and_every_gate_a_node(layer):
    nodes = {p.stem for p in (ROOT / "assets" / layer).glob("*.py")} - HELPERS
    gates = {p.stem for p in (ROOT / "expectations" / layer).glob("*.json")}
    assert nodes == gates


def test_every_gate_gives_its_rationale():
    """That each expectation has a reason is checked when a suite is loaded; the rationale of the whole is not."""
    for path in (ROOT / "expectations").rglob("*.json"):
        assert len(json.loads(path.read_text(encoding="utf-8"))["meta"]["rationale"]) > 30, path


def test_command_line_starts_without_heavy_libraries():
    code = (
        "import sys, naome_pipeline.cli; "
        "heavy = {'dagster', 'duckdb', 'pandas', 'great_expectations', 'numpy', 'pyarrow'} & set(sys.modules); "
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(
    not Path("/proc/self/task").is_dir(), reason="counts the threads of a process where Linux lists them"
)
@pytest.mark.parametrize("first", ["naome_pipeline", "naome_pipeline.cli", "assets.definitions"])
def test_the_statistics_have_no_threads_of_their_own(first):
    """However the product is started, OpenBLAS keeps to one thread: its others spin beside the nodes (decision 0024)."""
    code = (
        f"import os, {first}; before = len(os.listdir('/proc/self/task')); import numpy, scipy.linalg; "
        "large = numpy.ones((1500, 1500)); large @ large; "
        "print(os.environ['OPENBLAS_NUM_THREADS'], len(os.listdir('/proc/self/task')) - before)"
    )
    own = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, env=own, check=False
    )
    assert done.stdout.split() == ["1", "0"], done.stderr
