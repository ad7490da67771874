"""The measure of reading age agrees with published and hand-counted figures, and the summary for patients keeps its bound."""

from __future__ import annotations

import re

import pytest

from naome_pipeline.reports.patient_summary import (
    ASKED,
    READING_AGE,
    measured,
    summary,
    write_patient_summary,
)
from naome_pipeline.reports.readability import measure, syllables
from tests.reports.annual import annual_frames
from tests.reports.around import SITUATIONS, text_of
from tests.reports.released_tables import released


def test_the_published_example_has_its_published_grade():
    """Wikipedia, Flesch-Kincaid readability tests: 13 words, 24 syllables, grade 11.3."""
    found = measure(["The Australian platypus is seemingly a hybrid of a mammal and reptilian creature."])
    assert (found.sentences, found.words, found.syllables) == (1, 13, 24)
    assert found.grade == pytest.approx(11.3, abs=0.05)
    assert found.reading_age == found.grade + 5


def test_counts_by_hand():
    found = measure(["The cat sat. It had 3 legs!", "Was it sad?"])
    assert (found.sentences, found.words, found.syllables) == (3, 9, 9)
    assert found.grade == pytest.approx(0.39 * 3 + 11.8 - 15.59)


@pytest.mark.parametrize(
    ("word", "count"),
    [
        ("care", 1), ("looked", 1), ("makes", 1), ("trusts", 1), ("people", 2), ("table", 2), ("treated", 2),
        ("cancer", 2), ("hospital", 3), ("hospitals", 3), ("specialist", 3), ("metastatic", 4), ("chemotherapy", 5),
        ("don't", 1), ("team's", 1), ("first-line", 2),
    ],
)  # fmt: skip
def test_syllables(word, count):
    assert syllables(word) == count


def test_a_harder_text_measures_harder():
    plain = measure(["We look at care. It can get better."])
    hard = measure(
        ["The audit investigates unwarranted variation in multidisciplinary oncological management."]
    )
    assert hard.reading_age > plain.reading_age + 8


def test_a_text_without_words_has_no_reading_age():
    with pytest.raises(ValueError, match="without words"):
        measure(["12 34.", ""])


@pytest.mark.parametrize("situation", ["small nation", "no Welsh delivery", "nothing", "a quarter's tables"])
def test_the_summary_for_patients_keeps_its_reading_age_and_states_it(situation, tmp_path):
    tables = released(tmp_path, SITUATIONS[situation]())
    found = measured(summary(tables))
    assert found.reading_age <= READING_AGE
    write_patient_summary(tables, tmp_path)
    for name in ("patient_summary.html", "patient_summary.pdf", "patient_summary_large_print.pdf"):
        text = text_of(tmp_path / name)
        said = re.search(r"Reading age of this summary: (\d+) years.*?\(grade (-?\d+\.\d)\)", text)
        assert said is not None
        assert said[1] == f"{found.reading_age:.0f}"
        assert said[2] == f"{found.grade:.1f}"


def test_the_summary_with_every_sentence_keeps_its_reading_age(tmp_path):
    tables = released(tmp_path, annual_frames(alliances=2, trusts=2))
    found = measure(
        [
            *(t for s in summary(tables) for t in (s.heading, *s.texts, *s.points)),
            *ASKED.values(),
        ]
    )
    assert found.reading_age <= READING_AGE
