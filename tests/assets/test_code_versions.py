"""An edit of a file makes exactly the tables again that depend on it."""

from __future__ import annotations

import ast
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from assets.feeds import FEEDS, nodes
from naome_pipeline import code_versions
from naome_pipeline.deliveries import layouts
from naome_pipeline.outcomes.survival import survival_estimates

PROJECT = Path(code_versions.__file__).parent.parent
PYTHON = sorted(path for part in ("naome_pipeline", "assets") for path in (PROJECT / part).rglob("*.py"))


def forget() -> None:
    for remembered in (code_versions.code_of, code_versions._module):
        remembered.cache_clear()


@pytest.fixture(scope="module")
def tree(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("code")
    for part in ("naome_pipeline", "assets"):
        shutil.copytree(PROJECT / part, root / part, ignore=shutil.ignore_patterns("__pycache__"))
    return root


@pytest.fixture
def copy(tree, monkeypatch) -> Iterator[Path]:
    monkeypatch.setattr(code_versions, "ROOT", tree)
    forget()
    yield tree
    forget()


def versions() -> dict[tuple[str, str], str]:
    return {(feed, node.name): node.code_version for feed in FEEDS for node in nodes(feed)}


def changed_by(copy: Path, file: str, addition: str) -> set[str]:
    """The names of the tables whose code version changes when a line is added to a file."""
    before, path = versions(), copy / file
    text = path.read_text(encoding="utf-8")
    path.write_text(f"{text}\n{addition}\n", encoding="utf-8")
    forget()
    try:
        after = versions()
    finally:
        path.write_text(text, encoding="utf-8")
        forget()
    return {name for (feed, name), version in before.items() if after[feed, name] != version}


SOURCES = set(layouts.data_sets())
UNITED = {node.name for node in nodes("annual") if node.united} | {"registered_twice"}


# A module that a table needs for one function brings what it imports for others: `releases.py` gives table_revisions the reading
# of deliveries. It comes after all of that anyway.
@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("assets/outcomes/survival_estimates.py", {"survival_estimates"}),
        ("assets/sources/delivered_rows.py", {"delivered_rows"}),
        ("assets/sources/quarantine_summary.py", {"quarantine_summary"}),
        ("assets/sources/reading.py", SOURCES),
        ("naome_pipeline/deliveries/typing_sql.py", SOURCES | {"table_revisions"}),
        ("naome_pipeline/outcomes/variation.py", {"provider_variation"}),
        ("naome_pipeline/outcomes/registry_pairs.sql", {"registry_agreement"}),
        ("naome_pipeline/outcomes/interventions.yaml", {"intervention_effects"}),
        (
            "naome_pipeline/outcomes/risk.py",
            {"risk_models", "associated_factors", "provider_comparison", "alarm_account", "survival_estimates"}
            | {"survival_comparison", "treatment_incidence", "released_comparison", "released_series"},
        ),
        ("naome_pipeline/disclosure/revisions.py", {"revisions", "table_revisions", "publication"}),
        (
            "naome_pipeline/disclosure/attack.py",
            {"released_indicators", "released_comparison", "released_series", "released_registry_agreement"},
        ),
        ("naome_pipeline/reports/newsletter.py", {"newsletter"}),
        ("naome_pipeline/reports/state_of_the_nation/care.py", {"state_of_the_nation"}),
        (
            "naome_pipeline/reports/documents/blocks.html.jinja",
            {"state_of_the_nation", "methodology_supplement", "driver_diagrams"},
        ),
        ("naome_pipeline/uniting.py", UNITED),
        ("naome_pipeline/cli.py", set()),
        ("naome_pipeline/lake.py", set()),
    ],
)  # fmt: skip
def test_an_edit_concerns_the_tables_that_depend_on_the_file(copy, file, expected):
    assert changed_by(copy, file, "# edited" if file.endswith(".py") else "-- edited") == expected


@pytest.mark.parametrize("folder", ["reports", "outcomes", "statistics", "disclosure", "synthetic", "cohort"])
def test_no_edit_behind_the_sources_reads_a_delivery_again(copy, folder):
    for path in sorted((copy / "naome_pipeline" / folder).rglob("*.py")):
        assert not changed_by(copy, path.relative_to(copy).as_posix(), "# edited") & SOURCES, path.name


def test_a_layout_makes_the_sources_again_and_a_policy_the_release(copy):
    layout = next((copy / "naome_pipeline/deliveries/layouts/tumours").glob("*.yaml"))
    assert changed_by(copy, layout.relative_to(copy).as_posix(), "# edited") >= SOURCES
    policies = changed_by(copy, "naome_pipeline/disclosure/policies.yaml", "# edited")
    assert {"released_indicators", "released_comparison"} <= policies
    assert not policies & SOURCES


def test_parameters_and_code_lists_are_those_the_code_asks_for():
    found = {node.name: node for node in nodes("annual")} | {
        node.name: node for node in nodes("wales_annual")
    }
    assert "de_novo_window_end" in found["recurrence_rates"].parameter_names
    assert "quarters_reported" in found["registry_agreement"].parameter_names
    assert found["providers"].code_lists == ("organisations", "provider_successors")
    assert "minimum_age" not in found["survival_estimates"].parameter_names


def test_what_a_table_is_made_with_is_in_its_code(copy):
    """The functions of a maker lie in a module that counts; `sql_node` alone counts by its text."""
    for feed in FEEDS:
        for node in nodes(feed):
            assert node._makers or node.sql, node.name
    assert changed_by(copy, "naome_pipeline/outcomes/survival.py", "# edited") >= {
        survival_estimates.__name__
    }


@pytest.mark.parametrize("path", PYTHON, ids=lambda p: p.relative_to(PROJECT).as_posix())
def test_the_imports_that_are_searched_are_those_python_sees(path):
    seen = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for_types = [
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for inner in ast.walk(node)
    ]
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node not in for_types:
            module = str(node.module)
            if module.partition(".")[0] in ("naome_pipeline", "assets"):
                names = {f"{module}.{alias.name}" for alias in node.names}
                seen |= {name for name in names if code_versions._file_of(name)} or {module}
        if isinstance(node, ast.Import):
            assert not any(alias.name.startswith(("naome_pipeline", "assets")) for alias in node.names)
    assert seen <= code_versions._imports(path.read_text(encoding="utf-8"))
