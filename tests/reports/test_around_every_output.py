"""What holds for every yearly output: it builds whatever is missing, says what it was made from, gives nothing away, runs
nothing, and is the same twice."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from naome_pipeline.reports.safety import file_stem, write_archive
from tests.reports.around import SITUATIONS, WRITERS, is_well_made, small_nation, text_of, write_all
from tests.reports.released_tables import EVIL, FORMULA
from tests.reports.workbook import sheets_of

TEXTS = (".docx", ".pdf", ".html", ".txt")
LINK, TWO_LINKS = "[click](http://x.example)", "[a](http://x.example) [b](http://y.example) $$note$$"


# The workbook takes longest and shows only what the tables hold: it is built where those are unlike any other.
UNLIKE = {"small nation", "no Welsh delivery", "everything suppressed", "nothing", "a quarter's tables"}


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Callable[[str], Path]:
    """`built(situation)` gives the folder of its outputs, written once."""

    @cache
    def _built(situation: str) -> Path:
        names = [n for n in WRITERS if situation in UNLIKE or n not in ("data_workbook", "open_data")]
        return write_all(SITUATIONS[situation](), tmp_path_factory.mktemp("built"), *names)

    return _built


@pytest.fixture(scope="module")
def whole(built) -> Path:
    return built("small nation")


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def readable(folder: Path) -> list[Path]:
    return [path for path in files(folder) if path.suffix in TEXTS and "licence" not in path.name]


@pytest.mark.parametrize("situation", SITUATIONS)
def test_every_output_builds_and_reads_sensibly(built, situation):
    reads_sensibly(built(situation))


def reads_sensibly(folder: Path) -> None:
    for path in readable(folder):
        text = text_of(path)
        assert len(text) > 300, path.name
        for sign in ("nan", "NaN", "None(?! names)", "<NA>", "NaT", r"\{", r"\}"):
            assert not re.search(rf"(?<![\w-]){sign}(?![\w-])", text), (path.name, sign)
    for path in folder.rglob("*.xlsx"):
        for sheet, rows in sheets_of(path).items():
            assert rows, (path.name, sheet)
            assert not {"nan", "None", "<NA>", "NaT"} & {cell for row in rows for cell in row if cell}, sheet


@pytest.mark.parametrize("situation", ["everything below the nation suppressed", "everything suppressed"])
def test_hidden_trusts_are_named_nowhere_and_their_plans_say_hidden(built, situation):
    folder = built(situation)
    pack = text_of(folder / "outliers" / "outlier_pack.html")
    assert "No result that trusts are judged by can be shown in this release." in pack
    assert re.search(r"\d+ are hidden to protect people", pack)
    for path in folder.glob("action_plans/*"):
        assert "%" not in own_part(text_of(path))
    for path in folder.glob("benchmarks/*"):
        assert "hidden" in text_of(path)


def own_part(text: str) -> str:
    """Of a plan only what it says of the trust itself."""
    return " ".join(re.findall(r"Your trust: (.*?)\. (?:Cancer|England|Wales|Against)", text))


def test_nobody_is_flagged_where_every_trust_is_within_the_limits(built):
    folder = built("no outliers")
    assert text_of(folder / "outliers" / "outlier_pack.html").count("judged by and that can be shown") == 3


def test_a_missing_indicator_is_said_not_shown(built):
    folder = built("a missing indicator")
    assert "Without a number in this release: Discussed in a multidisciplinary team meeting" in text_of(
        folder / "newsletter.txt"
    )
    page = text_of(next(folder.glob("benchmarks/*.pdf")))
    assert "Not given for this trust in this release: Discussed in a multidisciplinary team meeting" in page
    assert "Team meetings" not in text_of(folder / "patient_summary.html")


def test_every_output_says_what_it_was_made_from_and_that_its_data_are_artificial(whole):
    for path in readable(whole):
        text = text_of(path)
        assert "do not exist" in text, path.name
        assert "f" * 12 in text, path.name
        for said in ("0.1.0", "2025-08-30", "public", "version", "provenance.csv", "not an NHS service"):
            assert said in text, (path.name, said)
    cover = " ".join(str(cell) for row in sheets_of(whole / "data_viewer.xlsx")["Cover"] for cell in row)
    for said in ("do not exist", "f" * 64, "0.1.0", "2025-08-30", "public", "provenance.csv"):
        assert said in cover, said


def test_internal_releases_say_so_everywhere(hostile):
    for path in readable(hostile):
        assert "Internal use only" in text_of(path), path.name


def test_no_count_below_the_threshold_of_any_place_below_the_nation(whole):
    """Every value with its counts in every document, and every count of the workbook."""
    for path in readable(whole):
        for top, bottom in re.findall(r"\(([\d,]+) of ([\d,]+)\)", text_of(path)):
            numerator, denominator = (int(n.replace(",", "")) for n in (top, bottom))
            assert not 1 <= numerator <= 4, path.name
            assert not 1 <= denominator - numerator <= 4, path.name
    sheets = sheets_of(whole / "data_viewer.xlsx")
    for name in ("Alliances", "Trusts"):
        head, rows = sheets[name][2], sheets[name][3:]
        people, met = head.index("People counted"), head.index("People who meet it")
        assert name == "Alliances" or any(row[met] == "hidden" for row in rows)
        for row in rows:
            if row[met] == "hidden":
                assert {row[head.index(c)] for c in ("Share", "Lower", "Upper")} == {"hidden"}
            else:
                assert not 1 <= row[met] <= 4
                assert not 1 <= row[people] - row[met] <= 4


def test_same_tables_same_bytes(whole, tmp_path):
    again = write_all(small_nation(), tmp_path)
    assert [p.relative_to(again) for p in files(again)] == [p.relative_to(whole) for p in files(whole)]
    for path in files(again):
        name = path.relative_to(again)
        assert path.read_bytes() == (whole / name).read_bytes(), name


@pytest.fixture(scope="module")
def hostile(tmp_path_factory) -> Path:
    """An internal release with markup, formulas, links, control characters and paths in names and codes."""
    tables = small_nation()
    names = [EVIL, FORMULA, LINK, TWO_LINKS, "***", "Bell\x07 Trust"]
    codes = ["R000", "R001", "R002", "R003", "7A0", "7A1"]
    changed = {}
    for table, column in (("released_indicators", "unit_code"), ("released_comparison", "trust_code")):
        frame = tables[table].copy()
        for code, name in zip(codes, names, strict=True):
            frame.loc[frame[column] == code, "unit_name"] = name
        frame[column] = frame[column].replace({"R001": "../../R1", "R002": 'x"><b>'})
        changed[table] = frame
    provenance = tables["provenance"].copy()
    provenance.loc[provenance["item"] == "disclosure for publication", "value"] = "False"
    return write_all(tables | changed | {"provenance": provenance}, tmp_path_factory.mktemp("hostile"))


def test_names_from_outside_are_text_in_every_output(hostile):
    folder = hostile
    assert {path.parent.name for path in files(folder)} <= {
        "out", "action_plans", "benchmarks", "outliers"
    }  # fmt: skip
    assert {path.name for path in files(folder.parent) if folder not in path.parents} == {
        f"{name}.parquet" for name in small_nation()
    }
    for path in files(folder):
        assert re.fullmatch(r"[A-Za-z0-9_.-]+", path.name), path.name
    for page in folder.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert "<script" not in text
        assert "<b>" not in text
        assert not re.search(r'href="(?:https?:|//|javascript:)', text)
    with zipfile.ZipFile(folder / "data_viewer.xlsx") as archive:
        content = "".join(archive.read(n).decode() for n in archive.namelist())
    assert "x.example" not in "".join(re.findall(r'Target="[^"]*"', content))
    assert "<f>" not in content
    cells = {cell for row in sheets_of(folder / "data_viewer.xlsx")["Trusts"] for cell in row}
    assert {EVIL, FORMULA} <= cells
    assert any(EVIL in text_of(path) for path in folder.glob("action_plans/*.docx"))


def test_a_file_name_holds_an_organisation_code_or_its_hash():
    assert file_stem("R0A") == "R0A"
    for code in ("../x", "r0a", "", "R0A/..", "A" * 40, "CON.", "R 1"):
        assert re.fullmatch(r"code-[0-9a-f]{12}", file_stem(code)), code
    assert file_stem("r0a") != file_stem("R0a")


def test_an_archive_has_no_times(tmp_path):
    write_archive(tmp_path / "a.zip", {"one.txt": b"1"})
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert [entry.date_time for entry in archive.infolist()] == [(1980, 1, 1, 0, 0, 0)]


def test_word_documents_have_title_language_headings_and_heading_rows(whole):
    documents = [path for path in files(whole) if path.suffix == ".docx"]
    assert {path.parent.name for path in documents} == {"action_plans"}
    for path in documents:
        is_well_made(path)


def test_pdfs_are_tagged_titled_and_in_english(whole):
    found = [path for path in files(whole) if path.suffix == ".pdf"]
    assert len(found) == 2 + 11
    for path in found:
        reader = PdfReader(path)
        root: Any = reader.root_object
        assert root["/MarkInfo"]["/Marked"]
        assert root["/Lang"] == "en-GB"
        assert reader.metadata is not None
        assert reader.metadata.title
        assert root["/ViewerPreferences"]["/DisplayDocTitle"]
        assert b"pdfuaid" in root["/Metadata"].get_object().get_data()


def test_pages_ask_for_nothing_from_elsewhere(whole):
    for page in whole.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert '<html lang="en-GB">' in text
        assert "default-src 'none'" in text
        assert not re.findall(r'(?:src|href)="(?:https?:)?//', text)
        for target in re.findall(r'href="([^"#:]+)"', text):
            if not target.startswith("../../../"):
                assert (page.parent / target).is_file(), (page.name, target)
