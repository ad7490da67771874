"""A driver diagram per goal, with the released values of its measures and the same in words."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from naome_pipeline.configuration import ConfigurationError
from naome_pipeline.indicators.registry import registry
from naome_pipeline.reports.documents.model import Chart
from naome_pipeline.reports.drivers import diagrams
from naome_pipeline.reports.drivers.diagrams import drivers, write_driver_diagrams
from naome_pipeline.reports.drivers.drawing import WIDTH
from tests.reports.annual import annual_frames
from tests.reports.around import text_of
from tests.reports.pdf import read_pdf
from tests.reports.released_tables import released

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    tables = released(tmp_path_factory.mktemp("tables"), annual_frames(trusts=8, alliances=2))
    folder = tmp_path_factory.mktemp("files")
    write_driver_diagrams(tables, folder)
    return folder


def test_every_measure_of_the_plan_drives_the_goal_it_has_in_the_registry():
    placed = {name: goal for goal, found in drivers().items() for d in found for name in d.measures}
    planned = {n: i.goal for n, i in registry().indicators.items() if i.variant_of is None}
    assert placed == planned


@pytest.mark.parametrize("goal", list(registry().goals))
def test_no_box_overlaps_another_and_all_lie_in_the_picture(folder, goal):
    root = ElementTree.fromstring(
        (folder / "driver-diagrams" / f"goal-{goal}.svg").read_text(encoding="utf-8")
    )
    boxes = [
        tuple(float(r.get(k, "0")) for k in ("x", "y", "width", "height")) for r in root.iter(f"{SVG}rect")
    ]
    assert len(boxes) > 4
    for n, (x, y, w, h) in enumerate(boxes):
        assert x >= 0
        assert y >= 0
        assert x + w <= WIDTH
        for x2, y2, w2, h2 in boxes[:n]:
            assert x + w <= x2 or x2 + w2 <= x or y + h <= y2 or y2 + h2 <= y
    assert registry().goals[goal].split()[0] in "".join(root.itertext())


def test_the_words_say_what_the_picture_shows(folder):
    pdf = read_pdf((folder / diagrams.PDF_FILE).read_bytes())
    assert len(pdf.alternatives) == len(registry().goals)
    for goal, words in enumerate(pdf.alternatives, start=1):
        assert all(d.driver in words and all(c in words for c in d.changes) for d in drivers()[goal])


def test_the_diagrams_name_the_delivery_and_the_parameters_they_were_made_from(folder):
    text = text_of(folder / diagrams.PDF_FILE)
    assert re.search(rf"delivery {'f' * 12}, parameters [0-9a-f]{{12}} \(SHA-256\)", text)


def test_a_measure_carries_its_released_value(tmp_path):
    made = annual_frames(trusts=8, alliances=2)
    document = diagrams.driver_diagrams(diagrams.Reading(released(tmp_path, made)))
    values = made["released_indicators"]
    row = values[
        (values["indicator"] == "P9") & (values["level"] == "both_nations") & (values["subgroup"] == "all")
    ].iloc[0]
    [chart] = [b for b in document.sections[3].blocks if isinstance(b, Chart)]
    assert (
        f"Died within 30 days of a chemotherapy cycle, {100 * row['proportion']:.1f}%"
        in chart.table.rows[0][1]
    )


def test_a_measure_that_is_none_is_a_mistake_in_the_file(tmp_path, monkeypatch):
    path = tmp_path / "drivers.yaml"
    path.write_text("1:\n  - {driver: A, measures: [P99], changes: [B]}\n", encoding="utf-8")
    monkeypatch.setattr(diagrams, "DRIVERS_FILE", path)
    drivers.cache_clear()
    with pytest.raises(ConfigurationError, match="names P99, which is no indicator"):
        drivers()
    drivers.cache_clear()
