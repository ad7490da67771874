"""Ordinary life: admissions, appointments, prescriptions, scans and adjuvant treatment that mean nothing to the cohort.

Made up by DuckDB row by row while a file is written, from hashes of the person's number: the same seed gives the same
rows on any number of threads. People with metastatic disease get only codes that no code list knows.
"""

from __future__ import annotations

import csv
import datetime as dt

import duckdb
import pandas as pd

from naome_pipeline.engine import literal, run
from naome_pipeline.reference import reference_path
from naome_pipeline.synthetic import calibration as cal
from naome_pipeline.synthetic.dirt import TRUTH_COLUMNS, impossible, reasons, unreadable
from naome_pipeline.synthetic.files import Background, date_text
from naome_pipeline.synthetic.formats import FORMATS, FileFormat
from naome_pipeline.synthetic.patients import EPOCH, Patients
from naome_pipeline.synthetic.randomness import NEVER, generator, happens
from naome_pipeline.synthetic.records import dates
from naome_pipeline.synthetic.wales import FORMS_FROM

_CANDIDATES = ["K573", "K529", "S525", "K409", "R074", "H269", "K219", "L029", "M545", "Z090", "R104", "N200"]
_COMMON_DRUGS = [
    "0407010H0AAAMAM",
    "0103050P0AAAAAA",
    "0212000B0AAABAB",
    "0206020A0AAAAAA",
    "0606020A0AAABAB",
]
_PROCEDURES = ["-", "-   ", "&", "X621", "U212", "W903"]
# What kind of life a file holds: of the Welsh ones, that of the English file of the same subject.
LIFE = {kind: kind for kind in ("hes_apc", "hes_op", "hes_ae", "ecds", "sact", "rtds", "pcpd", "dids")} | {
    "pedw": "hes_apc",
    "canisc_drug_therapy": "sact",
    "cdf_drug_therapy": "sact",
    "canisc_radiotherapy": "rtds",
    "cdf_radiotherapy": "rtds",
}
# Whose adjuvant treatment stands in which registry file: that of the system in use at the diagnosis.
_FORMS = f"DATE '{EPOCH + dt.timedelta(days=FORMS_FROM)}'"
_WHOSE = {"canisc": f"diagnosis < {_FORMS}", "cdf": f"diagnosis >= {_FORMS}"}


def benign_codes() -> list[str]:
    """Diagnoses that neither comorbidity list knows."""
    prefixes = []
    for name in ("rcs_charlson", "scarf_deficits"):
        with reference_path(name).open(encoding="utf-8", newline="") as stream:
            prefixes += [row["icd10_prefix"] for row in csv.DictReader(stream)]
    return [code for code in _CANDIDATES if not code.startswith(tuple(prefixes))]


def register_people(connection: duckdb.DuckDBPyConnection, patients: Patients, seed: int) -> None:
    """Put what background rows need to know about each person into a table `persons`, ordered by number."""
    rng = generator(seed, "background")
    people = len(patients)
    early = patients.state == 0
    frame = pd.DataFrame(
        {
            "number": range(people),
            "person_id": patients.person_id,
            "diagnosis": dates(patients.diagnosis),
            "death": dates(patients.death.clip(max=NEVER)),
            "provider": patients.code_sent,
            "sex": patients.sex,
            "chemotherapy": early & happens(rng, cal.EARLY_CHEMOTHERAPY_SHARE, people),
            "radiotherapy": early & happens(rng, cal.EARLY_RADIOTHERAPY_SHARE, people),
        }
    )
    connection.register("persons_frame", frame)
    run(
        connection,
        "CREATE OR REPLACE TABLE persons AS SELECT * REPLACE (CAST(diagnosis AS DATE) AS diagnosis, "
        "CAST(death AS DATE) AS death) FROM persons_frame ORDER BY number",
    )
    connection.unregister("persons_frame")


