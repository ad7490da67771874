"""Reading: every oddity of real files, quarantine with file, line and reason, and nothing lost."""

from __future__ import annotations

import datetime as dt

import duckdb
import pytest

from naome_pipeline.deliveries import layouts
from naome_pipeline.deliveries.checking import check_delivery
from naome_pipeline.deliveries.matching import matched_files
from naome_pipeline.deliveries.reading import PROFILED_RECORDS, profile_file, read_data_set
from naome_pipeline.deliveries.receiving import receive_delivery
from naome_pipeline.deliveries.text_files import scan_file
from naome_pipeline.home import Home
from naome_pipeline.synthetic import write_delivery
from tests.deliveries.small import ROWS, deliver, read, rows_of, standard_files, tumours

HEADER = "PATIENT_ID,TUMOUR_AVP_ID,DIAGNOSISDATE,TUMOUR_SITE,GENDER,AGE,IMD_QUINTILE,TUMOUR_PERFORMANCESTATUS,TRUST_CODE"
DAY = dt.date(2023, 3, 7)


def one(tmp_path, **changes: str) -> dict:
    """The typed row of one tumour with some values changed."""
    values = dict(
        zip(
            HEADER.split(","),
            ["0000000001", "T1", "2023-03-07", "C509", "2", "60", "1", "1", "RAJ"],
            strict=True,
        )
    )
    rows, quarantined, _ = tumours(tmp_path, HEADER, ",".join((values | changes).values()))
    assert not quarantined
    return rows[0]


@pytest.mark.parametrize(
    "text",
    [
        "2023-03-07",
        "2023-03-07 00:00:00",
        "2023-03-07T00:00:00",
        "07/03/2023",
        "7/3/2023",
        "07032023",
        "20230307",
        "07-MAR-23",
        "07-Mar-2023",
        "  2023-03-07  ",
    ],
)
def test_every_form_of_date(tmp_path, text):
    assert one(tmp_path, DIAGNOSISDATE=text)["diagnosis_date"] == DAY


def test_years_of_two_digits_lie_before_the_snapshot(tmp_path):
    assert one(tmp_path, DIAGNOSISDATE="07-MAR-99")["diagnosis_date"] == dt.date(1999, 3, 7)


@pytest.mark.parametrize("text", ["1800-01-01", "1801-01-01", "1802-01-01", "", "  "])
def test_dates_that_mean_nothing_recorded(tmp_path, text):
    rows, quarantined, _ = tumours(tmp_path, HEADER, f"0000000001,T1,{text},C509,2,60,1,1,RAJ")
    assert rows == []
    assert [(q["reason"], q["column"], q["line"]) for q in quarantined] == [
        ("missing_value", "diagnosis_date", 2)
    ]


def test_ids_keep_their_zeros_and_codes_are_trimmed_and_upper_case(tmp_path):
    row = one(tmp_path, PATIENT_ID=" 0000000001 ", TRUST_CODE=" raj01 ")
    assert (row["person_id"], row["trust_code"]) == ("0000000001", "RAJ01")


@pytest.mark.parametrize("code", ["RAJ", "RAJ01", "RAJ012345"])
def test_provider_codes_of_every_length_are_kept_as_sent(tmp_path, code):
    assert one(tmp_path, TRUST_CODE=code)["trust_code"] == code


def test_registry_codes_lose_their_merge_mark_and_integers_their_fraction(tmp_path):
    row = one(tmp_path, TUMOUR_PERFORMANCESTATUS="1m", AGE="67.0")
    assert (row["performance_status"], row["age"]) == ("1", 67)


def test_quintile_one_is_least_deprived_in_registry_files_and_turned(tmp_path):
    assert one(tmp_path, IMD_QUINTILE="1")["imd_quintile"] == 5
    assert one(tmp_path, IMD_QUINTILE="5.0")["imd_quintile"] == 1


def test_optional_values_that_cannot_be_read_become_null_and_are_counted(tmp_path):
    rows, quarantined, counts = tumours(tmp_path, HEADER, "0000000001,T1,2023-03-07,C509,2,sixty,1,1,RAJ")
    assert rows[0]["age"] is None
    assert not quarantined
    assert counts.coerced_to_null == {"age": 1}


