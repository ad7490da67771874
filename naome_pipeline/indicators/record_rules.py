"""How records become facts about people, in sentences: what somebody needs who would compute the numbers again.

What belongs here: reading `record_rules.yaml` and putting the parameters in. What does not: a rule (the SQL of `cohort/`
and of this folder).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from string import Template

from naome_pipeline.configuration import read_configuration, understanding
from naome_pipeline.parameters import parameters

RULES_FILE = Path(__file__).parent / "record_rules.yaml"


@cache
def record_rules() -> Mapping[str, tuple[str, ...]]:
    """Chapter to its sentences, with the values of the parameters; ConfigurationError when the file is wrong."""
    raw = read_configuration(RULES_FILE)
    values = {name: f"{p.value}".replace("-", "\N{MINUS SIGN}") for name, p in parameters().items()}
    with understanding(RULES_FILE):
        return {
            chapter: tuple(Template(sentence).substitute(values) for sentence in sentences)
            for chapter, sentences in raw.items()
        }
