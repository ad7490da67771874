"""The files of a delivery: names, layouts, delimiters, encodings, date formats, and which columns hold what matters.

The headers are the published ones, taken from the layout registry.
"""

from __future__ import annotations

from dataclasses import dataclass

from naome_pipeline.deliveries.layouts import MAIN, table_layout


@dataclass(frozen=True)
class FileFormat:
    """One kind of file.

    `required`: columns without which a row is unusable; the first one names the person. `dates`: the strftime format.
    `variation`: a column and a value that make a repeated key differ; None where whole rows are compared.
    `two_digit_years`: the format has no century, so no day written in it is impossible. `part`: the file is looked things
    up in by another one (a join of the layout), so a bad line of it makes no row unusable.
    """

    data_set: str
    version: str
    delimiter: str
    dates: str
    required: tuple[str, ...]
    required_date: str
    variation: tuple[str, str] | None = None
    encoding: str = "utf-8"
    upper_dates: bool = False
    two_digit_years: bool = False
    trailer: str | None = None
    part: str = MAIN

    @property
    def header(self) -> tuple[str, ...]:
        """The published columns in their order."""
        return tuple(table_layout(self.data_set, self.version).published_columns(self.part))


ISO = "%Y-%m-%d"
COMPACT = "%Y%m%d"
_ENGLISH = {
    "rcrd_tumour": FileFormat(
        "tumours",
        "rcrd_ndr001",
        ",",
        ISO,
        ("PATIENT_ID", "TUMOUR_AVP_ID", "DIAGNOSISDATE", "TUMOUR_SITE"),
        "DIAGNOSISDATE",
        ("AGE", "55"),
        encoding="utf-8-sig",
    ),
    "ncrd_tumour": FileFormat(
        "tumours",
        "ncrd_odr_v8",
        ",",
        ISO,
        ("PATIENTID", "TUMOURID", "DIAGNOSISDATEBEST", "SITE_ICD10_O2"),
        "DIAGNOSISDATEBEST",
        ("AGE", "55"),
        encoding="utf-8-sig",
    ),
    "rcrd_pathway": FileFormat(
        "pathway_events",
        "rapid_pathway",
        ",",
        ISO,
        ("patientid", "event_type", "event_date"),
        "event_date",
    ),
    "cosd": FileFormat(
        "cosd",
        "flat_v9_v10",
        ",",
        "%d/%m/%Y",
        ("pseudo_cr0010_nhs_number", "pseudo_c000070_unique_record_id"),
        "",
        ("cr3170_person_stated_gender_code", "9"),
        encoding="latin-1",
    ),
    "cosd_fitness": FileFormat("cosd_fitness", "v9_0_1", ",", ISO, ("NhsNumber",), ""),
    "cosd_pathology": FileFormat("cosd_pathology", "v3_v4", ",", ISO, ("NhsNumber",), ""),
    "hes_apc": FileFormat(
        "hes_apc", "dars", "|", ISO, ("TOKEN_PERSON_ID", "EPIKEY"), "EPISTART", ("ADMIMETH", "81")
    ),
    "hes_op": FileFormat(
        "hes_op",
        "dars",
        "|",
        ISO,
        ("Token_Person_ID", "ATTENDKEY", "APPTDATE"),
        "APPTDATE",
        ("ATTENDED", "7"),
    ),
    "hes_ae": FileFormat(
        "hes_ae",
        "dars",
        "|",
        ISO,
        ("Token_Person_ID", "AEKEY", "ARRIVALDATE"),
        "ARRIVALDATE",
        ("AEATTENDDISP", "99"),
    ),
    "ecds": FileFormat("ecds", "dars", "|", ISO, ("TOKEN_PERSON_ID", "ARRIVAL_DATE"), "ARRIVAL_DATE"),
    "sact": FileFormat("sact", "v3", ",", ISO, ("NHS_Number", "Drug_Name"), "Administration_Date"),
    "rtds": FileFormat(
        "rtds",
        "odr_v8",
        ",",
        "%d/%m/%Y",
        ("PATIENTID", "ATTENDID", "APPTDATE"),
        "APPTDATE",
        # The same attendance sent again by the merged provider.
        ("ORGCODEPROVIDER", "R0A07"),
    ),
    "cwt": FileFormat("cwt", "natcan", "\t", "%d/%m/%Y", ("pseudo_patientid",), ""),
    "pcpd": FileFormat(
        "pcpd",
        "ncras_prescription_data",
        ",",
        ISO,
        ("ppatient_id", "presc_date", "bnf_code"),
        "presc_date",
        ("presc_quantity", "1"),
    ),
    "dids": FileFormat(
        "dids",
        "odr_v8",
        ",",
        "%d-%b-%y",
        ("PATIENTID", "PROCEDURE_DATE_CANCER_IMAGING"),
        "PROCEDURE_DATE_CANCER_IMAGING",
        upper_dates=True,
        two_digit_years=True,
    ),
    "deaths": FileFormat(
        "deaths",
        "dars",
        "|",
        "%d%m%Y",
        ("DEC_CONF_NHS_NUMBER",),
        "",
        # A duplicate registration, entered later than the first.
        ("REG_DATE", "later"),
        encoding="latin-1",
        trailer="COUNT IN FILE",
    ),
}