class BackgroundRows:
    """Makes the background part of each file and the truth about the dirt in it."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        seed: int,
        rate: float,
        volume: float,
        first: dt.date,
        snapshot: dt.date,
    ) -> None:
        self.connection = connection
        self.seed = seed
        self.rate = rate
        self.volume = volume
        self.first = first
        self.snapshot = snapshot
        self.planted: list[pd.DataFrame] = []

    def make(
        self,
        kind: str,
        file: str,
        clinical_rows: int,
        low: dt.date | None = None,
        high: dt.date | None = None,
    ) -> Background:
        """The background rows of one file; `clinical_rows` records stand before them."""
        low, high = max(low or self.first, self.first), min(high or self.snapshot, self.snapshot)
        form = FORMATS[kind]
        salt = f"{self.seed} {file}"
        rows = self._count(kind, salt, low, high)
        columns = self._columns(kind, form, salt)
        query = self._query(salt)
        if self.rate == 0:
            return Background(query, columns, "0", rows)
        number = f"hash(number, j, {literal(salt + ' dirt')})"
        bad = f"{number} % 1000000 < {round(self.rate * 1_000_000)}"
        # Minus one for a good row, else the position of its fault in the list of reasons.
        fault = (
            f"CASE WHEN {bad} THEN CAST(({number} // 1000000) % {len(reasons(form))} AS INTEGER) ELSE -1 END"
        )
        query = f"SELECT *, {fault} AS fault FROM ({query})"
        self._list(file, form, query, clinical_rows)
        malformed = "CASE WHEN fault = 0 THEN 1 + ordinal % 2 ELSE 0 END"
        return Background(query, self._spoiled(form, columns), malformed, rows)

    def _count(self, kind: str, salt: str, low: dt.date, high: dt.date) -> int:
        """Decide how many rows each person has in this file, into the table `counted`."""
        years = max((high - low).days + 1, 0) / 365.25
        per_year = {
            "hes_apc": cal.ADMISSIONS_PER_YEAR,
            "hes_op": cal.OUTPATIENT_PER_YEAR,
            "hes_ae": cal.EMERGENCY_PER_YEAR,
            "ecds": cal.EMERGENCY_PER_YEAR,
            "pcpd": cal.PRESCRIPTIONS_PER_YEAR,
            "dids": cal.IMAGING_PER_YEAR,
        }
        start, stop, wanted = f"DATE '{low}'", f"LEAST(COALESCE(death, DATE '{high}'), DATE '{high}')", ""
        life, whose = LIFE[kind], _WHOSE.get(kind.split("_", 1)[0], "TRUE")
        if life == "sact":
            # Adjuvant chemotherapy: three rows a cycle, eight cycles.
            start = "diagnosis + 40"
            wanted = f"CASE WHEN chemotherapy THEN 24 * {self.volume} ELSE 0 END"
            most = "3 * ((stop - start) // 21 + 1)"
        elif life == "rtds":
            # One row per attendance, in Wales one per course.
            attendances = 16 if kind == "rtds" else 1
            start = "diagnosis + 60"
            wanted = f"CASE WHEN radiotherapy THEN {attendances} * {self.volume} ELSE 0 END"
            most = "stop - start + 1"
        else:
            wanted = str(per_year[life] * self.volume * years)
            most = "stop - start + 1"
        fraction = f"(hash(number, {literal(salt)}) % 1000) / 1000.0"
        run(
            self.connection,
            f"""
            CREATE OR REPLACE TABLE counted AS
            WITH spans AS (SELECT *, {start} AS start, {stop} AS stop, {wanted} + {fraction} AS wanted FROM persons
                WHERE {whose}),
            sized AS (
                SELECT *, CASE WHEN stop < start THEN 0 ELSE CAST(FLOOR(LEAST(wanted, {most})) AS BIGINT) END AS n
                FROM spans
            )
            SELECT *, SUM(n) OVER (ORDER BY number ROWS UNBOUNDED PRECEDING) - n AS before FROM sized
            WHERE n > 0 ORDER BY number
            """,
        )
        rows = self.connection.execute("SELECT COALESCE(SUM(n), 0) FROM counted").fetchall()
        return int(rows[0][0])

    @staticmethod
    def _query(salt: str) -> str:
        return (
            "SELECT *, CAST(before AS BIGINT) + j AS ordinal, "
            f"hash(number, j, {literal(salt + ' value')}) AS h, "
            # Even steps with a little noise inside the step: no two rows of a person fall on one day.
            "start + CAST(j * ((stop - start + 1) // n) + "
            f"hash(number, j, {literal(salt + ' day')}) % ((stop - start + 1) // n) AS INTEGER) AS day "
            "FROM (SELECT *, UNNEST(RANGE(n)) AS j FROM counted)"
        )

    def _columns(self, kind: str, form: FileFormat, salt: str) -> dict[str, str]:
        year = "".join(c for c in salt.split(" ", 1)[1] if c.isdigit())
        key = f"'9' || lpad(CAST(ordinal AS VARCHAR), 9, '0') || {literal(year)}"
        day = date_text("day", form)
        codes = f"{_choice(benign_codes(), 'h')}"
        drugs = _choice(_COMMON_DRUGS, "h")
        if kind == "hes_apc":
            return {
                "TOKEN_PERSON_ID": "person_id",
                "EPIKEY": key,
                "FYEAR": _financial_year("day"),
                "ADMIDATE": day,
                "DISDATE": date_text("day + CAST(h % 5 AS INTEGER)", form),
                "EPISTART": day,
                "EPIORDER": "'1'",
                "ADMIMETH": "CASE h % 3 WHEN 0 THEN '11' WHEN 1 THEN '21' ELSE '12' END",
                "ADMISORC": "'19'",
                "CLASSPAT": "'2'",
                "DISDEST": "'19'",
                "DIAG_01": f"CASE WHEN h % 11 = 0 THEN 'R69X' ELSE {codes} END",
                "OPERTN_01": _choice(_PROCEDURES, "h // 7"),
                "OPDATE_01": f"CASE WHEN h % 3 = 0 THEN '1801-01-01' ELSE {day} END",
                "PROCODE3": "substr(provider, 1, 3)",
                "PROCODET": "provider",
                "SEX": "CAST(sex AS VARCHAR)",
            }
        if kind == "hes_op":
            return {
                "Token_Person_ID": "person_id",
                "ATTENDKEY": key,
                "APPTDATE": day,
                "ATTENDED": _choice(["5", "5", "5", "6", "7", "3"], "h"),
                "DIAG_01": f"CASE WHEN h % 13 = 0 THEN {codes} ELSE 'R69X6' END",
                "OPERTN_01": _choice(_PROCEDURES, "h // 5"),
                "MAINSPEF": "'100'",
                "TRETSPEF": _choice(["103", "370", "800", "300"], "h // 3"),
                "PROCODET": "provider",
                "SEX": "CAST(sex AS VARCHAR)",
            }
        if kind == "hes_ae":
            return {
                "Token_Person_ID": "person_id",
                "AEKEY": key,
                "ARRIVALDATE": day,
                "AEATTENDDISP": _choice(["01", "02", "03"], "h"),
                "PROCODE3": "substr(provider, 1, 3)",
            }
        if kind == "ecds":
            return {
                "TOKEN_PERSON_ID": "person_id",
                "EPIKEY": key,
                "ARRIVAL_DATE": day,
                "ARRIVAL_TIME": "lpad(CAST(h % 24 AS VARCHAR), 2, '0') || ':30'",
                "CHIEF_COMPLAINT": _choice(["29857009", "21522001", "267036007"], "h"),
                "DISCHARGE_STATUS": "'182992009'",
                "PROVIDER_CODE": "provider",
            }
        if kind == "sact":
            cycle = "CAST(j // 3 AS INTEGER)"
            given = date_text(f"start + 21 * {cycle}", form)
            return {
                "NHS_Number": "person_id",
                "Organisation_Identifier_Code_Of_Provider": "provider",
                "Primary_Diagnosis": "'C509'",
                "Intent_Of_Treatment": "'01'",
                "Regimen": "'EC'",
                "Start_Date_Of_Regimen": date_text("start", form),
                "Cycle_Number": f"CAST({cycle} + 1 AS VARCHAR)",
                "Start_Date_Of_Cycle": given,
                "Drug_Name": "CASE j % 3 WHEN 0 THEN 'EPIRUBICIN' WHEN 1 THEN 'CYCLOPHOSPHAMIDE' "
                "ELSE 'ONDANSETRON' END",
                "Administration_Date": given,
                "Organisation_Identifier_Of_SACT_Administration": "provider",
            }
        if kind == "rtds":
            return {
                "PATIENTID": "person_id",
                "RADIOTHERAPYEPISODEID": "'B' || CAST(number AS VARCHAR)",
                "ATTENDID": key,
                "APPTDATE": date_text("start + CAST(j AS INTEGER)", form),
                "RADIOTHERAPYINTENT": "'02'",
                "PRESCRIPTIONID": "'B' || CAST(number AS VARCHAR)",
                "RTTREATMENTREGION": "'P'",
                "RTTREATMENTANATOMICALSITE": "'Z152'",
                "RTPRESCRIBEDDOSE": "'40.05'",
                "PRESCRIBEDFRACTIONS": "'15'",
                "RTTREATMENTMODALITY": "'05'",
                "ORGCODEPROVIDER": "provider",
            }
        if kind == "pedw":
            return {
                "pseudo_patientid": "person_id",
                "SPELL_NUM_PE": f"'B' || {key}",
                "provider": "provider",
                "admission_date": day,
                "discharge_date": date_text("day + CAST(h % 5 AS INTEGER)", form),
                "episode_start": day,
                "episode_order": "'1'",
                "admission_method": "CASE h % 3 WHEN 0 THEN '11' WHEN 1 THEN '21' ELSE '12' END",
                "patient_class": "'2'",
                "admission_source": "'19'",
                "discharge_destination": "'19'",
                "diag_01": f"CASE WHEN h % 11 = 0 THEN 'R69X' ELSE {codes} END",
                "oper_01": _choice(_PROCEDURES, "h // 7"),
                "operdate_01": f"CASE WHEN h % 3 = 0 THEN '' ELSE {day} END",
            }
        if LIFE[kind] in {"sact", "rtds"}:
            return _welsh_adjuvant(kind, form)
        if kind == "pcpd":
            return {
                "prescription_dataid": key,
                "ppatient_id": "person_id",
                "presc_date": date_text("DATE_TRUNC('month', day)", form),
                "presc_quantity": "CASE WHEN h % 2 = 0 THEN '28' ELSE '56.0' END",
                "item_number": "'1'",
                "drug_paid": "'\"Tablets, coated\"'",
                "bnf_code": drugs,
                "sex": "CAST(sex AS VARCHAR)",
            }
        return {
            "PATIENTID": "person_id",
            "PATIENT_SOURCE_SETTING": _choice(["1", "2", "3"], "h"),
            "DIAG_TEST_REQ_DATE": date_text("day - CAST(h % 20 AS INTEGER)", form),
            "IMAGING_CODE_NICIP": _choice(["CTAB", "MBREA", "NBONE", "USBRE"], "h"),
            "IMAGING_CODE_SNOMED_CT": _choice(["77477000", "113091000", "241441003"], "h"),
            "PROCEDURE_DATE_CANCER_IMAGING": day,
            "SITE_CODE_OF_IMAGING": "provider",
        }

    def _spoiled(self, form: FileFormat, columns: dict[str, str]) -> dict[str, str]:
        """The columns with the faults in them; the numbers follow the order of `dirt.reasons`."""
        person = form.required[0]
        spoiled = columns | {person: f"CASE WHEN fault = 1 THEN '' ELSE {columns[person]} END"}
        if form.required_date:
            early, late = impossible(form, self.snapshot, 0), impossible(form, self.snapshot, 1)
            spoiled[form.required_date] = (
                f"CASE WHEN fault = 2 THEN {literal(unreadable(form))} WHEN fault = 3 AND ordinal % 2 = 0 "
                f"THEN {literal(early)} WHEN fault = 3 THEN {literal(late)} ELSE {columns[form.required_date]} END"
            )
        return spoiled

    def _list(self, file: str, form: FileFormat, query: str, clinical_rows: int) -> None:
        """Remember the planted rows for the truth."""
        names = f"[{', '.join(literal(name) for name in reasons(form))}]"
        self.planted.append(
            self.connection.execute(
                f"SELECT {literal(file)} AS file, ordinal + {clinical_rows + 2} AS line, "
                f"{literal(form.data_set)} AS data_set, person_id, {names}[1 + fault] AS reason, "
                f"NULL AS column, true AS destroyed FROM ({query}) WHERE fault >= 0"
            )
            .fetchdf()
            .reindex(columns=TRUTH_COLUMNS)
        )


def _welsh_adjuvant(kind: str, form: FileFormat) -> dict[str, str]:
    """Adjuvant chemotherapy and radiotherapy as the registry of Wales holds it."""
    cycle = date_text("start + 21 * CAST(j // 3 AS INTEGER)", form)
    drug = "CASE j % 3 WHEN 0 THEN 'EPIRUBICIN' WHEN 1 THEN 'CYCLOPHOSPHAMIDE' ELSE 'ONDANSETRON' END"
    board, start = "substr(provider, 1, 3)", date_text("start", form)
    columns = {
        "canisc_drug_therapy": {
            "drug_start_date": start,
            "regimen": "'EC'",
            "drug_name": drug,
            "cycle_date": cycle,
            "drug_intent": "'C'",
            "drug_provider": board,
        },
        "cdf_drug_therapy": {
            "RegimenName": "'EC'",
            "RegimenStartDate": start,
            "CycleStartDate": cycle,
            "DrugName": drug,
            "TreatmentIntent": "'01'",
            "OrganisationOfTreatment": board,
        },
        "canisc_radiotherapy": {
            "rt_start_date": start,
            "rt_site": "'Z152'",
            "rt_dose": "'40.05'",
            "rt_fractions": "'15'",
            "rt_intent": "'02'",
            "rt_provider": board,
        },
        "cdf_radiotherapy": {
            "RadiotherapyStartDate": start,
            "TreatmentSite": "'Z152'",
            "DoseGiven": "'40.05'",
            "FractionsGiven": "'15'",
            "TreatmentIntent": "'02'",
            "OrganisationOfTreatment": board,
        },
    }
    return {form.required[0]: "person_id", **columns[kind]}


def _choice(values: list[str], number: str) -> str:
    return f"[{', '.join(literal(v) for v in values)}][1 + CAST(({number}) % {len(values)} AS INTEGER)]"


def _financial_year(day: str) -> str:
    start = f"year({day} - INTERVAL 3 MONTH)"
    return (
        f"lpad(CAST({start} % 100 AS VARCHAR), 2, '0') || lpad(CAST(({start} + 1) % 100 AS VARCHAR), 2, '0')"
    )
