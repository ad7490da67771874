"""The long run: its batches add up to what was asked for, go on where they were stopped, and say so when something is lost."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from naome_pipeline.home import Home
from tests.faults import run
from tests.faults.conftest import Homes


def test_batches_add_up_and_their_nodes_are_all_nodes_in_turn():
    found = list(run.batches(kills=201, mutations=5_000, pairs=101))
    assert len(set(found)) == len(found)
    sizes = Counter()
    for part, _, size in found:
        sizes[part] += size
    assert sizes == {
        "mutations": 5_000,
        "nodes": 101,
        "moments": 100,
        "calls": run.CALL_BATCHES,
        "pairs": 101,
    }
    home = Home(Path("/none"))
    names = [f"node {number:02d}" for number in range(80)]
    homes = Homes(home, home, home, home, {}, dict.fromkeys(names, 1.0))
    chosen: list[str] = []
    for part, number, size in found:
        if part == "nodes":
            batch = [name for name, _ in run.targets(homes, number, size)]
            assert batch == sorted(batch)
            assert len(batch) == size
            chosen += batch
    assert set(chosen) == set(names)


def test_nothing_asked_for_is_nothing_done():
    assert list(run.batches(0, 0, 0)) == []


def test_a_record_is_gone_on_from_and_what_it_found_ends_with_status_1(tmp_path, capsys):
    record = tmp_path / "figures.jsonl"
    lines = [
        {"batch": ["mutations", 0, 10], "mutations": 10, "unclear": []},
        {"batch": ["mutations", 9, 10], "mutations": 10, "unclear": ["of another run"]},
    ]
    record.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    arguments = ["--kills", "0", "--pairs", "0", "--mutations", "10", "--record", str(record)]
    assert run.main(arguments) == 0
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert figures["mutations"] == 10
    lines[0]["unclear"] = ["manifest_file 3: KeyError: x"]
    record.write_text(json.dumps(lines[0]) + "\n", encoding="utf-8")
    assert run.main(arguments) == 1
    assert "manifest_file 3" in capsys.readouterr().out
