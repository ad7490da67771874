"""The reader of outputs finds what is packed away in them: a scan that cannot see cannot fail."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from naome_pipeline.reports.dashboard import packed
from naome_pipeline.reports.spreadsheet import write_workbook
from tests.pipeline.outputs import prose, tables, texts

CANARY = "XQZCANARYVALUE"


def test_a_word_is_found_in_every_kind_of_file(tmp_path: Path):
    (tmp_path / "a.csv").write_text(f"trust_code,numerator\nRAJ,{CANARY}\n", encoding="utf-8")
    (tmp_path / "a.json").write_text(f'{{"x": "{CANARY}"}}', encoding="utf-8")
    held = packed({"values": [CANARY]})
    assert CANARY not in held
    page = f'<p>12 of 34</p><script type="text/plain" id="data">{held}</script>'
    (tmp_path / "a.html").write_text(page, encoding="utf-8")
    write_workbook(tmp_path / "a.xlsx", {"Sheet": (["trust_code", "numerator"], [(CANARY, 3)])})
    with zipfile.ZipFile(tmp_path / "a.docx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", f"<w:p><w:t>{CANARY}</w:t></w:p><w:p><w:t>12 of 34</w:t></w:p>")
    files = sorted(tmp_path.iterdir())
    assert len(files) == 5
    for path in files:
        assert any(CANARY in text for text in texts(path)), path
    assert "12 of 34" in prose(tmp_path / "a.html")
    assert "12 of 34" in prose(tmp_path / "a.docx")
    assert held not in prose(tmp_path / "a.html")
    ((_, rows),) = tables(tmp_path / "a.xlsx")
    assert rows == [{"trust_code": CANARY, "numerator": 3.0}]


def test_a_kind_nobody_can_read_is_an_error(tmp_path: Path):
    (tmp_path / "a.bin").write_bytes(b"?")
    with pytest.raises(pytest.fail.Exception, match="nobody has said how to read"):
        list(texts(tmp_path / "a.bin"))
