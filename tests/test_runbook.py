"""Every command that the runbook and the other pages name is there, with the options they give it."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from naome_pipeline.cli import app

ROOT = Path(__file__).parent.parent
PAGES = ("README.md", "CONTRIBUTING.md", "deploy/README.md", "docs/runbook.md", "docs/information-governance.md",
         "docs/faults-checked.md")  # fmt: skip
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
# In code only: a sentence may say what naome is.
CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
NAOME = re.compile(r"(?<![\w/.-])naome (?!\w+_)([a-z][^#\n`|;&)]*)")
MAKE = re.compile(r"(?<![\w/.-])make ([a-z]+)")


def commands(page: str, pattern: re.Pattern[str]) -> list[str]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return [found.strip() for code in CODE.findall(text) for found in pattern.findall(code)]


@pytest.mark.parametrize("page", PAGES)
def test_every_naome_command_that_a_page_names_exists(page):
    for words in map(shlex.split, commands(page, NAOME)):
        command: Any = typer.main.get_command(app)
        while hasattr(command, "commands"):
            assert words, page
            assert words[0] in command.commands, (page, words)
            command = command.commands[words.pop(0)]
        known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
        assert {word for word in words if word.startswith("--")} <= known, (page, command.name, words)


@pytest.mark.parametrize("page", PAGES)
def test_every_make_target_that_a_page_names_exists(page):
    assert set(commands(page, MAKE)) <= TARGETS


def test_the_pages_name_commands_at_all():
    assert len(commands("docs/runbook.md", NAOME)) > 15
    assert "faults" in commands("docs/faults-checked.md", MAKE)


def test_the_files_and_places_that_the_runbook_points_to_are_there():
    text = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    headings = {
        re.sub(r"[^a-z ]", "", h.lower()).strip().replace(" ", "-")
        for h in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    }
    for target in re.findall(r"\]\(([^)]+)\)", text):
        file, _, place = target.partition("#")
        assert not file or (ROOT / "docs" / file).is_file(), target
        assert not place or place in headings, target
    for script in re.findall(r"deploy/\w+\.sh", text):
        assert (ROOT / script).is_file()


def test_the_runbook_knows_every_event_of_the_log():
    text = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    sources = [*(ROOT / "naome_pipeline").glob("*.py"), *(ROOT / "assets").glob("*.py")]
    events = {
        event
        for path in sources
        for call in re.findall(
            r"\blog\(\s*home,(.*?)[,)]\s*(?:\*\*|\w+=)", path.read_text(encoding="utf-8"), re.DOTALL
        )
        for event in re.findall(r'"([a-z ]+)"', call)
    }
    assert len(events) > 8
    assert [event for event in events if f"`{event}`" not in text] == []
