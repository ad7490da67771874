"""The files of a delivery: names, layouts, delimiters, encodings, date formats, and which columns hold what matters.

The headers are the published ones, taken from the layout registry.
"""

from __future__ import annotations

from dataclasses import dataclass

from naome_pipeline.deliveries.layouts import table_layout


@dataclass(frozen=True)
class FileFormat:
    """One kind of file.

    `required`: columns without which a row is unusable; the first one names the person. `dates`: the strftime format.
    `variation`: a column and a value that make a repeated key differ; None where whole rows are compared.
    `two_digit_years`: the format has no century, so no day written in it is impossible.
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

    @property
    def header(self) -> tuple[str, ...]:
        """The published columns in their order."""
        return tuple(table_layout(self.data_set, self.version).published)


ISO = "%Y-%m-%d"
FORMATS = {
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
        ("DEC_CONF_NHS_NUMBER", "REG_DATE_OF_DEATH"),
        "REG_DATE_OF_DEATH",
        # A duplicate registration, entered later than the first.
        ("REG_DATE", "later"),
        encoding="latin-1",
        trailer="COUNT IN FILE",
    ),
}
