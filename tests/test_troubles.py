"""Troubles of the machine are said in a sentence, and no library's text is passed on."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from naome_pipeline import engine
from naome_pipeline.engine import EngineSettings
from naome_pipeline.stored import NotPublished
from naome_pipeline.troubles import described

SECRET = "9434765919"


def raised(statement: str, **config: str) -> BaseException:
    with duckdb.connect(config={**config}) as connection, pytest.raises(duckdb.Error) as found:
        connection.execute(statement).fetchall()
    return found.value


def test_a_value_of_a_record_is_never_repeated():
    said = described(raised(f"SELECT CAST('{SECRET}x' AS INTEGER)"))
    assert SECRET not in said
    assert "ConversionException" in said
    with pytest.raises(ValueError, match=SECRET) as found:
        pd.to_numeric([f"{SECRET}x"])
    assert SECRET not in described(found.value)


def test_too_little_memory_names_the_setting(monkeypatch):
    monkeypatch.setenv("NAOME_MEMORY", "5MB")
    problem = raised(
        "SELECT COUNT(*) FROM (SELECT DISTINCT range, random() FROM range(3000000))",
        memory_limit="5MB",
        temp_directory="",
        threads="1",
    )
    assert "NAOME_MEMORY, now 5MB" in described(problem)


def test_full_disk_and_missing_permission_name_the_file():
    assert "disk is full: /lake/x" in described(OSError(errno.ENOSPC, "No space left on device", "/lake/x"))
    assert "no permission: /lake/x" in described(
        PermissionError(errno.EACCES, "Permission denied", "/lake/x")
    )


def test_a_disk_that_fills_while_a_folder_is_copied_is_said_once():
    full, gone = (
        OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/b/y"),
        "[Errno 2] No such file or directory: '/a/x'",
    )
    said = described(shutil.Error([("/a/y", "/b/y", str(full)), ("/a/z", "/b/z", str(full))]))
    assert said.startswith("the disk is full: /b/y. ")
    assert described(shutil.Error([("/a/x", "/b/x", gone)])).startswith("No such file or directory: /a/x. ")


def test_errors_of_the_project_speak_for_themselves(monkeypatch):
    assert described(NotPublished("table 'people' has none")) == "table 'people' has none"
    monkeypatch.setenv("NAOME_THREADS", "many")
    with pytest.raises(ValueError, match="NAOME_THREADS") as found:
        EngineSettings.from_environment(Path())
    assert described(found.value) == str(found.value)


@pytest.mark.parametrize("kind", [ValueError, KeyError, RuntimeError, OSError])
def test_an_error_of_python_raised_in_our_code_is_not_quoted(kind):
    planted = {
        ValueError: f"int('NHS{SECRET}')",
        KeyError: f"{{}}['{SECRET}']",
        RuntimeError: f"raise RuntimeError('{SECRET}')",
        OSError: f"raise OSError('{SECRET}')",
    }[kind]
    ours = Path(engine.__file__)
    with pytest.raises(kind, match=SECRET) as found:
        exec(compile(planted, ours, "exec"))
    said = described(found.value)
    assert SECRET not in said
    assert f"unexpected {kind.__name__} at engine.py:1" in said


def test_what_nobody_expected_says_where_and_nothing_else():
    with pytest.raises(KeyError) as found:
        _ = {}[SECRET]
    said = described(found.value)
    assert SECRET not in said
    assert "unexpected KeyError at test_troubles.py:" in said
