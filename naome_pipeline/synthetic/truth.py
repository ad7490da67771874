"""The truth about a delivery, read from the latent patients and events, never from records or from the pipeline.

A second reading of the specification, sections 3 and 4, in other words and another language than the pipeline's: pandas
over events instead of SQL over records. Where the two differ, one of them has misread.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from naome_pipeline.periods import Quarter
from naome_pipeline.synthetic.code_groups import group_counts, matched_groups
from naome_pipeline.synthetic.course import DRUG_KINDS, Course
from naome_pipeline.synthetic.documentation import Documentation
from naome_pipeline.synthetic.patients import Patients, day_number
from naome_pipeline.synthetic.providers import Providers
from naome_pipeline.synthetic.randomness import NEVER
from naome_pipeline.synthetic.recurrence_truth import true_recurrences
from naome_pipeline.synthetic.truth_events import (
    coded_diagnoses,
    dated_drugs,
    distant_cosd_sites,
    first_tumours,
    procedures,
)

HOSPITAL_DRUG_DELIVERY = {"X722", "X723", "X731", "X352", "X701"}
BREAST_MEETINGS = {"0100", "0101", "0102"}
NURSE_YES = {"Y1", "Y1m", "Y2", "Y3", "Y4", "Y5"}
NURSE_NO = {"NI", "NN"}
SITE_OF_HOSPITAL_CODE = {"C793": "brain", "C787": "liver", "C780": "lung", "C782": "lung", "C795": "bone"}
SITE_OF_COSD_CODE = {"02": "brain", "03": "liver", "04": "lung", "10": "bone", "11": "bone"}
DISTANT_NODES = ("C772", "C774", "C775")
SITES = ("bone", "liver", "lung", "brain", "other")


class Truth:
    """Tables of the truth: people, evidence, treatments, indicators, recurrences (frames, one row per entity)."""

    def __init__(
        self,
        patients: Patients,
        providers: Providers,
        documentation: Documentation,
        course: Course,
        period: Quarter,
        snapshot: int,
        receptors: bool,
        unsupported: Collection[str] = (),
    ) -> None:
        """`receptors`: whether their status is delivered; `unsupported`: indicators the feed cannot carry otherwise."""
        # Of whoever is registered as dead without a date nobody can know that events come before the death.
        self.undated = patients.undated & (patients.death <= snapshot)
        self.patients = replace(patients, death=np.where(self.undated, NEVER, patients.death))
        self.providers = providers
        self.documentation = documentation
        self.course = course
        self.period = period
        self.snapshot = snapshot
        self.receptors_delivered = receptors
        self.unsupported = frozenset(unsupported)
        self.count = len(patients)
        self.codes = coded_diagnoses(course.episodes, patients)
        self.first = first_tumours(documentation.tumours)
        self.drugs = dated_drugs(course.drugs, patients, snapshot)
        main = documentation.cosd.copy()
        main["off"] = main["day"].to_numpy() - patients.diagnosis[main["person"].to_numpy()]
        self.linked = main[main["off"].abs() <= 90]
        self.evidence_rows = self._evidence()
        self.de_novo = self._de_novo()
        self.in_cohort = self.de_novo & self._reported()
        self.sites = self._sites()

    # -- the cohort ---------------------------------------------------------------------------------------------

    def _evidence(self) -> pd.DataFrame:
        """person, source, day: the first date of each kind of evidence."""
        tumours = self.documentation.tumours
        off = tumours["day"].to_numpy() - self.patients.diagnosis[tumours["person"].to_numpy()]
        breast = tumours["site"].str.startswith("C50").to_numpy()
        first = tumours[breast & (off >= 0) & (off <= 120)]
        staged = first[first["stage"].str.startswith("4").eq(True)]
        categorised = first[first["m_category"].eq("1")]
        linked = self.linked
        typed = linked[(linked["type_1"] == "03") | (linked["type_2"] == "03")]
        named = linked[distant_cosd_sites(linked).notna().any(axis=1)]
        codes = self.codes
        distant = codes["code"].str.startswith(("C78", "C79", *DISTANT_NODES))
        coded = codes[distant & codes["off"].between(-31, 120)]
        parts = [
            frame.groupby("person")["day"].min().reset_index().assign(source=source)
            for source, frame in (
                ("registry_stage_4", staged),
                ("registry_m1", categorised),
                ("cosd_metastatic_type", typed),
                ("cosd_metastatic_site", named),
                ("hospital_diagnosis", coded),
            )
        ]
        return pd.concat(parts, ignore_index=True)

    def _de_novo(self) -> NDArray[np.bool_]:
        """Who has metastatic disease at diagnosis by the records, in whatever quarter."""
        p = self.patients
        adult = p.age_known & (p.age >= 18)
        alive = (p.death > self.snapshot) | (p.death >= p.diagnosis)
        return adult & ~p.certificate_only & p.nhs & alive & self._any(self.evidence_rows["person"])

    def _reported(self) -> NDArray[np.bool_]:
        first = day_number(self.period.shift(-15).start)
        return (self.patients.diagnosis >= first) & (self.patients.diagnosis <= day_number(self.period.end))

    def _any(self, people: pd.Series) -> NDArray[np.bool_]:
        found = np.zeros(self.count, dtype=bool)
        found[people.to_numpy().astype(np.int64)] = True
        return found

    def _sites(self) -> dict[str, NDArray[np.bool_]]:
        found = {name: np.zeros(self.count, dtype=bool) for name in SITES}
        codes = self.codes[self.codes["off"].between(-31, 120)]
        codes = codes[codes["code"].str.startswith(("C78", "C79", *DISTANT_NODES))]
        codes = codes[codes["code"] != "C799"]
        for name, people in codes.groupby(codes["code"].map(SITE_OF_HOSPITAL_CODE).fillna("other"))["person"]:
            found[str(name)][people.to_numpy()] = True
        records = distant_cosd_sites(self.linked)
        for column in records:
            named = records[column].dropna()
            named = named[named != "07"]
            person = self.linked.loc[named.index, "person"]
            for name, people in person.groupby(named.map(SITE_OF_COSD_CODE).fillna("other")):
                found[str(name)][people.to_numpy()] = True
        return found

    # -- case mix -----------------------------------------------------------------------------------------------

    def _comorbidity(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Charlson conditions (year before, capped at 3) and SCARF deficits (two years before)."""
        before = self.codes[self.codes["off"] <= -31]
        charlson = group_counts(before[before["off"] >= -365], "rcs_charlson", "condition", self.count)
        recent = before[before["off"] >= -730]
        scarf = matched_groups(recent, "scarf_deficits", "deficit")
        stays = self.course.episodes
        off = stays["day"].to_numpy() - self.patients.diagnosis[stays["person"].to_numpy()]
        home = stays["source"].isin(["54", "65", "85"]) | stays["destination"].isin(["54", "65", "85"])
        cared = stays.loc[home.to_numpy() & (off <= -31) & (off >= -730), ["person"]].assign(name="care")
        both = pd.concat([scarf, cared]).drop_duplicates()
        deficits = np.zeros(self.count, dtype=np.int64)
        counted = both.groupby("person").size()
        deficits[counted.index.to_numpy()] = counted.to_numpy()
        return np.minimum(charlson, 3), np.minimum(deficits, 32)

    def _performance_status(self) -> NDArray:
        index = self.first
        registry = index["performance_status"].str.rstrip("m")
        status = np.full(self.count, None, dtype=object)
        known = self.linked[self.linked["performance_status"].isin(list("01234"))]
        lowest = known.groupby("person")["performance_status"].min()
        status[lowest.index.to_numpy()] = lowest.to_numpy()
        said = registry.isin(list("01234")).to_numpy()
        status[index["person"].to_numpy()[said]] = registry.to_numpy()[said]
        return status

    def people(self) -> pd.DataFrame:
        """person_id, in_cohort, de_novo (also outside the reported quarters), mbc_date, trust, alliance_code and the case mix."""
        p = self.patients
        charlson, scarf = self._comorbidity()
        frailty = np.select([scarf >= 6, scarf >= 4, scarf >= 2], ["severe", "moderate", "mild"], "fit")
        return pd.DataFrame(
            {
                "person_id": p.person_id,
                "in_cohort": self.in_cohort,
                "de_novo": self.de_novo,
                "disease": np.array(["early", "recurrent", "de_novo"], dtype=object)[p.state],
                "mbc_date": p.diagnosis.astype("datetime64[D]"),
                "death_date": pd.Series(p.death.clip(max=self.snapshot + 1).astype("datetime64[D]")).where(
                    p.death <= self.snapshot
                ),
                "trust": np.array(self.providers.codes, dtype=object)[p.trust],
                "alliance_code": np.array(self.providers.alliances, dtype=object)[p.trust],
                "age": p.age,
                "sex": np.where(p.sex == 1, "male", "female"),
                "imd_quintile": pd.Series(p.imd_quintile).astype("Int64").where(p.imd_quintile > 0),
                "charlson": charlson,
                "scarf": scarf,
                "frailty": frailty,
                "performance_status": self._performance_status(),
            }
            | self.sites
        )

    def evidence(self) -> pd.DataFrame:
        """person_id, source, date."""
        rows = self.evidence_rows
        return pd.DataFrame(
            {
                "person_id": self.patients.person_id[rows["person"].to_numpy()],
                "source": rows["source"],
                "date": rows["day"].to_numpy().astype("datetime64[D]"),
            }
        )

    def recurrences(self) -> pd.DataFrame:
        """Everybody with early disease: what became of it, and what the records show (`recurrence_truth.py`)."""
        p = self.patients
        alive = (p.death > self.snapshot) | (p.death >= p.diagnosis)
        early = p.age_known & (p.age >= 18) & ~p.certificate_only & p.nhs & alive
        early &= ~self._any(self.evidence_rows["person"])
        return true_recurrences(
            p,
            self.documentation,
            self.course,
            self.codes,
            procedures(self.course.episodes),
            early,
            self.snapshot,
        )

    def treatments(self) -> pd.DataFrame:
        """person_id, date, treatment of everybody with spread: drugs by kind, radiotherapy by field."""
        drugs = self.course.drugs.assign(treatment=self.course.drugs["drug"].map(DRUG_KINDS))
        rays = self.course.radiotherapy.assign(treatment="radiotherapy")
        rows = pd.concat([drugs, rays])[["person", "day", "treatment"]]
        return pd.DataFrame(
            {
                "person_id": self.patients.person_id[rows["person"].to_numpy()],
                "date": rows["day"].to_numpy().astype("datetime64[D]"),
                "treatment": rows["treatment"].to_numpy(),
            }
        )

    # -- indicators ---------------------------------------------------------------------------------------------

    def indicators(self) -> pd.DataFrame:
        """person_id, indicator, in_denominator, value: everybody in the cohort under every indicator."""
        everyone = np.ones(self.count, dtype=bool)
        found: dict[str, tuple[NDArray[np.bool_], NDArray]] = {}
        found |= self._documented(everyone)
        found |= self._treated(everyone)
        found |= self._lived()
        found |= self._timely()
        if self.receptors_delivered:
            found |= self._receptor_defined(everyone)
        parts = [
            pd.DataFrame(
                {
                    "person_id": self.patients.person_id[self.in_cohort],
                    "indicator": name,
                    "in_denominator": denominator[self.in_cohort],
                    "value": np.asarray(value, dtype=float)[self.in_cohort],
                }
            )
            for name, (denominator, value) in found.items()
            if name not in self.unsupported
        ]
        return pd.concat(parts, ignore_index=True)

    def _off(self, events: pd.DataFrame, column: str = "day") -> pd.Series:
        return events[column] - self.patients.diagnosis[events["person"].to_numpy()]

    def _documented(self, everyone: NDArray[np.bool_]) -> dict[str, tuple[NDArray[np.bool_], NDArray]]:
        meetings = self.course.meetings[self.course.meetings["discussed"]]
        near = meetings[self._off(meetings).between(-31, 90)]
        ever, in_time = self._any(meetings["person"]), self._any(near["person"])
        breast = near["code"].isin(BREAST_MEETINGS)
        yes = self._any(self.linked.loc[self.linked["nurse"].isin(NURSE_YES), "person"])
        said = yes | self._any(self.linked.loc[self.linked["nurse"].isin(NURSE_NO), "person"])
        sited = self.linked[[f"site_{n}" for n in range(1, 5)]].isin(
            ["02", "03", "04", "08", "09", "10", "11", "98"]
        )
        fitness = self.documentation.fitness
        alive = fitness["day"] <= self.patients.death[fitness["person"].to_numpy()]
        assessed = fitness[((fitness["done"] == "Y") | fitness["scale"].notna()) & alive]
        staged = self.first[self.first["stage"].str[:1].isin(list("01234"))]
        written = self.evidence_rows[self.evidence_rows["source"] != "hospital_diagnosis"]
        return {
            "P1": (everyone, in_time),
            "P1_any_date": (everyone, ever),
            "P1_recorded": (ever, in_time),
            "P8": (everyone, yes),
            "P8_recorded": (said, yes),
            "D1": (everyone, self._any(written["person"])),
            "D2": (everyone, self._any(self.linked.loc[sited.any(axis=1), "person"])),
            "D4": (everyone, self._any(assessed["person"])),
            "D5": (everyone, ever),
            "D6": (everyone, said),
            "D7": (everyone, self._any(staged["person"])),
            "D8": (everyone, self._performance_status() != None),  # noqa: E711
            "C1": (everyone, self._any(near.loc[breast, "person"])),
            "C2": (everyone, self._any(near.loc[near["code"].notna() & ~breast, "person"])),
        }

    def _treated(self, everyone: NDArray[np.bool_]) -> dict[str, tuple[NDArray[np.bool_], NDArray]]:
        drugs = self.drugs[self._off(self.drugs).between(-31, 365)]
        kind = drugs["drug"].map(DRUG_KINDS)
        cytotoxic = self._any(drugs.loc[kind == "cytotoxic", "person"])
        bone_agents = drugs[kind == "bone_agent"]
        strengthened = self._any(bone_agents["person"])
        in_sact = self._any(bone_agents.loc[bone_agents["source"] == "sact", "person"])
        rays = self.course.radiotherapy[self._off(self.course.radiotherapy).between(-31, 365)]
        bone = rays["field"].str.slice(0, 3).between("Z63", "Z80")
        brain = rays["field"].str.slice(0, 3).between("Z01", "Z05")
        return {
            "P5": (everyone, cytotoxic | self._hospital_chemotherapy()),
            "P6": (self.sites["bone"], strengthened),
            "P6_sact": (self.sites["bone"], in_sact),
            "P6_primary_care": (self.sites["bone"], strengthened & ~in_sact),
            "P7": (everyone, self._any(rays["person"])),
            "C8": (self.sites["bone"], self._any(rays.loc[bone, "person"])),
            "C9": (self.sites["brain"], self._any(rays.loc[brain, "person"])),
            "C10": self._cord_compression(),
        }

    def _delivered_chemotherapy(self) -> pd.DataFrame:
        """person, day of every hospital procedure that gives chemotherapy."""
        operations = procedures(self.course.episodes)
        admitted = operations[operations["code"].isin(HOSPITAL_DRUG_DELIVERY)][["person", "day"]]
        seen = self.course.clinic
        seen = seen[seen["attended"].isin(["5", "6"]) & seen["procedure"].isin(HOSPITAL_DRUG_DELIVERY)]
        return pd.concat([admitted, seen[["person", "day"]]])

    def _hospital_chemotherapy(self) -> NDArray[np.bool_]:
        given = self._delivered_chemotherapy()
        return self._any(given.loc[self._off(given).between(-31, 365), "person"])

    def _cord_compression(self) -> tuple[NDArray[np.bool_], NDArray]:
        codes = self.codes[self.codes["off"].between(-31, 365)]
        compressed = set(codes.loc[codes["code"].isin(["G952", "G992"]), "episode"])
        spread = set(codes.loc[codes["code"].isin(["C793", "C794", "C795"]), "episode"])
        stays = codes[codes["episode"].isin(compressed & spread)]
        first = stays.groupby("person")["day"].min()
        operations = procedures(self.course.episodes)
        surgery = operations[operations["code"].str.startswith("V25")][["person", "day"]]
        urgent = pd.concat([surgery, self.course.radiotherapy[["person", "day"]]])
        urgent = urgent[urgent["person"].isin(first.index)]
        lag = urgent["day"] - urgent["person"].map(first)
        affected = np.zeros(self.count, dtype=bool)
        affected[first.index.to_numpy(dtype=np.int64)] = True
        return affected, self._any(urgent.loc[lag.isin([0, 1]), "person"])

    def _lived(self) -> dict[str, tuple[NDArray[np.bool_], NDArray]]:
        p = self.patients
        death = np.where(p.death <= self.snapshot, p.death, NEVER)
        survived = death - p.diagnosis
        drugs = self.drugs
        cycles = drugs[(drugs["drug"].map(DRUG_KINDS) == "cytotoxic")]
        cycles = cycles[self._off(cycles, "cycle_day").between(-31, 365)]
        last = cycles.groupby("person")["cycle_day"].max()
        had = np.zeros(self.count, dtype=bool)
        had[last.index.to_numpy(dtype=np.int64)] = True
        since = np.full(self.count, NEVER)
        since[last.index.to_numpy(dtype=np.int64)] = (
            death[last.index.to_numpy(dtype=np.int64)] - last.to_numpy()
        )
        dated = ~self.undated
        return {
            "P9": (had & dated, (since >= 0) & (since <= 30)),
            "P10_1y": (dated, survived > 365),
            "P10_3y": (dated, survived > 1096),
            "P10_5y": (dated, survived > 1826),
        }

    def _anticancer(self) -> pd.DataFrame:
        drugs = self.drugs
        kind = drugs["drug"].map(DRUG_KINDS)
        return drugs[~kind.isin(["bone_agent", "supportive"])].assign(kind=kind)

    def _first_line(self) -> pd.DataFrame:
        """The anti-cancer drugs of each person's first line, with its start."""
        drugs = self._anticancer()
        inside = drugs[self._off(drugs).between(-31, 365)]
        start = inside.groupby("person")["day"].min()
        drugs = drugs[drugs["person"].isin(start.index)]
        begun = drugs["person"].map(start)
        return drugs.assign(start=begun)[(drugs["day"] - begun).between(0, 90)]

    def _timely(self) -> dict[str, tuple[NDArray[np.bool_], NDArray]]:
        operations = procedures(self.course.episodes)
        resections = operations[operations["code"].str.startswith(("B27", "B28"))]
        kinds = (self._anticancer(), self._delivered_chemotherapy(), self.course.radiotherapy, resections)
        events = pd.concat([frame[["person", "day"]] for frame in kinds])
        events = events.assign(off=self._off(events))
        first = events[events["off"].between(-31, 365)].groupby("person")["off"].min().clip(lower=0)
        treated = np.zeros(self.count, dtype=bool)
        treated[first.index.to_numpy(dtype=np.int64)] = True
        wait = np.full(self.count, np.nan)
        wait[first.index.to_numpy(dtype=np.int64)] = first.to_numpy()
        start = self._first_line().groupby("person")["start"].first()
        drugs = self._anticancer()
        drugs = drugs[drugs["person"].isin(start.index)]
        later = (drugs["day"] - drugs["person"].map(start)).between(334, 396)
        p = self.patients
        begun = start.index.to_numpy(dtype=np.int64)
        alive = np.zeros(self.count, dtype=bool)
        death = np.where(p.death <= self.snapshot, p.death, NEVER)
        alive[begun] = death[begun] > start.to_numpy() + 365
        return {
            "T1": (treated, wait),
            "T1_31d": (treated, wait <= 31),
            "T1_62d": (treated, wait <= 62),
            "T2": (alive & ~self.undated, self._any(drugs.loc[later, "person"])),
        }

    def _receptor_defined(self, everyone: NDArray[np.bool_]) -> dict[str, tuple[NDArray[np.bool_], NDArray]]:
        reports = self.documentation.pathology
        reports = reports.assign(
            day=reports["sample_day"].where(reports["sample_day"] < NEVER, reports["result_day"])
        )
        reports = reports[self._off(reports).between(-31, 120)]
        er, pr = reports["er"].str[:1], reports["pr"].str[:1]
        positive = (reports["her2"] == "P") | (reports["ish"] == "P")
        negative = reports["her2"].isin(["N", "N1", "N2"]) | (reports["ish"] == "N")

        def split(yes: pd.Series, no: pd.Series) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
            plus = self._any(reports.loc[yes, "person"])
            return plus, self._any(reports.loc[no, "person"]) & ~plus

        er_plus, er_minus = split(er == "P", er == "N")
        pr_plus, pr_minus = split(pr == "P", pr == "N")
        her2_plus, her2_minus = split(positive, negative)
        primary = reports["specimen"] == "1"
        er_primary = self._any(reports.loc[primary & er.isin(["P", "N"]), "person"])
        her2_primary = self._any(reports.loc[primary & (positive | negative), "person"])
        line = self._first_line()
        given = {kind: self._any(people) for kind, people in line.groupby("kind")["person"]}
        nobody = np.zeros(self.count, dtype=bool)
        agents = line[line["kind"] == "anti_her2"].assign(
            agent=lambda d: d["drug"].map(
                lambda name: ["TRASTUZUMAB", "PERTUZUMAB"] if name == "PHESGO" else [name]
            )
        )
        number = agents.explode("agent").groupby("person")["agent"].nunique()
        amount = np.zeros(self.count, dtype=np.int64)
        amount[number.index.to_numpy(dtype=np.int64)] = number.to_numpy()
        known = (er_plus | er_minus) & (pr_plus | pr_minus) & (her2_plus | her2_minus)
        return {
            "P3": (er_plus, given.get("cdk46", nobody)),
            "P3_her2_negative": (er_plus & her2_minus, given.get("cdk46", nobody)),
            "P4": (her2_plus, given.get("anti_her2", nobody)),
            "D3": (everyone, known),
            "C3": (everyone, er_primary & her2_primary),
            "C4": (er_plus, given.get("endocrine", nobody)),
            "C5": (her2_plus, amount == 1),
            "C6": (her2_plus, amount >= 2),
        }
