"""A synthetic delivery: deterministic, coherent, calibrated, and dirty exactly where it says so."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from naome_pipeline.errors import Refused
from naome_pipeline.synthetic import write_delivery


def tree(folder: Path) -> dict[str, str]:
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*.*"))
    }


def truth(folder: Path, table: str) -> pd.DataFrame:
    with duckdb.connect() as connection:
        return connection.execute(f"SELECT * FROM read_parquet('{folder}-truth/{table}.parquet')").fetchdf()


@pytest.fixture(scope="module")
def large(tmp_path_factory) -> Path:
    """Enough people for the calibration to show, without ordinary life."""
    folder = tmp_path_factory.mktemp("large") / "delivery"
    write_delivery(folder, people=60_000, seed=4, volume=0.0, receptors=True)
    return folder


@pytest.fixture(scope="module")
def dirty(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("dirty") / "delivery"
    write_delivery(folder, people=1_000, seed=9, volume=0.05, dirt=0.03)
    return folder


@pytest.fixture(scope="module")
def english(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("english") / "delivery"
    write_delivery(folder, people=300, feed="england_annual", period="2023", volume=0.02)
    return folder


def write_welsh(folder: Path, beside: Path) -> None:
    """A small, dirty Welsh delivery."""
    write_delivery(
        folder, people=300, feed="wales_annual", period="2023", volume=0.05, dirt=0.01, beside=beside
    )


def test_same_arguments_same_bytes_and_another_seed_other_people(tmp_path):
    for name, seed in (("one", 3), ("two", 3), ("three", 4)):
        write_delivery(tmp_path / name, people=300, seed=seed, volume=0.05, dirt=0.01)
    assert tree(tmp_path / "one") == tree(tmp_path / "two")
    assert tree(tmp_path / "one-truth").keys() == tree(tmp_path / "two-truth").keys()
    assert truth(tmp_path / "one", "people").equals(truth(tmp_path / "two", "people"))
    assert tree(tmp_path / "one") != tree(tmp_path / "three")


# Source of each figure: published_figures.csv of the project's specification, as cited in calibration.py.
# Tolerances: four standard errors of the cohort's size plus the spread between trusts.
@pytest.mark.parametrize(
    ("indicator", "low", "high"),
    [
        ("P1", 0.54, 0.64),  # 59%, NAoMe State of the Nation 2025
        ("D7", 0.33, 0.46),  # 33 to 43%, NAoMe quarterly report 1
        ("P9", 0.04, 0.12),  # 7.5%, Wallington et al. 2016
    ],
)
def test_national_figures_are_near_the_published_ones(large, indicator, low, high):
    values = truth(large, "indicators").query("indicator == @indicator and in_denominator")["value"]
    assert low < values.mean() < high


@pytest.mark.parametrize(("indicator", "days", "published"), [("P10_1y", 365, 0.65), ("P10_3y", 1096, 0.44)])
def test_survival_is_near_the_published_curve_where_follow_up_is_complete(large, indicator, days, published):
    people = truth(large, "people").query("in_cohort")
    values = truth(large, "indicators").query("indicator == @indicator")
    both = people.merge(values, on="person_id")
    complete = both[both["mbc_date"] <= pd.Timestamp("2025-12-31") - pd.Timedelta(days=days)]
    assert len(complete) > 150
    assert abs(complete["value"].mean() - published) < 0.07


def test_de_novo_share_and_providers_of_known_size(large):
    people = truth(large, "people")
    assert abs((people["disease"] == "de_novo").mean() - 0.076) < 0.001
    per_trust = people[people["in_cohort"]].groupby("trust").size()
    assert len(per_trust) == 60_000 // 2_500
    assert per_trust.median() > 30
    providers = truth(large, "providers")
    assert (providers.groupby("aspect")["planted"].sum() == 3).all()
    spread = providers.loc[~providers["planted"], "effect"].std()
    assert 0.25 < spread < 0.45


def test_treatments_follow_the_spread_and_precede_death(large):
    people = truth(large, "people").query("in_cohort").set_index("person_id")
    treatments = truth(large, "treatments").query("person_id in @people.index")
    since = treatments["date"] - treatments["person_id"].map(people["mbc_date"])
    assert since.dt.days.min() >= -60
    deaths = pd.read_csv(large / "deaths.txt", sep="|", encoding="latin-1", dtype=str).iloc[:-1]
    died = pd.to_datetime(deaths["REG_DATE_OF_DEATH"], format="%d%m%Y", errors="coerce")
    died = died.where(deaths["REG_DATE"].notna())
    died.index = deaths["DEC_CONF_NHS_NUMBER"]
    last = treatments.groupby("person_id")["date"].max()
    common = last.index.intersection(died.dropna().index)
    assert len(common) > 300
    assert (last[common] <= died[common]).all()


def test_people_with_metastatic_disease_have_treatment_for_something_else_that_the_truth_does_not_count(
    large,
):
    """Without such records a rule that counts them would agree with the truth."""
    cohort = set(truth(large, "people").query("in_cohort")["person_id"])
    other = "^C(?!50|7[7-9]|80)"
    sact = pd.read_csv(large / "sact.csv", dtype=str).query("NHS_Number in @cohort")
    rtds = pd.read_csv(large / "rtds.csv", dtype=str).query("PATIENTID in @cohort")
    for named in (sact["Primary_Diagnosis"], rtds["RADIOTHERAPYDIAGNOSISICD"]):
        assert named.str.contains(other).sum() > 20
    for kind, person in (("hes_apc", "TOKEN_PERSON_ID"), ("hes_op", "Token_Person_ID")):
        files = [pd.read_csv(f, sep="|", dtype=str) for f in sorted(large.glob(f"{kind}_*.txt"))]
        rows = pd.concat(files)
        rows = rows[rows[person].isin(cohort) & rows["OPERTN_01"].eq("X722")]
        assert rows["DIAG_01"].str.contains(other).sum() > 15
    pcpd = pd.read_csv(large / "pcpd.csv", dtype=str).query("ppatient_id in @cohort")
    for product in ("Prolia", "Denosumab", "Ibandronic acid 150mg", "Bonviva", "Aclasta"):
        assert pcpd["drug_paid"].str.startswith(product).sum() > 5


def test_some_deaths_are_registered_without_a_usable_date_and_the_truth_says_so(large):
    deaths = pd.read_csv(large / "deaths.txt", sep="|", encoding="latin-1", dtype=str).iloc[:-1]
    undated = deaths[deaths["REG_DATE"].isna()]
    assert {"", "31022021", "14101866"} == set(undated["REG_DATE_OF_DEATH"].fillna(""))
    people = truth(large, "people").set_index("person_id").loc[undated["DEC_CONF_NHS_NUMBER"]]
    assert people["death_date"].isna().all()
    counted = truth(large, "indicators").query("indicator in ['P5', 'P9', 'P10_1y', 'T2'] and in_denominator")
    counted = counted[counted["person_id"].isin(people.index)]
    assert set(counted["indicator"]) == {"P5"}


def test_every_trust_code_sent_is_a_real_organisation(large):
    from naome_pipeline.reference import reference_path

    known = set(pd.read_csv(reference_path("organisations"), dtype=str)["ods_code"])
    sent = pd.read_csv(large / "rcrd_tumour.csv", encoding="utf-8-sig", dtype=str)["TRUST_CODE"]
    nhs = sent[~sent.str.startswith("N")]
    assert set(nhs.str[:3]) <= known
    assert {3, 5, 9} <= set(nhs.str.len())


def test_manifest_counts_and_hashes_fit_the_files(dirty):
    manifest = json.loads((dirty / "manifest.json").read_text())
    listed = {f["path"]: f for f in manifest["files"]}
    assert set(listed) == {p.name for p in dirty.iterdir()} - {"manifest.json"}
    for name, entry in listed.items():
        content = (dirty / name).read_bytes()
        assert entry["sha256"] == hashlib.sha256(content).hexdigest()
        assert entry["rows"] == content.count(b"\n") - 1


def test_planted_lines_are_where_the_truth_says_and_bad_as_it_says(dirty):
    planted = truth(dirty, "dirt")
    assert set(planted["reason"]) == {
        "malformed_line",
        "missing_value",
        "unreadable_value",
        "impossible_date",
        "duplicate_row",
        "duplicate_key",
    }
    delimiters = {"txt": "|", "csv": ","}
    for name, rows in planted.groupby("file"):
        delimiter = "\t" if name == "cwt.txt" else delimiters[str(name).rsplit(".", 1)[1]]
        encoding = "latin-1" if name in {"cosd.csv", "deaths.txt"} else "utf-8-sig"
        with (dirty / str(name)).open(encoding=encoding, newline="") as stream:
            lines = list(csv.reader(stream, delimiter=delimiter))
        width = len(lines[0])
        for row in rows.to_dict("records"):
            number = int(row["line"])
            line = lines[number - 1]
            assert (len(line) != width) == (row["reason"] == "malformed_line")
            if row["reason"] == "duplicate_row":
                assert line in lines[: number - 1]
            elif row["reason"] in {"unreadable_value", "impossible_date"}:
                assert row["person_id"] in line
        good = [n for n, line in enumerate(lines, 1) if len(line) != width]
        malformed = rows.loc[rows["reason"] == "malformed_line", "line"]
        assert set(good) - set(malformed) <= {len(lines)}


def test_a_welsh_delivery_repeats_to_the_byte_and_holds_both_registry_layouts(english, tmp_path):
    for name in ("one", "two"):
        write_welsh(tmp_path / name, beside=english)
    assert tree(tmp_path / "one") == tree(tmp_path / "two")
    assert truth(tmp_path / "one", "people").equals(truth(tmp_path / "two", "people"))
    canisc = pd.read_csv(tmp_path / "one" / "canisc_diagnosis.csv", dtype=str, on_bad_lines="skip")
    forms = pd.read_csv(tmp_path / "one" / "cdf_diagnosis.csv", dtype=str, on_bad_lines="skip")
    real = canisc[canisc["diagnosis_date"].str[:2].isin(["19", "20"])].dropna(subset="site_icd10")
    assert real.loc[real["diagnosis_date"] < "2025", "diagnosis_date"].max() < "2022"
    dated = forms["DateOfDiagnosis"].dropna()
    # Planted: a day that does not exist, and days on which nothing can have happened.
    assert dated[(dated > "2000") & (dated != "20210231")].min() >= "20220101"
    also_english = set(truth(english, "people")["person_id"])
    assert len(also_english & set(truth(tmp_path / "one", "people")["person_id"])) == 8


def test_dirt_of_a_small_file_stays_below_what_its_gate_stops(english, tmp_path):
    folder = tmp_path / "welsh"
    write_welsh(folder, beside=english)
    listed = pd.DataFrame(json.loads((folder / "manifest.json").read_text())["files"]).set_index("path")
    planted = truth(folder, "dirt").groupby("file").size().reindex(listed.index, fill_value=0)
    assert listed.loc[planted > 0, "rows"].min() < 60  # small files are dirty too
    assert (planted / listed["rows"]).max() < 0.16  # a fifth is stopped


def test_clean_delivery_has_no_planted_rows(tmp_path):
    write_delivery(tmp_path / "delivery", people=200, volume=0.02)
    assert truth(tmp_path / "delivery", "dirt").empty


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"people": 100}, "at least 200"),
        ({"dirt": 0.5}, "between 0 and 0.2"),
        ({"feed": "annual"}, "no synthetic deliveries for the feed 'annual'"),
        ({"beside": Path("elsewhere")}, "only a Welsh delivery"),
        (
            {"beside": Path("elsewhere"), "feed": "wales_annual", "period": "2023"},
            "elsewhere-truth is missing",
        ),
        ({"period": "2025"}, "2025Q3"),
        ({"volume": -1.0}, "negative"),
    ],
)
def test_impossible_arguments_are_refused_with_a_reason(tmp_path, change, words):
    with pytest.raises(ValueError, match=words):
        write_delivery(tmp_path / "delivery", **({"people": 300} | change))
    assert not (tmp_path / "delivery").exists()


def test_a_folder_with_files_is_not_written_into(tmp_path):
    (tmp_path / "delivery").mkdir()
    (tmp_path / "delivery" / "something.txt").write_text("kept")
    with pytest.raises(Refused, match="not empty"):
        write_delivery(tmp_path / "delivery", people=300)
    assert [p.name for p in (tmp_path / "delivery").iterdir()] == ["something.txt"]
