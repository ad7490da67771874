"""A trust is told of its results beyond the limits, those the release hides too; nothing of that is public."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Any

import docx
import pandas as pd
import pytest

from naome_pipeline.confidential.letters import LETTERS_FOLDER
from naome_pipeline.confidential.register import REGISTER_FILE
from tests.confidential.made_up import Frames, states, written
from tests.reports.annual import annual_frames, with_worse_outlier
from tests.reports.around import is_well_made, no_outliers, text_of
from tests.reports.released_tables import EVIL
from tests.reports.workbook import sheets_of

FLAGGED = ("alert", "potential outlier")
STAGES = ("notification", "confirmation", "publication")


@pytest.fixture(scope="module")
def tables() -> Frames:
    return with_worse_outlier(annual_frames(alliances=2, trusts=12, seed=3))


@pytest.fixture(scope="module")
def worse(tables) -> pd.Series:
    """What the release hides: every result on the worse side."""
    return tables["released_comparison"]["direction"] == "worse"


@pytest.fixture(scope="module")
def folder(tables, worse, tmp_path_factory) -> Path:
    return written(tables, worse, tmp_path_factory.mktemp("confidential"))


def in_letters(folder: Path) -> dict[tuple[str, str, str], list[str]]:
    """(stage, indicator, trust) to the cells of its row, read back from the letters."""
    found = {}
    for path in sorted((folder / LETTERS_FOLDER).iterdir()):
        stage, code = path.stem.split("_")
        for table in docx.Document(str(path)).tables[:-1]:
            for row in table.rows[1:]:
                cells = [cell.text for cell in row.cells]
                place = re.search(r"\((\w+), [\w ]+\)$", cells[0])
                assert place is not None
                found[stage, place[1], code] = cells
    return found


def formal(tables) -> pd.DataFrame:
    compared, definitions = (
        tables["released_comparison"],
        tables["released_definitions"].set_index("indicator"),
    )
    adjusted = compared["indicator"].map(definitions["risk_adjustment"] != "none")
    own = compared["indicator"].map(definitions["variant_of"].isna())
    return compared[own & (adjusted == (compared["comparison"] == "risk adjusted"))]


def test_letters_give_every_flagged_result_of_their_trust_and_no_other(tables, folder):
    seen = in_letters(folder)
    wanted: dict[Any, Any] = {
        (stage, row.indicator, row.trust_code): row
        for row in formal(tables).itertuples(index=False)
        for stage in STAGES
        if row.state in FLAGGED
        and (stage != "confirmation" or (row.state == "potential outlier" and row.direction != "better"))
        and (
            stage != "publication" or row.direction != "worse"
        )  # a hidden result is not going to be published
    }
    assert seen.keys() == wanted.keys()
    assert {row.direction for row in wanted.values()} >= {"better", "worse"}
    for place, row in wanted.items():
        title, result, national, people, state, wide, shown = seen[place]
        ratio = row.comparison == "risk adjusted"
        assert row.comparison in title
        number = (lambda v: f"{v:.2f} times as expected") if ratio else (lambda v: f"{100 * v:.1f}%")
        assert (result, national) == (number(row.value), f"{number(row.target)} (England and Wales)")
        assert people.startswith(f"{int(row.numerator):,} of {int(row.denominator):,}")
        assert state == f"{row.state}, {row.direction}"
        assert wide == (row.overdispersed_state or "exact limits only")
        assert shown == ("not shown" if row.direction == "worse" else "shown")


def test_a_trust_whose_only_flags_are_hidden_gets_its_letter(tables, folder):
    flagged = formal(tables).query("state in @FLAGGED")
    only = set(flagged["trust_code"]) - set(flagged.query("direction != 'worse'")["trust_code"])
    assert only
    for code in only:
        text = text_of(folder / LETTERS_FOLDER / f"notification_{code}.docx")
        assert "Confidential: for the trust it is addressed to." in text
        assert "A result that is not shown is hidden in everything the audit publishes" in text
        assert not (folder / LETTERS_FOLDER / f"publication_{code}.docx").exists()


def test_a_letter_names_only_stages_that_come_for_its_results(tables, folder):
    """An alert is not confirmed, and what is hidden is not published."""
    seen = set()
    for code, own in formal(tables).query("state in @FLAGGED").groupby("trust_code"):
        stages = docx.Document(str(folder / LETTERS_FOLDER / f"notification_{code}.docx")).tables[-1]
        text = " ".join(row.cells[0].text for row in stages.rows[1:])
        confirmed = bool(((own["state"] == "potential outlier") & (own["direction"] != "better")).any())
        published = bool((own["direction"] != "worse").any())
        assert ("The audit confirms" in text, "are published" in text) == (confirmed, published)
        seen.add((confirmed, published))
    assert {(False, True), (True, False)} <= seen


def test_the_register_has_every_flagged_result_and_says_which_are_hidden(tables, folder):
    rows = sheets_of(folder / REGISTER_FILE)["Register"]
    head, body = rows[2], [dict(zip(rows[2], row, strict=False)) for row in rows[3:]]
    flagged = formal(tables).query("state in @FLAGGED")
    assert {(row["Indicator"], row["Trust code"]) for row in body} == set(
        flagged[["indicator", "trust_code"]].itertuples(index=False, name=None)
    )
    assert len(body) == len(flagged) > 5
    for row in body:
        assert (row["In the release"] == "hidden") == (row["Direction"] == "worse")
        assert row["Notification by"] < row["Answer by"] < row["Publication by"]
        assert row.get("Date of answer") is None
    assert "Result still stands?" in head
    cover = " ".join(str(cell) for row in sheets_of(folder / REGISTER_FILE)["Cover"] for cell in row)
    for said in ("Confidential", "do not exist", "f" * 64, "0.1.0", "2025-08-30", "public"):
        assert said in cover, said


def test_letters_are_well_made_documents(folder):
    letters = list((folder / LETTERS_FOLDER).iterdir())
    assert len(letters) > 10
    for path in letters:
        is_well_made(path)
        assert "f" * 12 in text_of(path)


def test_without_a_flag_there_is_no_letter_and_an_empty_register(tmp_path):
    made = no_outliers()
    folder = written(made, made["released_comparison"]["state"] == "", tmp_path)
    assert not (folder / LETTERS_FOLDER).exists()
    assert sheets_of(folder / REGISTER_FILE)["Register"][3][0] == "This release has nothing here."
    assert set(states(folder)["in_the_release"]) == {"shown"}


def test_names_and_codes_from_outside_are_text(tables, tmp_path):
    made = dict(tables)
    for name, column in (("released_indicators", "unit_code"), ("released_comparison", "trust_code")):
        frame = made[name].copy()
        frame.loc[frame[column] == "R000", "unit_name"] = EVIL
        frame[column] = frame[column].replace({"R001": "../../R1", "R002": 'x"><b>'})
        made[name] = frame
    folder = written(made, made["released_comparison"]["direction"] == "worse", tmp_path)
    assert {p.parent for p in folder.rglob("*") if p.is_file()} == {folder, folder / LETTERS_FOLDER}
    for path in (folder / LETTERS_FOLDER).iterdir():
        assert re.fullmatch(r"[A-Za-z0-9_.-]+", path.name), path.name
    with zipfile.ZipFile(folder / REGISTER_FILE) as archive:
        assert "<f>" not in "".join(archive.read(n).decode() for n in archive.namelist())


def test_same_tables_same_bytes(tables, worse, folder, tmp_path):
    again = written(tables, worse, tmp_path)
    for path in folder.rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (again / path.relative_to(folder)).read_bytes(), path.name
