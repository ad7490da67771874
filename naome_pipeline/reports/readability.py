"""How hard a text is to read, measured: the Flesch-Kincaid grade, and the reading age that goes with it.

What belongs here: counting sentences, words and syllables. What does not: any text.

Grade = 0.39 × words per sentence + 11.8 × syllables per word − 15.59 (Kincaid, Fishburne, Rogers and Chissom 1975: Derivation
of new readability formulas for Navy enlisted personnel, Research Branch Report 8-75). The grade is a school year of the
United States, whose first year begins at six: reading age = grade + 5.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import pyphen

_WORD = re.compile(r"[A-Za-z]+(?:['’-][A-Za-z]+)*")
_SENTENCE_END = re.compile(r"[.!?:]+(?:\s|$)")
_VOWELS = re.compile("[aeiouy]+")
# Endings whose e is not spoken: made, makes, looked (but not -ted, -ded, -les, -ces …).
_SILENT = re.compile("(?:[^aeiouyl]e|[^aeioutdy]ed|[^aeiouyscgzxl]es)$")


@dataclass(frozen=True)
class Readability:
    """The measure of one text."""

    sentences: int
    words: int
    syllables: int

    @property
    def grade(self) -> float:
        """The Flesch-Kincaid grade."""
        return 0.39 * self.words / self.sentences + 11.8 * self.syllables / self.words - 15.59

    @property
    def reading_age(self) -> float:
        """The age, in years, at which people can usually read such a text."""
        return self.grade + 5


def measure(paragraphs: Iterable[str]) -> Readability:
    """The measure of some paragraphs, each ending a sentence; numbers written in digits are no words. ValueError for a text
    without words."""
    sentences = words = counted = 0
    for paragraph in paragraphs:
        found = _WORD.findall(paragraph)
        if found:
            sentences += sum(bool(_WORD.search(part)) for part in _SENTENCE_END.split(paragraph))
            words += len(found)
            counted += sum(map(syllables, found))
    if not words:
        raise ValueError("a text without words has no reading age")
    return Readability(sentences, words, counted)


@cache
def _hyphens() -> pyphen.Pyphen:
    return pyphen.Pyphen(lang="en_GB", left=1, right=2)


@cache
def syllables(word: str) -> int:
    """Syllables of a word: its places to hyphenate and one, or its groups of vowels that are spoken, whichever is more.

    A dictionary of hyphenation knows where a word may be broken, which leaves out syllables of one letter; so the measure
    never flatters a text.
    """
    parts = [part for part in re.split("['’-]", word.lower()) if len(part) > 1] or [word.lower()]
    return sum(_syllables_of_part(part) for part in parts)


def _syllables_of_part(part: str) -> int:
    groups = len(_VOWELS.findall(part)) - bool(_SILENT.search(part) and len(part) > 2)
    return max(groups, len(_hyphens().positions(part)) + 1, 1)