def _canisc(
    data_set: str, version: str, date: str, *required: str, part: str = MAIN, delimiter: str = ","
) -> FileFormat:
    """A file of CaNISC or PEDW: plain names, ISO dates."""
    return FileFormat(
        data_set, version, delimiter, ISO, ("pseudo_patientid", *required), date, encoding="utf-8", part=part
    )


def _forms(data_set: str, subject: str, date: str, *required: str) -> FileFormat:
    """A file of the Cancer Dataset Forms: dates without marks between year, month and day."""
    version = f"cancer_dataset_forms{subject}"
    return FileFormat(data_set, version, ",", COMPACT, ("NHSNumber", *required), date)


_WELSH = {
    "canisc_patient": _canisc("tumours", "canisc", "", part="canisc_patient"),
    "canisc_keyworker": _canisc("tumours", "canisc", "", part="keyworker"),
    "canisc_diagnosis": _canisc(
        "tumours", "canisc", "diagnosis_date", "pseudo_tumourid", "diagnosis_date", "site_icd10"
    ),
    "canisc_mdt": _canisc("cosd", "canisc_mdt", "", "record_key"),
    "canisc_recurrence": _canisc("cosd", "canisc_recurrence", "", "record_key"),
    "canisc_pathology": _canisc("cosd_pathology", "canisc_pathology", ""),
    "canisc_drug_therapy": _canisc("sact", "canisc_drug_therapy", "", "drug_name"),
    "canisc_radiotherapy": _canisc("rtds", "canisc_radiotherapy", "rt_start_date", "rt_start_date"),
    "canisc_surgery": _canisc("registry_treatments", "canisc_surgery", "procedure_date", "procedure_date"),
    "cdf_diagnosis": _forms(
        "tumours",
        "",
        "DateOfDiagnosis",
        "UniquePathwayIdentifier",
        "DateOfDiagnosis",
        "PrimaryDiagnosisICD",
    ),
    "cdf_mdt": _forms("cosd", "_mdt", "", "FormNumber"),
    "cdf_recurrence": _forms("cosd", "_recurrence", "", "FormNumber"),
    "cdf_pathology": _forms("cosd_pathology", "_pathology", ""),
    "cdf_drug_therapy": _forms("sact", "_drug_therapy", "", "DrugName"),
    "cdf_radiotherapy": _forms("rtds", "_radiotherapy", "RadiotherapyStartDate", "RadiotherapyStartDate"),
    "cdf_surgery": _forms("registry_treatments", "_surgery", "ProcedureDate", "ProcedureDate"),
    "pedw": _canisc("hes_apc", "pedw_flat", "", "SPELL_NUM_PE", delimiter="|"),
    "adde_deaths": FileFormat(
        "deaths",
        "adde_flat",
        ",",
        ISO,
        ("pseudo_patientid",),
        "",
        ("DEATH_REG_DT", "later"),
    ),
    "wimd": FileFormat("tumours", "canisc", ",", ISO, ("lsoa_code",), "", part="wimd"),
}
FORMATS = _ENGLISH | _WELSH
