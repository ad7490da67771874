"""What is known of received files: used where it is sound and of this code, made anew otherwise."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from naome_pipeline.deliveries import constancy
from naome_pipeline.deliveries.constancy import unchanged
from naome_pipeline.deliveries.errors import DeliveryError
from naome_pipeline.deliveries.receiving import AcceptedDelivery, receive_delivery
from naome_pipeline.deliveries.scans import SCANS_FILE, known_scan, write_scans
from naome_pipeline.deliveries.text_files import TextFile, scan_file
from tests.deliveries.small import deliver, standard_files


@pytest.fixture
def accepted(tmp_path) -> AcceptedDelivery:
    return receive_delivery(deliver(tmp_path / "d", standard_files()).path, tmp_path / "landing")


@pytest.fixture
def passes(monkeypatch) -> list[str]:
    """The files over whose bytes a pass was made."""
    made: list[str] = []

    def noted(path: Path) -> TextFile:
        made.append(path.name)
        return scan_file(path)

    monkeypatch.setattr(constancy, "scan_file", noted)
    return made


def rewrite(accepted: AcceptedDelivery, content: str) -> None:
    path = accepted.path / SCANS_FILE
    path.chmod(0o600)
    path.write_text(content, encoding="utf-8")


def test_what_was_said_at_acceptance_is_what_a_pass_says(accepted, passes):
    for file in accepted.manifest.files:
        assert known_scan(accepted.path, file.path, file.sha256) == scan_file(accepted.path / file.path)
    with unchanged(accepted) as scan:
        assert scan("deaths.txt") == scan_file(accepted.path / "deaths.txt")
    assert passes == []


@pytest.mark.parametrize("spoil", ["gone", "cut off", "another list", "edited", "other code", "another hash"])
def test_what_cannot_be_trusted_is_found_out_again(accepted, passes, spoil):
    path = accepted.path / SCANS_FILE
    content = json.loads(path.read_text(encoding="utf-8"))
    if spoil == "gone":
        path.unlink()
    elif spoil == "cut off":
        rewrite(accepted, path.read_text(encoding="utf-8")[:-20])
    elif spoil == "another list":
        rewrite(accepted, "[1]")
    elif spoil == "edited":
        content["files"]["deaths.txt"]["encoding"] = "utf-8"
        rewrite(accepted, json.dumps(content))
    elif spoil == "other code":
        content["code"] = "0" * 64
        rewrite(accepted, json.dumps(content))
    else:
        path.chmod(0o600)
        text = scan_file(accepted.path / "deaths.txt")
        write_scans(accepted.path, {"deaths.txt": replace(text, sha256="0" * 64, encoding="utf-8")})
    with unchanged(accepted) as scan:
        assert scan("deaths.txt") == scan_file(accepted.path / "deaths.txt")
        assert scan("deaths.txt").encoding == "latin-1"
    assert passes == ["deaths.txt"]


def test_a_changed_file_is_refused_by_its_hash_alone(accepted, passes):
    path = accepted.path / "deaths.txt"
    path.chmod(0o600)
    path.write_bytes(path.read_bytes().replace(b"C509", b"C508"))
    with (
        pytest.raises(DeliveryError, match=r"deaths\.txt .* changed after the delivery was accepted"),
        unchanged(accepted) as scan,
    ):
        scan("deaths.txt")
    assert passes == []
