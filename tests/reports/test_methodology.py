"""The methodology supplement prints what was used: every definition, parameter, code list, model and assumption."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from naome_pipeline.indicators import record_rules as record_rules_module
from naome_pipeline.indicators.record_rules import record_rules
from naome_pipeline.indicators.registry import registry
from naome_pipeline.parameters import parameters
from naome_pipeline.reference import reference_names, reference_path
from naome_pipeline.reports.documents.model import Bullets, Document, Section, Subheading, Table
from naome_pipeline.reports.documents.pdf import pdf_bytes
from naome_pipeline.reports.methodology.supplement import methodology
from naome_pipeline.reports.recommendations import rules
from tests.reports.annual import annual_frames, without
from tests.reports.pdf import read_pdf
from tests.reports.released_tables import released


def frames() -> dict[str, pd.DataFrame]:
    made = without(annual_frames(trusts=8, alliances=2), "C7", "no somatic tests (somatic.test_status)")
    every = [
        {
            "kind": "parameter",
            "item": n,
            "value": str(p.value),
            "unit": p.unit,
            "basis": p.basis,
            "note": p.note,
        }
        for n, p in parameters().items()
    ]
    provenance = made["provenance"]
    facts = provenance[provenance["kind"] != "parameter"]
    layout = {
        "kind": "layout", "item": "Wales: tumours canisc", "value": "CaNISC", "unit": "", "basis": "assumption",
        "note": "every column name",
    }  # fmt: skip
    made["provenance"] = pd.concat([facts, pd.DataFrame([*every, layout])], ignore_index=True)
    return made


@pytest.fixture(scope="module")
def document(tmp_path_factory) -> Document:
    return methodology(released(tmp_path_factory.mktemp("tables"), frames()))


def section(document: Document, name: str) -> Section:
    [found] = [s for s in document.sections if s.name == name]
    return found


def tables_of(found: Section) -> list[Table]:
    return [b for b in found.blocks if isinstance(b, Table)]


def facts(table: Table) -> dict[str, str]:
    return {row[0]: row[1] for row in table.rows}


def test_every_indicator_of_the_registry_has_its_definition(document):
    tables = {t.caption.split(":")[0]: facts(t) for t in tables_of(section(document, "definitions"))}
    assert list(tables) == sorted(
        tables, key=lambda n: (registry().indicators[n].goal, list(registry().indicators).index(n))
    )
    assert set(tables) == set(registry().indicators)
    assert tables["P9"]["Follow-up"] == "395 days"
    assert tables["P9"]["Guideline"] == registry().indicators["P9"].guideline
    assert tables["P1"]["Completeness beside it"] == "D5"
    assert tables["C7"]["Available"].startswith(
        "Not available from this feed: it needs the results of molecular tests"
    )
    assert tables["P1"]["Available"] == "yes"
    for name, indicator in registry().indicators.items():
        assert tables[name]["Numerator"] == indicator.numerator.text
        assert tables[name]["Denominator"] == indicator.denominator.text


def test_a_release_says_where_people_may_still_be_found(tmp_path, document):
    def of_the_cohort(made: Document) -> str:
        return " ".join(" ".join(b.items) for b in section(made, "cohort").blocks if isinstance(b, Bullets))

    early = frames()
    provenance = early["provenance"]
    early["provenance"] = provenance.assign(
        value=provenance["value"].where(provenance["item"] != "snapshot date", "2024-03-31")
    )
    assert "diagnosed in 2023 Q4, so a few people may be missing" in of_the_cohort(
        methodology(released(tmp_path, early))
    )
    assert "may be missing" not in of_the_cohort(document)


def test_every_parameter_is_printed_with_its_basis_and_every_assumption_again(document):
    [table] = tables_of(section(document, "parameters"))
    assert {(r[0], r[1], r[3]) for r in table.rows} == {
        (name.replace("_", " "), str(p.value), p.basis) for name, p in parameters().items()
    }
    [bullets] = [b for b in section(document, "assumptions").blocks if isinstance(b, Bullets)]
    ours = [p for p in parameters().values() if p.basis == "assumption"]
    rules_of_ours = [r for r in rules().rules if r.threshold.basis == "assumption"]
    assert len(bullets.items) == len(ours) + len(rules_of_ours) + 1
    assert "Layout of Wales: tumours canisc: every column name." in bullets.items


def test_every_code_list_has_its_source_and_its_codes(document):
    first, *codes = tables_of(section(document, "codes"))
    assert [r[0] for r in first.rows] == [n.replace("_", " ") for n in reference_names()]
    assert [r for r in first.rows if r[3] == "not stated"] == []
    printed = {t.caption: t for t in codes}
    spinal = printed["Codes of opcs4 spinal decompression"]
    lines = reference_path("opcs4_spinal_decompression").read_text(encoding="utf-8").splitlines()[1:]
    listed = {c for _, cell in spinal.rows for c in cell.split(", ")}
    assert listed == {line.split(",")[0] for line in lines}


def test_a_definition_says_where_this_release_does_not_adjust(document):
    printed = {t.caption.split(":")[0]: facts(t) for t in tables_of(section(document, "definitions"))}
    assert printed["P5"]["Risk adjustment"] == "case mix"
    assert printed["P7"]["Risk adjustment"].startswith("case mix; not in this release: ")
    assert printed["P10_3y"]["Risk adjustment"] == "none"
    assert printed["P1"]["Risk adjustment"] == "none"


def test_the_methods_say_what_decides_a_state(document):
    [bullets] = [b for b in section(document, "methods").blocks if isinstance(b, Bullets)]
    [states] = [item for item in bullets.items if item.startswith("States:")]
    assert "a point just outside it can be within" in states
    assert any("from day 120 on" in item for item in bullets.items)


def test_code_lists_print_what_decides_whether_a_code_counts(document):
    """Without it a reader would take regional nodes (C773) for distant spread."""
    printed = {t.caption: facts(t) for t in tables_of(section(document, "codes")) if len(t.columns) == 2}
    nodes = printed["Codes of icd10 metastatic sites"]
    [distant] = [codes for kind, codes in nodes.items() if kind == "nodes; distant: yes"]
    assert "C772" in distant
    assert "C773" not in distant
    drugs = printed["Codes of drug groups"]
    assert "PALBOCICLIB + LETROZOLE" in drugs["cdk46; chemotherapy: no; endocrine: yes"]


def test_how_records_become_facts_is_printed_with_the_values_of_the_parameters(document, monkeypatch):
    def said(of: Document) -> str:
        blocks = section(of, "records").blocks
        return " ".join(item for b in blocks if isinstance(b, Bullets) for item in b.items)

    assert "within 90 days of it" in said(document)
    assert "$" not in said(document)
    changed = {n: p.model_copy(update={"value": 91}) for n, p in parameters().items()}
    monkeypatch.setattr(record_rules_module, "parameters", lambda: changed)
    record_rules.cache_clear()
    assert "within 91 days of it" in " ".join(s for rules in record_rules().values() for s in rules)
    record_rules.cache_clear()


def test_every_risk_model_has_its_diagnostics(document):
    titles = [b.text for b in section(document, "risk-models").blocks if isinstance(b, Subheading)]
    assert [t.split(":")[0] for t in titles] == ["P5", "P9"]
    figures = [t for t in tables_of(section(document, "risk-models")) if t.caption == "P5, diagnostics"]
    assert "Discrimination (AUC)" in {r[0] for t in figures for r in t.rows}


def test_the_policy_and_the_rules_of_recommendations_are_printed(document):
    [policy] = tables_of(section(document, "disclosure"))
    assert facts(policy)["Smallest shown"] == "5"
    [rule_table] = tables_of(section(document, "recommendations"))
    assert [r[0] for r in rule_table.rows] == [r.title for r in rules().rules]


def test_the_supplement_meets_pdf_ua(document):
    pdf = read_pdf(pdf_bytes(document))
    assert "<pdfuaid:part>1</pdfuaid:part>" in pdf.metadata
    assert pdf.tags.count("/H1") >= len(document.sections)
    assert pdf.text.count("This is not an NHS service.") >= pdf.pages


def test_no_path_of_a_machine_is_printed(document):
    text = repr(document)
    assert str(Path.home()) not in text
    assert "site-packages" not in text
