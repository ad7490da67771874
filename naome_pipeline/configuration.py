"""Reading the files people edit: parameters, policies, indicators, layouts, gates. A mistake is one sentence with the file.

What belongs here: turning what YAML, JSON and pydantic say about a file into that sentence. What does not: what a file
means (the module that reads it).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from naome_pipeline.deliveries.errors import DeliveryError
from naome_pipeline.errors import Refused

# With libyaml it is read in a fifth of the time, and the same.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEEPEST = 100


class ConfigurationError(DeliveryError):
    """A file of the configuration cannot be used; the message names it, the place in it, and what is wrong."""


def read_configuration(path: Path) -> Any:
    """The content of a YAML or JSON file; ConfigurationError when it is neither."""
    try:
        text = path.read_text(encoding="utf-8")
        return json.loads(text) if path.suffix == ".json" else _from_yaml(text)
    except UnicodeDecodeError:
        problem = "it is not UTF-8 text"
    except json.JSONDecodeError as found:
        problem = f"line {found.lineno}: {found.msg}"
    except yaml.MarkedYAMLError as found:
        line = f"line {found.problem_mark.line + 1}: " if found.problem_mark else ""
        problem = f"{line}{found.problem or 'not valid YAML'}"
    except yaml.YAMLError as found:
        problem = f"not valid YAML ({type(found).__name__})"
    except (ValueError, OverflowError, RecursionError, KeyError, TypeError, AttributeError) as found:
        # PyYAML lets some values fail while it makes them, such as the date 2025-13-01 or an unknown kind of key.
        problem = f"a value cannot be read ({type(found).__name__})"
    raise mistake_in(path, problem)


def _from_yaml(text: str) -> Any:
    depth = 0
    for event in yaml.parse(text, _LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:  # libyaml would go on until the process ends for want of a stack
            raise RecursionError
    return yaml.load(text, _LOADER)


@contextmanager
def understanding(path: Path) -> Iterator[None]:
    """What goes wrong in this block, which makes sense of the file's content, is a mistake in the file."""
    try:
        yield
    except ValidationError as found:
        problem = sentences_of(found)
    except ConfigurationError:
        raise
    except (KeyError, TypeError, AttributeError, ValueError, IndexError, RecursionError) as found:
        said = (
            str(found)
            if type(found) in (ValueError, Refused)
            else f"something is missing or misplaced: {found}"
        )
        problem = said
    else:
        return
    raise mistake_in(path, problem)


def sentences_of(found: ValidationError) -> str:
    """Where pydantic found something wrong and what, without the values."""
    parts = [f"{'.'.join(map(str, e['loc'])) or 'the whole file'}: {e['msg']}" for e in found.errors()]
    return "; ".join(parts)


def mistake_in(path: Path, problem: str) -> ConfigurationError:
    """The error for a mistake in a file of the configuration."""
    return ConfigurationError(
        f"{path.name} is wrong: {problem}. What to do: correct {path}, or put the version that worked back"
    )
