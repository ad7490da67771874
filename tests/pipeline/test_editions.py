"""A released delivery is refreshed with other rules: what readers had can still be found, and everybody is told."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from naome_pipeline import parameters as parameters_module
from naome_pipeline import refreshing
from naome_pipeline.doctor import examine, repair
from naome_pipeline.errors import Refused
from naome_pipeline.lake import Lake, Scope
from naome_pipeline.parameters import PARAMETERS_FILE, value_of
from naome_pipeline.publishing import _changed
from naome_pipeline.refreshing import refresh
from naome_pipeline.releases import edition_of, release_difference, release_list, scope_of
from naome_pipeline.reports.release_index import INDEX_FILE, MANIFEST_FILE
from naome_pipeline.stored import Damaged, NotPublished
from tests.pipeline.releases import FEED, PERIOD, Refreshed, ordinary_release, silent

SCOPE = Scope(FEED, PERIOD, 1)
RELEASE = f"{PERIOD}:1"


@pytest.fixture(scope="module")
def release(tmp_path_factory) -> Refreshed:
    return ordinary_release(tmp_path_factory)


@pytest.fixture
def shorter_wait(tmp_path, monkeypatch) -> Iterator[None]:
    """First treatment has to be within 20 days of diagnosis instead of 31."""
    text = PARAMETERS_FILE.read_text(encoding="utf-8")
    changed = text.replace("treatment_wait_short: {value: 31,", "treatment_wait_short: {value: 20,")
    assert changed != text
    path = tmp_path / PARAMETERS_FILE.name
    path.write_text(changed, encoding="utf-8")
    with monkeypatch.context() as patch:
        patch.setattr(parameters_module, "PARAMETERS_FILE", path)
        patch.setattr(refreshing, "code_identity", lambda: "another")  # it reads the package's own file
        parameters_module.parameters.cache_clear()
        assert value_of("treatment_wait_short") == 20
        yield
    parameters_module.parameters.cache_clear()


def test_other_rules_make_another_edition_and_the_first_can_still_be_read(release, copied, shorter_wait):
    copy = copied(release)
    done = refresh(copy.home, FEED, PERIOD, silent)

    differs = release_difference(copy.lake, edition_of(FEED, f"{RELEASE}.1"), edition_of(FEED, RELEASE))
    assert f"edition 2 of its release; {len(differs):,} published numbers" in done.said
    assert f"naome release diff {RELEASE}.1 {RELEASE}" in done.said
    assert set(differs["indicator"]) == {"T1_31d"}
    assert set(copy.frame("released_treatment_incidence")["day"]) == {20, 62, 90, 180, 365}
    known = release.frame("released_indicators").query("level == 'nation' and indicator == 'T1_31d'")
    of_nation = differs.query("level == 'nation' and indicator == 'T1_31d'")
    cell = of_nation.merge(known, on=["indicator", "period_kind", "period", "unit_code", "subgroup"])
    assert len(cell) == len(of_nation) > 0
    assert (cell["numerator_before"] == cell["numerator"]).all()
    assert (cell["numerator_now"] <= cell["numerator"]).all()

    assert release_list(copy.lake)["edition"].tolist() == [2]
    about = json.loads((copy.home.reports / SCOPE.folder / MANIFEST_FILE).read_text(encoding="utf-8"))
    assert (about["edition"], about["numbers_changed_since_last_edition"]) == (2, len(differs))
    assert "edition 2: made again" in (copy.home.reports / INDEX_FILE).read_text(encoding="utf-8")

    # What was published stays; the rows of people behind it do not.
    assert not any(finding.wrong for finding in examine(copy.home))
    data = copy.home.lake / "data"
    before = {layer: set((data / layer).glob("*/*")) for layer in ("indicators", "release", "reports")}
    assert len(repair(copy.home)) == 1
    assert set((data / "indicators").glob("*/*")) < before["indicators"]
    assert len(list((data / "indicators" / "person_indicators").iterdir())) == 1
    assert {layer: set((data / layer).glob("*/*")) for layer in ("release", "reports")} == {
        layer: before[layer] for layer in ("release", "reports")
    }
    again = release_difference(copy.lake, edition_of(FEED, f"{RELEASE}.1"), edition_of(FEED, RELEASE))
    assert again.equals(differs)

    assert refresh(copy.home, FEED, PERIOD, silent).did_nothing
    assert copy.lake.editions(SCOPE) == [1, 2]
    with pytest.raises(NotPublished, match="has no edition 3; it has: 1, 2"):
        copy.lake.release(SCOPE, 3)


def test_equal_bytes_stay_the_edition_they_were(tmp_path):
    lake = Lake(tmp_path)
    one, two = ({"people": {"layer": "cohort", "sha256": of, "fingerprint": of}} for of in ("1", "2"))
    assert lake.edition_with(SCOPE, one) == 1
    lake.write_release(SCOPE, {"edition": 1, "tables": one})
    assert (lake.edition_with(SCOPE, one), lake.edition_with(SCOPE, two)) == (1, 2)
    lake.write_release(SCOPE, {"edition": 1, "tables": one})
    assert lake.editions(SCOPE) == [1]
    lake.write_release(SCOPE, {"edition": 2, "tables": two})
    assert lake.editions(SCOPE) == [1, 2]
    assert (lake.release(SCOPE, 1)["tables"], lake.release(SCOPE)["tables"]) == (one, two)
    # Back to the rules of before: readers had other numbers in between.
    assert lake.edition_with(SCOPE, one) == 3
    assert lake.all_releases() == [SCOPE]


def test_a_record_of_before_there_were_editions_is_the_first(tmp_path):
    lake = Lake(tmp_path)
    lake.write_release(SCOPE, {"tables": {"people": {"sha256": "1"}}})
    assert lake.editions(SCOPE) == [1]
    assert lake.edition_with(SCOPE, {"people": {"sha256": "1"}}) == 1
    lake.write_release(SCOPE, {"edition": 2, "tables": {"people": {"sha256": "2"}}})
    assert lake.editions(SCOPE) == [1, 2]


def test_a_damaged_record_does_not_take_the_number_of_an_edition_that_is_kept(tmp_path):
    lake = Lake(tmp_path)
    for number in (1, 2):
        lake.write_release(SCOPE, {"edition": number, "tables": {"people": {"sha256": str(number)}}})
    (tmp_path / "releases" / FEED / PERIOD / "v001.json").write_text("{", encoding="utf-8")
    assert lake.edition_with(SCOPE, {"people": {"sha256": "2"}}) == 2
    assert lake.release(SCOPE, 1)["tables"] == {"people": {"sha256": "1"}}
    with pytest.raises(Damaged):
        lake.release(SCOPE)


def test_editions_under_two_policies_are_not_said_to_agree(release, copied):
    copy = copied(release)
    record = copy.lake.release(SCOPE)
    copy.lake.write_release(SCOPE, record | {"edition": 2})
    assert _changed(copy.lake, SCOPE, 2) == 0
    copy.lake.write_release(SCOPE, record | {"edition": 3, "disclosure_policy": "public"})
    assert _changed(copy.lake, SCOPE, 4) is None


def test_a_delivery_is_not_named_by_an_edition():
    with pytest.raises(Refused, match="write period and version alone"):
        scope_of(FEED, f"{RELEASE}.1")
