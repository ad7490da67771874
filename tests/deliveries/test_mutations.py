"""200 mutated deliveries: each gets a clear answer that names the file, and nothing on disk changes."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from naome_pipeline.deliveries.checking import Report, check_delivery
from tests.deliveries.small import deliver, standard_files

FILES = {"rcrd_tumour.csv": ",", "hes_apc_2223.txt": "|", "cwt.txt": "\t", "deaths.txt": "|"}
REQUIRED = {
    "rcrd_tumour.csv": ["PATIENT_ID", "TUMOUR_AVP_ID", "DIAGNOSISDATE", "TUMOUR_SITE"],
    "hes_apc_2223.txt": ["TOKEN_PERSON_ID", "EPIKEY"],
    "cwt.txt": ["pseudo_patientid"],
    "deaths.txt": ["DEC_CONF_NHS_NUMBER", "REG_DATE_OF_DEATH"],
}
DATES = {
    "rcrd_tumour.csv": ("DIAGNOSISDATE", b"2199-01-01"),
    "deaths.txt": ("REG_DATE_OF_DEATH", b"01011850"),
}


@dataclass
class Mutated:
    """What was done to which file, the words the answer must have, and whether it must be refused."""

    file: str
    words: tuple[str, ...]
    refused: bool | None


def _lines(folder: Path, name: str) -> list[list[bytes]]:
    text = (folder / name).read_bytes().removeprefix(b"\xef\xbb\xbf")
    return [line.split(FILES[name].encode()) for line in text.rstrip(b"\n").split(b"\n")]


def _write(folder: Path, name: str, lines: list[list[bytes]]) -> None:
    (folder / name).write_bytes(b"\n".join(FILES[name].encode().join(line) for line in lines) + b"\n")


def _remake(folder: Path) -> None:
    """The sender makes the manifest after the mistake, so that hashes and counts fit."""
    files = {p.name: p.read_bytes() for p in folder.iterdir() if p.name != "manifest.json"}
    stated = json.loads((folder / "manifest.json").read_text())
    for entry in stated["files"]:
        content = files.get(entry["path"], b"")
        entry["sha256"] = hashlib.sha256(content).hexdigest()
        entry["rows"] = max(content.count(b"\n") - 1, 0)
    (folder / "manifest.json").write_text(json.dumps(stated))


def drop_column(folder: Path, rng: random.Random, name: str) -> Mutated:
    column = rng.choice(REQUIRED[name])
    lines = _lines(folder, name)
    place = lines[0].index(column.encode())
    _write(folder, name, [[c for i, c in enumerate(line) if i != place] for line in lines])
    _remake(folder)
    return Mutated(name, (column,), True)


def rename_column(folder: Path, rng: random.Random, name: str) -> Mutated:
    column = rng.choice(REQUIRED[name])
    lines = _lines(folder, name)
    lines[0][lines[0].index(column.encode())] = column.encode()[:-1] + b"_x"
    _write(folder, name, lines)
    _remake(folder)
    return Mutated(name, (column,), True)


def extra_column(folder: Path, rng: random.Random, name: str) -> Mutated:
    lines = _lines(folder, name)
    title = f"SURPRISE_{rng.randrange(9)}"
    width = len(lines[0])
    _write(
        folder,
        name,
        [
            [*line, title.encode() if i == 0 else b"1"] if len(line) == width else line
            for i, line in enumerate(lines)
        ],
    )
    _remake(folder)
    return Mutated(name, (title,), False)


def reorder_columns(folder: Path, rng: random.Random, name: str) -> Mutated:
    lines = _lines(folder, name)
    order = list(range(len(lines[0])))
    rng.shuffle(order)
    width = len(order)
    _write(folder, name, [[line[i] for i in order] if len(line) == width else line for line in lines])
    _remake(folder)
    return Mutated(name, (), False)


def repeat_header_column(folder: Path, rng: random.Random, name: str) -> Mutated:
    lines = _lines(folder, name)
    column = rng.choice(REQUIRED[name]).encode()
    other = next(c for c in lines[0] if c != column)
    lines[0][lines[0].index(other)] = column
    _write(folder, name, lines)
    _remake(folder)
    return Mutated(name, (column.decode(),), True)


def wrong_delimiter(folder: Path, rng: random.Random, name: str) -> Mutated:
    path = folder / name
    path.write_bytes(path.read_bytes().replace(FILES[name].encode(), rng.choice([b"~", b"#", b"^"])))
    _remake(folder)
    return Mutated(name, ("delimiter",), True)


def wrong_encoding(folder: Path, rng: random.Random, name: str) -> Mutated:
    path = folder / name
    text = path.read_bytes().removeprefix(b"\xef\xbb\xbf").decode("latin-1")
    path.write_bytes(text.encode(rng.choice(["utf-16", "utf-16-be", "utf-16-le"])))
    _remake(folder)
    return Mutated(name, (), True)


def truncate(folder: Path, rng: random.Random, name: str) -> Mutated:
    path = folder / name
    content = path.read_bytes()
    path.write_bytes(content[: rng.randrange(len(content) // 3, len(content) - 2)])
    return Mutated(name, ("cut off",), True)


def wrong_hash(folder: Path, rng: random.Random, name: str) -> Mutated:
    stated = json.loads((folder / "manifest.json").read_text())
    entry = next(e for e in stated["files"] if e["path"] == name)
    entry["sha256"] = f"{rng.randrange(16**64):064x}"
    (folder / "manifest.json").write_text(json.dumps(stated))
    return Mutated(name, ("SHA-256",), True)


def wrong_count(folder: Path, rng: random.Random, name: str) -> Mutated:
    stated = json.loads((folder / "manifest.json").read_text())
    next(e for e in stated["files"] if e["path"] == name)["rows"] += rng.randrange(1, 50)
    (folder / "manifest.json").write_text(json.dumps(stated))
    return Mutated(name, ("records",), True)


def repeat_keys(folder: Path, rng: random.Random, name: str) -> Mutated:
    lines = _lines(folder, name)
    body = [line for line in lines[1:] if len(line) == len(lines[0])]
    chosen = rng.sample(body, 5)
    _write(folder, name, [lines[0], *body, *chosen])
    _remake(folder)
    return Mutated(name, ("repeat",), False)


def impossible_dates(folder: Path, rng: random.Random, name: str) -> Mutated:
    name = rng.choice(sorted(DATES))
    column, value = DATES[name]
    lines = _lines(folder, name)
    place = lines[0].index(column.encode())
    many = rng.random() < 0.5
    for line in lines[1 : len(lines) if many else 4]:
        if len(line) == len(lines[0]):
            line[place] = value
    _write(folder, name, lines)
    _remake(folder)
    return Mutated(name, (column, "impossible date"), many)


def missing_dates(folder: Path, rng: random.Random, name: str) -> Mutated:
    name = rng.choice(sorted(DATES))
    column, _ = DATES[name]
    lines = _lines(folder, name)
    place = lines[0].index(column.encode())
    for line in lines[1:]:
        if len(line) == len(lines[0]) and rng.random() < 0.9:
            line[place] = b""
    _write(folder, name, lines)
    _remake(folder)
    return Mutated(name, (column, "no value"), True)


def empty_file(folder: Path, rng: random.Random, name: str) -> Mutated:
    (folder / name).write_bytes(b"")
    if rng.random() < 0.5:
        _remake(folder)
    return Mutated(name, ("empty",), True)


def header_only(folder: Path, rng: random.Random, name: str) -> Mutated:
    _write(folder, name, _lines(folder, name)[:1])
    _remake(folder)
    return Mutated(name, ("no record",), True)


def binary_file(folder: Path, rng: random.Random, name: str) -> Mutated:
    (folder / name).write_bytes(bytes(rng.randrange(256) for _ in range(3000)) + b"\0")
    if rng.random() < 0.5:
        _remake(folder)
    return Mutated(name, ("binary",), True)


def file_missing(folder: Path, rng: random.Random, name: str) -> Mutated:
    (folder / name).unlink()
    return Mutated(name, ("not in the folder",), True)


def file_unlisted(folder: Path, rng: random.Random, name: str) -> Mutated:
    extra = f"something_{rng.randrange(99)}.csv"
    (folder / extra).write_text("a,b\n1,2\n")
    return Mutated(extra, ("naome manifest",), True)


def broken_manifest(folder: Path, rng: random.Random, name: str) -> Mutated:
    path = folder / "manifest.json"
    text = path.read_text()
    broken = rng.choice(
        [
            text[: rng.randrange(1, len(text) - 2)],
            text.replace('"feed"', '"food"'),
            text.replace("england_quarterly", "england_sometimes", 1),
            text.replace("2025Q3", "2025-13"),
            text.replace('"version": 1', '"version": "one"'),
            "[]",
            "\x00",
            "[" * 5000,
        ]
    )
    path.write_bytes(broken.encode())
    return Mutated("manifest.json", (), True)


def no_manifest(folder: Path, rng: random.Random, name: str) -> Mutated:
    (folder / "manifest.json").unlink()
    return Mutated("manifest.json", ("naome manifest",), True)


KINDS: tuple[Callable[[Path, random.Random, str], Mutated], ...] = (
    drop_column,
    rename_column,
    extra_column,
    reorder_columns,
    repeat_header_column,
    wrong_delimiter,
    wrong_encoding,
    truncate,
    wrong_hash,
    wrong_count,
    repeat_keys,
    impossible_dates,
    missing_dates,
    empty_file,
    header_only,
    binary_file,
    file_missing,
    file_unlisted,
    broken_manifest,
    no_manifest,
)
CASES = [(kind, seed) for kind in KINDS for seed in range(10)]


def disk(folder: Path) -> dict[str, tuple[str, int]]:
    return {
        p.relative_to(folder).as_posix(): (hashlib.sha256(p.read_bytes()).hexdigest(), p.stat().st_mtime_ns)
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


@pytest.mark.parametrize(("kind", "seed"), CASES, ids=lambda v: getattr(v, "__name__", str(v)))
def test_a_mutated_delivery_gets_a_clear_answer_and_nothing_changes(tmp_path, kind, seed):
    rng = random.Random(f"{kind.__name__} {seed}")
    folder = deliver(tmp_path / "d", dict(standard_files())).path
    mutated = kind(folder, rng, rng.choice(sorted(FILES)))
    before = disk(tmp_path)
    report: Report = check_delivery(folder)
    assert disk(tmp_path) == before
    if mutated.refused is not None:
        assert report.acceptable is not mutated.refused, report.findings
    about = [str(f) for f in report.findings if f.file == mutated.file]
    assert about or not (mutated.words or mutated.refused)
    for word in mutated.words:
        assert any(word in sentence for sentence in about), about
    assert all("Traceback" not in sentence and "Error(" not in sentence for sentence in about)
    # No value of a record: the person identifiers of these files all begin with five zeros.
    assert not any("00000000" in sentence for sentence in about)


def test_the_unmutated_delivery_is_acceptable(tmp_path):
    folder = deliver(tmp_path / "d", dict(standard_files())).path
    assert check_delivery(folder).acceptable


def test_there_are_two_hundred():
    assert len(CASES) == 200
