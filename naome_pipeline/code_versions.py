"""What of the code a table depends on, read from the code: the modules its maker imports, and what these name.

What belongs here: following imports, files and parameters from a module, and hashing what is found. What does not: what else
a table depends on (`build.py`).

Nobody keeps a list. A module counts with all it imports within the project; a file or folder beside a module counts when the
module names it (`FOLDER / "layouts"`, `"registry.yaml"`), so does a file that is named from the package on
(`PACKAGE / "outcomes" / "registry_pairs.sql"`); a parameter counts when a module asks for it (`value_of("minimum_age")`) or
one of those files names it (`$minimum_age`), a code list when a module asks for it by name, or for the
names of all (and then what is said of them). Text is
searched, not parsed: that takes a tenth of the time, and a name too many only makes a table again.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from naome_pipeline.parameters import no_parameter
from naome_pipeline.parameters import parameters as all_parameters
from naome_pipeline.reference import reference_names

ROOT = Path(__file__).parent.parent
PACKAGE = "naome_pipeline"
# These carry tables and read files; none decides a value. An edit in one of them would otherwise build everything again, and
# reading a national delivery takes longest. Parameters and code lists count one by one, where they are named.
FRAMEWORK = frozenset(
    f"{PACKAGE}.{name}"
    for name in (
        "apart", "build", "code_versions", "configuration", "engine", "errors", "gates", "home", "lake", "leftovers", "logs",
        "parameters", "reference", "stored", "tables", "uniting", "views",
    )
)  # fmt: skip
_IMPORT = re.compile(rf"^[ \t]*from ((?:{PACKAGE}|assets)[\w.]*) import (\([^)]*\)|[^\n]*)", re.MULTILINE)
_FOR_TYPES_ONLY = re.compile(r"^if TYPE_CHECKING:\n(?:[ \t]+[^\n]*\n|\n)+", re.MULTILINE)
_FILE = re.compile(r"""["']([\w./-]+\.\w+)["']""")
_JOINED = re.compile(r"""(?:/ |with_name\()["']([\w.-]+)["']""")
_FROM_PACKAGE = re.compile(r"""PACKAGE((?: / ["'][\w.-]+["'])+)""")
_ASKED = re.compile(r"""value_of\(\s*["'](\w+)["']""")
_TAKEN = re.compile(r"""parameters\(\)\[["'](\w+)["']""")
_LISTED = re.compile(r"""(?:reference_path|read_code_list)\(\s*["'](\w+)["']""")
_NAMED = re.compile(r"\$(\w+)")


@dataclass(frozen=True)
class Code:
    """The hash of code and of the files it names, and the parameters and code lists it asks for."""

    sha256: str
    parameters: frozenset[str]
    code_lists: frozenset[str]


@cache
def code_of(roots: frozenset[str]) -> Code:
    """Some modules, by their names, with all they depend on.

    A root counts even where it is part of the framework; a module outside the project does not.
    """
    found: dict[str, Code] = {}
    waiting = sorted(roots)
    while waiting:
        name = waiting.pop()
        if name not in found and (module := _module(name)) is not None:
            found[name], imports = module
            waiting += imports - FRAMEWORK
    lines = "".join(f"{name} {code.sha256}\n" for name, code in sorted(found.items()))
    return Code(
        hashlib.sha256(lines.encode()).hexdigest(),
        frozenset[str]().union(*(code.parameters for code in found.values())),
        frozenset[str]().union(*(code.code_lists for code in found.values())),
    )


@cache
def _module(name: str) -> tuple[Code, frozenset[str]] | None:
    """A module of the project by itself, and the modules it imports; None for any other module."""
    file = _file_of(name)
    if file is None:
        return None
    text = file.read_text(encoding="utf-8")
    digest = hashlib.sha256(text.encode())
    parameters = set(_ASKED.findall(text))
    if unknown := sorted({*parameters, *_TAKEN.findall(text)} - set(all_parameters())):
        raise no_parameter(unknown[0], file.relative_to(ROOT).as_posix())
    for path in sorted(_named_files(file, text)):
        content = path.read_bytes()
        digest.update(path.relative_to(ROOT).as_posix().encode() + content)
        if path.suffix in (".sql", ".yaml"):
            parameters |= set(_NAMED.findall(content.decode("utf-8")))
    lists = reference_names() if "reference_names" in text else _LISTED.findall(text)
    code = Code(digest.hexdigest(), frozenset(parameters & set(all_parameters())), frozenset(lists))
    return code, frozenset(_imports(text))


def _file_of(name: str) -> Path | None:
    path = ROOT.joinpath(*name.split("."))
    candidates = (path.with_suffix(".py"), path / "__init__.py")
    in_project = name.partition(".")[0] in (PACKAGE, "assets")
    return next((file for file in candidates if file.is_file()), None) if in_project else None


def _imports(text: str) -> set[str]:
    """The modules of the project a text imports, those for type checking only left out."""
    found = set()
    for package, names in _IMPORT.findall(_FOR_TYPES_ONLY.sub("", text)):
        imported = [part.partition(" as ")[0].strip() for part in names.strip("()").split(",")]
        modules = {f"{package}.{name}" for name in imported if name and _file_of(f"{package}.{name}")}
        found |= modules or {package}
    return found


def _named_files(file: Path, text: str) -> set[Path]:
    beside = {file.parent / name for name in _FILE.findall(text)}
    beside |= {file.parent / name for name in _JOINED.findall(text)}
    beside |= {
        (ROOT / PACKAGE).joinpath(*re.findall(r"[\w.-]+", chain)) for chain in _FROM_PACKAGE.findall(text)
    }
    if "reference_names" in text:
        beside.add(ROOT / PACKAGE / "reference" / "README.md")
    found = {path for path in beside if path.is_file()}
    for folder in (path for path in beside if path.is_dir()):
        found |= {path for path in folder.rglob("*") if path.is_file()}
    found = {path for path in found if path.suffix not in (".py", ".pyc")}
    # A template includes others.
    for template in [path for path in found if path.suffix == ".jinja" and path != file]:
        found |= _named_files(template, template.read_text(encoding="utf-8"))
    return found