def test_icd10_fillers_and_dots(tmp_path):
    assert one(tmp_path, TUMOUR_SITE="C50X")["site_icd10"] == "C50"
    assert one(tmp_path / "2", TUMOUR_SITE="c50.9")["site_icd10"] == "C509"


def test_hospital_lists_keep_their_places_and_know_what_means_nothing(tmp_path):
    lists = "DIAG_01|DIAG_02|DIAG_03|OPERTN_01|OPERTN_02|OPERTN_03|OPDATE_01|OPDATE_02|OPDATE_03"
    header = f"TOKEN_PERSON_ID|EPIKEY|FYEAR|ADMIDATE|EPISTART|{lists}"
    rows = [
        "1|E1|0102|2001-05-01|1800-01-01|R69X|C787|I48X|-   |B274|&|1801-01-01|2001-05-03|1800-01-01",
        "1|E2|0102|2001-05-01|2001-05-02|R69X6||||||||",
    ]
    found, quarantined, _ = read(
        deliver(tmp_path / "d", {"hes_apc_0102.txt": "\n".join([header, *rows]) + "\n"}), "hes_apc"
    )
    assert not quarantined
    first, second = sorted(found, key=lambda r: r["episode_id"])
    assert first["financial_year"] == "0102"
    # The episode start is a sentinel: the admission stands for it.
    assert first["episode_start"] == dt.date(2001, 5, 1)
    assert first["diagnosis_codes"] == [None, "C787", "I48"]
    assert first["procedure_codes"] == [None, "B274"]
    assert first["procedure_dates"] == [None, dt.date(2001, 5, 3)]
    assert second["diagnosis_codes"] == []


def test_four_delimiters_encodings_and_date_forms_in_one_delivery(tmp_path):
    delivery = deliver(tmp_path / "d", dict(standard_files()))
    for data_set, column, value in (
        ("tumours", "diagnosis_date", dt.date(2023, 3, 1)),
        ("hes_apc", "episode_start", dt.date(2023, 3, 1)),
        ("cwt", "treatment_start", dt.date(2023, 4, 1)),
        ("deaths", "death_date", dt.date(2024, 4, 1)),
    ):
        rows, quarantined, counts = read(delivery, data_set)
        assert len(rows) == ROWS
        assert value in [row[column] for row in rows]
        assert {q["reason"] for q in quarantined} <= {"trailer_line"}
        assert counts.rows_in == counts.rows_out + sum(counts.quarantined.values())


def test_trailer_of_the_deaths_file_is_set_aside_as_what_it_is(tmp_path):
    _, quarantined, counts = read(deliver(tmp_path / "d", dict(standard_files())), "deaths")
    assert [(q["file"], q["line"], q["reason"]) for q in quarantined] == [
        ("deaths.txt", ROWS + 2, "trailer_line")
    ]
    assert counts.rows_in == ROWS + 1


def test_of_several_death_registrations_the_earliest_is_kept(tmp_path):
    header = "DEC_CONF_NHS_NUMBER|REG_DATE|REG_DATE_OF_DEATH|S_UNDERLYING_COD_ICD10"
    rows = ["1|10052024|01052024|C509", "1|03052024|01052024|C509", "1|10052024|01052024|C509"]
    found, quarantined, _ = read(
        deliver(tmp_path / "d", {"deaths.txt": "\n".join([header, *rows]) + "\n"}), "deaths"
    )
    assert [row["registration_date"] for row in found] == [dt.date(2024, 5, 3)]
    assert [(q["line"], q["reason"]) for q in quarantined] == [(2, "duplicate_key"), (4, "duplicate_row")]


