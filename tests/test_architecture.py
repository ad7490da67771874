"""The house: arrows run one way, the three trees mirror one another, the command line starts light."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LAYERS = ("sources", "cohort", "indicators", "outcomes", "release", "reports", "confidential")
NOT_NODES = {"__init__", "reading", "data_sets", "output"}


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
    forbidden = {
        f"naome_pipeline.{name}"
        for name in ("cohort", "confidential", "deliveries", "gates", "lake", "build")
    }
    assert not {n for n in imports_of(path) if any(n.startswith(f) for f in forbidden)}


def test_statistics_and_disclosure_do_not_know_the_lake():
    for folder in ("statistics", "disclosure"):
        for path in (ROOT / "naome_pipeline" / folder).glob("*.py"):
            assert "naome_pipeline.lake" not in imports_of(path), path.name


@pytest.mark.parametrize("layer", LAYERS)
def test_every_node_has_a_gate_and_every_gate_a_node(layer):
    nodes = {p.stem for p in (ROOT / "assets" / layer).glob("*.py")} - NOT_NODES
    gates = {p.stem for p in (ROOT / "expectations" / layer).glob("*.json")}
    assert nodes == gates


def test_every_gate_says_why():
    for path in (ROOT / "expectations").rglob("*.json"):
        suite = json.loads(path.read_text(encoding="utf-8"))
        assert len(suite["meta"]["rationale"]) > 30, path
        assert all(e["meta"]["why"] for e in suite["expectations"]), path


def test_command_line_starts_without_heavy_libraries():
    code = (
        "import sys, naome_pipeline.cli; "
        "heavy = {'dagster', 'duckdb', 'pandas', 'great_expectations', 'numpy', 'pyarrow'} & set(sys.modules); "
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
