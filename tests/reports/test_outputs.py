"""The page of all outputs: every file of a release is reached from it, by reader; the index of releases leads to it."""

from __future__ import annotations

import json
import re

from naome_pipeline.reports.outputs import OTHER, READERS, by_reader
from naome_pipeline.reports.release_index import MANIFEST_FILE, first_page, write_release_index
from tests.reports.around import small_nation, write_all
from tests.reports.released_tables import frames
from tests.reports.test_release_index import manifest


def test_every_file_of_a_release_is_reached_from_the_page(tmp_path):
    folder = write_all(
        small_nation(), tmp_path, "action_plans", "benchmarks", "newsletter", "outlier_pack", "open_data",
        "patient_summary", "outputs page",
    )  # fmt: skip
    page = (folder / "outputs.html").read_text(encoding="utf-8")
    linked = set(re.findall(r'href="([^"#]+)"', page))
    pack = (folder / "outliers" / "outlier_pack.html").read_text(encoding="utf-8")
    linked |= {f"outliers/{target}" for target in re.findall(r'href="([^"#:]+)"', pack)}
    there = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert there - {"outputs.html"} <= linked
    assert {target for target in linked if not target.startswith("../")} - {"data:,"} <= there
    assert page.count("<h2") == len(set(re.findall("<h2[^>]*>(.*?)</h2>", page)))
    assert OTHER not in page


def test_a_quarters_release_lists_what_it_has_and_promises_nothing(tmp_path):
    folder = write_all(frames(), tmp_path, "open_data", "outputs page")
    page = (folder / "outputs.html").read_text(encoding="utf-8")
    assert "indicators.csv" in page
    for absent in ("Local Action Plan", "letters to trusts", "patient_summary", "Each trust"):
        assert absent not in page


def test_a_file_nobody_described_is_listed_by_its_name():
    pictures = [f"driver-diagrams/goal-{n}.svg" for n in (1, 2)]
    found = by_reader(
        ["index.html", "something_new.bin", "indicators.csv", "state-of-the-nation.pdf", *pictures]
    )
    assert [reader for reader in READERS if reader in found] == list(found)
    assert [(e.path, e.title) for e in found[OTHER]] == [("something_new.bin", "something_new.bin")]
    assert sum(len(entries) for entries in found.values()) == 6
    titles = [entry.title for entries in found.values() for entry in entries]
    assert len(set(titles)) == len(titles)


def test_a_years_release_opens_at_its_outputs_and_a_quarters_at_its_dashboard(tmp_path):
    for feed, period in (("annual", "2023"), ("england_quarterly", "2025Q3")):
        manifest(tmp_path, feed, period, 1)
        place = tmp_path / feed / period / "v001"
        content = json.loads((place / MANIFEST_FILE).read_text(encoding="utf-8"))
        content["files"] = [{"path": p, "sha256": "a", "bytes": 1} for p in ("index.html", "outputs.html")]
        (place / MANIFEST_FILE).write_text(json.dumps(content), encoding="utf-8")
        for name in ("index.html", "outputs.html"):
            (place / name).write_text("", encoding="utf-8")
    write_release_index(tmp_path)
    links = re.findall(r'href="([^"#]+\.html)"', (tmp_path / "index.html").read_text(encoding="utf-8"))
    assert links == [
        "annual/2023/v001/outputs.html",
        "annual/2023/v001/index.html",
        "england_quarterly/2025Q3/v001/index.html",
        "england_quarterly/2025Q3/v001/outputs.html",
    ]
    assert first_page(tmp_path / "annual/2023/v001", "2023").name == "outputs.html"
    assert first_page(tmp_path / "england_quarterly/2025Q3/v001", "2025Q3").name == "index.html"
    (tmp_path / "annual/2023/v001/outputs.html").unlink()
    assert first_page(tmp_path / "annual/2023/v001", "2023").name == "index.html"