def test_who_is_registered_as_dead_is_not_lost_for_want_of_a_date(tmp_path):
    """Missing, unreadable, in the future: the registration stands in; without one the row says that the person has died."""
    header = "DEC_CONF_NHS_NUMBER|REG_DATE|REG_DATE_OF_DEATH"
    rows = [
        "1|10052024|",
        "2|10052024|31022024",
        "3|10052024|01012199",
        "4|10052024|01052024",
        "5||31022024",
        "6||",
        "7|01012199|01011850",
        "|10052024|01052024",
    ]
    found, quarantined, counts = read(
        deliver(tmp_path / "d", {"deaths.txt": "\n".join([header, *rows]) + "\n"}), "deaths"
    )
    registered, died = dt.date(2024, 5, 10), dt.date(2024, 5, 1)
    assert {row["person_id"]: row["death_date"] for row in found} == {
        "1": registered,
        "2": registered,
        "3": registered,
        "4": died,
        "5": None,
        "6": None,
        "7": None,
    }
    assert [(q["line"], q["reason"]) for q in quarantined] == [(9, "missing_value")]
    assert counts.coerced_to_null == {"death_date": 4, "registration_date": 1}


def test_an_attendance_under_two_merged_providers_counts_once(tmp_path):
    header = "PATIENTID,ATTENDID,APPTDATE,PRESCRIPTIONID,RTTREATMENTANATOMICALSITE,ORGCODEPROVIDER"
    rows = ["1,A1,01/05/2024,P1,Z665,RM2", "1,A1,01/05/2024,P1,Z665,R0A", "1,A2,02/05/2024,P1,Z665,R0A"]
    found, quarantined, _ = read(
        deliver(tmp_path / "d", {"rtds.csv": "\n".join([header, *rows]) + "\n"}), "rtds"
    )
    assert sorted(row["attendance_id"] for row in found) == ["A1", "A2"]
    assert [(q["line"], q["reason"]) for q in quarantined] == [(3, "duplicate_key")]


def test_lines_are_right_among_malformed_ones(tmp_path):
    good = "{id},T{n},2023-03-07,C509,2,60,1,1,RAJ"
    lines = [
        good.format(id="0000000001", n=1),  # line 2
        "too,few",  # line 3
        "way,too,many,fields,in,this,line,here,and,more",  # line 4
        good.format(id="", n=2),  # line 5: no person
        good.format(id="0000000003", n=3),  # line 6
        "broken",  # line 7
        good.format(id="0000000004", n=4).replace("2023-03-07", "2023-02-31"),  # line 8: no such day
        good.format(id="0000000005", n=5).replace("2023-03-07", "1066-10-14"),  # line 9: impossible
        good.format(id="0000000006", n=6).replace("2023-03-07", "2026-01-01"),  # line 10: after the snapshot
        good.format(id="0000000003", n=3),  # line 11: seen before
        good.format(id="0000000007", n=3),  # line 12: key seen before
    ]
    rows, quarantined, counts = tumours(tmp_path, HEADER, *lines)
    assert sorted(row["tumour_id"] for row in rows) == ["T1", "T3"]
    assert [(q["line"], q["reason"], q["column"]) for q in sorted(quarantined, key=lambda q: q["line"])] == [
        (3, "malformed_line", None),
        (4, "malformed_line", None),
        (5, "missing_value", "person_id"),
        (7, "malformed_line", None),
        (8, "unreadable_value", "diagnosis_date"),
        (9, "impossible_date", "diagnosis_date"),
        (10, "impossible_date", "diagnosis_date"),
        (11, "duplicate_row", None),
        (12, "duplicate_key", None),
    ]
    assert {q["file"] for q in quarantined} == {"rcrd_tumour.csv"}
    assert counts.rows_in == len(lines)
    assert all(q["record"] for q in quarantined)


def test_several_files_of_one_data_set_share_keys_only_within_a_year(tmp_path):
    header = "TOKEN_PERSON_ID|EPIKEY|FYEAR|EPISTART"
    files = {
        "hes_apc_2223.txt": f"{header}\n1|E1|2223|2022-05-01\n",
        "hes_apc_2324.txt": f"{header}\n1|E1|2324|2023-05-01\n1|E1|2324|2023-05-02\n",
    }
    rows, quarantined, _ = read(deliver(tmp_path / "d", dict(files)), "hes_apc")
    assert len(rows) == 2
    assert [(q["file"], q["line"], q["reason"]) for q in quarantined] == [
        ("hes_apc_2324.txt", 3, "duplicate_key")
    ]


def test_quarantine_names_files_by_their_path_in_the_delivery(tmp_path):
    files = {f"{part}/rcrd_tumour.csv": f"{HEADER}\nshort\n" for part in ("north", "south")}
    for name in files:
        (tmp_path / "d" / name).parent.mkdir(parents=True)
    _, quarantined, _ = read(deliver(tmp_path / "d", files), "tumours")
    assert [row["file"] for row in quarantined] == sorted(files)


def test_rows_without_a_key_are_known_by_all_their_columns(tmp_path):
    rows = [
        ",1,2024-01-01",
        ",1,2024-02-01",
        "7,1,2024-01-01",
        ",1,2024-01-01",
        "7,2,2024-01-01",
        ",2,2024-01-01",
    ]
    lines = [
        "prescription_dataid,ppatient_id,presc_date,bnf_code",
        *(f"{row},0803041L0AAAAAA" for row in rows),
    ]
    found, quarantined, _ = read(deliver(tmp_path / "d", {"pcpd.csv": "\n".join(lines) + "\n"}), "pcpd")
    assert [(row["prescription_id"], row["person_id"], row["prescription_date"].month) for row in found] == [
        (None, "1", 1),
        (None, "1", 2),
        ("7", "1", 1),
        (None, "2", 1),
    ]
    assert [(q["line"], q["reason"]) for q in quarantined] == [(5, "duplicate_row"), (6, "duplicate_key")]


def test_a_file_may_have_no_key_at_all(tmp_path):
    content = rows_of("ppatient_id presc_date bnf_code", "00000{n:05d} 2024-01-{day:02d} 0803041L0AAAAAA")
    delivery = deliver(tmp_path / "d", {"pcpd.csv": content})
    found, quarantined, _ = read(delivery, "pcpd")
    assert (len(found), quarantined) == (ROWS, [])
    assert check_delivery(delivery.path).acceptable


def test_quoted_values_may_hold_the_delimiter(tmp_path):
    header = "prescription_dataid,ppatient_id,presc_date,drug_paid,bnf_code"
    found, _, _ = read(
        deliver(
            tmp_path / "d", {"pcpd.csv": f'{header}\n1,2,2024-01-01,"Tablets, coated",0803041L0AAAAAA\n'}
        ),
        "pcpd",
    )
    assert found[0]["drug_name"] == "Tablets, coated"


def test_reading_twice_gives_the_same_bytes(tmp_path):
    delivery = deliver(tmp_path / "d", dict(standard_files()))
    files = []
    for _ in range(2):
        read(delivery, "tumours")
        files.append((tmp_path / "tumours.parquet").read_bytes())
    assert files[0] == files[1]


@pytest.mark.parametrize("feed", ["england_quarterly", "wales_annual"])
def test_a_file_is_judged_by_its_first_records_as_when_it_is_read(feed, tmp_path):
    """Of data sets without columns that stand in for others, which make rows usable that a sender has to know of."""
    period = {"england_quarterly": "2025Q3", "wales_annual": "2023"}[feed]
    delivery = tmp_path / "delivery"
    write_delivery(delivery, feed=feed, period=period, people=400, seed=3, volume=0.3, dirt=0.1)
    accepted = receive_delivery(delivery, Home.locate(tmp_path / "home").create().landing)
    judged = set()
    with duckdb.connect() as connection:
        for name, matches in matched_files(accepted).items():
            if any(column.fallback for column in layouts.data_set(name).columns) or any(
                m.joined for m in matches
            ):
                continue
            table, aside = tmp_path / f"{name}.parquet", tmp_path / f"{name}_aside.parquet"
            read_data_set(connection, accepted, name, table, aside)
            rows = connection.execute(
                'SELECT file, reason, COUNT(*) FROM read_parquet($1) WHERE "column" IS NOT NULL GROUP BY ALL',
                [str(aside)],
            ).fetchall()
            found: dict[tuple[str, str], int] = {}
            for match in matches:
                text = scan_file(accepted.path / match.name)
                assert text.lines <= PROFILED_RECORDS, "all records are to be looked at"
                profile = profile_file(
                    connection, match.name, text, match.table, {}, accepted.manifest.snapshot_date
                )
                for (reason, _), amount in profile.unusable.items():
                    found[match.name, reason] = found.get((match.name, reason), 0) + amount
            assert found == {(file, reason): amount for file, reason, amount in rows}, name
            judged |= {name} if found else set()
    assert len(judged) > 3
