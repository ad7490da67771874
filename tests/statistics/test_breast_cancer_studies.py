"""Survival methods against R's survival package on its two breast cancer data sets, rotterdam and gbsg.

Every expected number is the output of R 4.2.2, survival 3.5-3, with the call given beside it (Cox models with
coxph.control(eps = 1e-14), since R by default stops a step earlier).
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from lifelines import datasets

from naome_pipeline.statistics import survival
from naome_pipeline.statistics.cox import fit_cox


@pytest.fixture(scope="module")
def rotterdam() -> pd.DataFrame:
    return pd.read_csv(Path(__file__).parent / "data" / "rotterdam.csv")


@pytest.fixture(scope="module")
def gbsg() -> pd.DataFrame:
    g = datasets.load_gbsg2()
    return pd.DataFrame(
        {
            "age": g["age"],
            "meno": (g["menostat"] == "Post").astype(float),
            "size": g["tsize"],
            "grade": g["tgrade"].map({"I": 1, "II": 2, "III": 3}),
            "nodes": g["pnodes"],
            "pgr": g["progrec"],
            "er": g["estrec"],
            "hormon": (g["horTh"] == "yes").astype(float),
            "rfstime": g["time"],
            "status": g["cens"],
        }
    )


def test_rotterdam_survival(rotterdam):
    # summary(survfit(Surv(dtime, death) ~ 1, rotterdam, conf.type = "log-log"), times = c(365, 1095, 1825, 3650))
    curve = survival.kaplan_meier(rotterdam["dtime"], rotterdam["death"])
    found = curve.at([365, 1095, 1825, 3650])
    expected = pd.DataFrame(
        [
            (2914, 0.980175041092561, 0.00255528693130784, 0.974486358914050, 0.984605364088786),
            (2506, 0.852407196738503, 0.00651959626070455, 0.839114774155496, 0.864691618583817),
            (2084, 0.743535115952142, 0.00806818134708168, 0.727319925895642, 0.758952002495041),
            (687, 0.552158397560642, 0.01040212429666336, 0.531519147671214, 0.572283451333694),
        ],
        columns=["at_risk", "survival", "standard_error", "lower", "upper"],
    )
    for name in expected:
        assert found[name].to_numpy() == pytest.approx(expected[name].to_numpy(), abs=1e-13), name
    # summary(fit)$table
    assert tuple(curve.median()) == (4033, 3885, 4239)


def test_rotterdam_restricted_mean_at_five_years(rotterdam):
    # summary(fit, rmean = 1825)$table
    found = survival.kaplan_meier(rotterdam["dtime"], rotterdam["death"]).restricted_mean(1825)
    assert found.value == pytest.approx(1617.12077350961204, abs=1e-9)
    assert found.standard_error == pytest.approx(7.70912986340396, abs=1e-11)


def test_rotterdam_by_grade(rotterdam):
    # survfit(Surv(dtime, death) ~ grade): medians 5653 (4751, no upper limit) and 3700 (3539, 3954).
    by_grade = {
        grade: survival.kaplan_meier(rows["dtime"], rows["death"]).median()
        for grade, rows in rotterdam.groupby("grade")
    }
    assert tuple(by_grade[2])[:2] == (5653, 4751)
    assert np.isnan(by_grade[2].upper)
    assert tuple(by_grade[3]) == (3700, 3539, 3954)


def test_rotterdam_survival_after_recurrence_with_late_entry(rotterdam):
    # survfit(Surv(rtime, dtime, death) ~ 1, subset(rotterdam, recur == 1 & rtime < dtime), conf.type = "log-log")
    late = rotterdam[(rotterdam["recur"] == 1) & (rotterdam["rtime"] < rotterdam["dtime"])]
    assert len(late) == 1505
    times = [1095, 1825, 3650]
    found = survival.kaplan_meier(late["dtime"], late["death"], late["rtime"]).at(times)
    # R prints the number at risk at the next exit (481, 504, 197), people who enter until then included.
    inside = [int(((late["rtime"] < t) & (t <= late["dtime"])).sum()) for t in times]
    assert found["at_risk"].tolist() == inside
    assert found["survival"].to_numpy() == pytest.approx(
        [0.2816344829492970, 0.1648625265497482, 0.0637499070709001], abs=1e-13
    )
    assert found["lower"].to_numpy() == pytest.approx(
        [0.2369448978984210, 0.1373320545034723, 0.0516340225431673], abs=1e-13
    )
    assert found["upper"].to_numpy() == pytest.approx(
        [0.3278839367125194, 0.1946119376500014, 0.0775375422498483], abs=1e-13
    )


def test_rotterdam_recurrence_where_death_competes(rotterdam):
    # survfit(Surv(t, factor(e, 0:2)) ~ 1): t = rtime and e = 1 after recurrence, else dtime and e = 2 after death.
    recurred = rotterdam["recur"] == 1
    time = rotterdam["rtime"].where(recurred, rotterdam["dtime"])
    cause = recurred.astype(int) + 2 * ((~recurred) & (rotterdam["death"] == 1)).astype(int)
    times = [365, 1095, 1825, 3650]
    recurrence = survival.cumulative_incidence(time, cause, 1).at(times)
    assert recurrence["incidence"].to_numpy() == pytest.approx(
        [0.0846463810044943, 0.2938497060546756, 0.4001304565138040, 0.5386871972894951], abs=1e-13
    )
    death = survival.cumulative_incidence(time, cause, 2)
    assert death.at(times)["incidence"].to_numpy() == pytest.approx(
        [0.0043644148344686, 0.0168573550761116, 0.0320103564851466, 0.0657221798343360], abs=1e-13
    )
    # R's standard error is the infinitesimal jackknife's, ours the delta method's: near, not equal.
    steps = np.searchsorted(death.times, times, side="right") - 1
    assert np.sqrt(death.variance[steps]) == pytest.approx(
        [0.00120782804353582, 0.00236385802787685, 0.00324898222957843, 0.00509018889912935], rel=0.01
    )


def test_rotterdam_cox_models(rotterdam):
    # coxph(Surv(dtime, death) ~ age + meno + grade + nodes + hormon + chemo, rotterdam)
    names = ["age", "meno", "grade", "nodes", "hormon", "chemo"]
    fit = fit_cox(rotterdam[names].astype(float), rotterdam["dtime"], rotterdam["death"])
    assert fit.coefficients == pytest.approx(
        [
            0.0174668497370735,
            0.0112213448730450,
            0.4135121401282995,
            0.0877094279612152,
            -0.0182139235771305,
            0.0888241320775974,
        ],
        abs=1e-10,
    )
    assert fit.standard_errors == pytest.approx(
        [
            0.00379900473253786,
            0.09907301708132973,
            0.06990553519620746,
            0.00448026524315861,
            0.08821486744932358,
            0.08080937682959352,
        ],
        abs=1e-10,
    )
    assert fit.log_likelihood == pytest.approx(-9315.71193014230, abs=1e-8)


def test_rotterdam_cox_model_with_late_entry(rotterdam):
    # coxph(Surv(rtime, dtime, death) ~ age + nodes, subset(rotterdam, recur == 1 & rtime < dtime))
    late = rotterdam[(rotterdam["recur"] == 1) & (rotterdam["rtime"] < rotterdam["dtime"])]
    fit = fit_cox(late[["age", "nodes"]].astype(float), late["dtime"], late["death"], late["rtime"])
    assert fit.coefficients == pytest.approx([0.00546212506524646, 0.03417168547678403], abs=1e-11)
    assert fit.standard_errors == pytest.approx([0.00236383315740284, 0.00534190700713255], abs=1e-11)


def test_gbsg_survival(gbsg):
    # survfit(Surv(rfstime, status) ~ 1, gbsg, conf.type = "log-log")
    curve = survival.kaplan_meier(gbsg["rfstime"], gbsg["status"])
    found = curve.at([365, 1095, 1825])
    assert found["at_risk"].tolist() == [602, 333, 123]
    assert found["survival"].to_numpy() == pytest.approx(
        [0.915558104285846, 0.642620382379576, 0.491644870294005], abs=1e-13
    )
    assert found["lower"].to_numpy() == pytest.approx(
        [0.891676778108072, 0.603302479234841, 0.445797223666159], abs=1e-13
    )
    assert found["upper"].to_numpy() == pytest.approx(
        [0.934368714728581, 0.679122585368532, 0.535814188567470], abs=1e-13
    )
    assert tuple(curve.median()) == (1807, 1528, 2018)
    mean = curve.restricted_mean(1825)
    assert mean.value == pytest.approx(1318.4171041797222, abs=1e-9)
    assert mean.standard_error == pytest.approx(24.0770010984779, abs=1e-10)


def test_gbsg_cox_model(gbsg):
    # coxph(Surv(rfstime, status) ~ age + meno + size + grade + nodes + pgr + er + hormon, gbsg)
    names = ["age", "meno", "size", "grade", "nodes", "pgr", "er", "hormon"]
    fit = fit_cox(gbsg[names].astype(float), gbsg["rfstime"], gbsg["status"])
    assert fit.coefficients == pytest.approx(
        [
            -0.009392361197495811,
            0.267277163207612023,
            0.007716437553434544,
            0.280289409369032239,
            0.049893907502578758,
            -0.002237810118537443,
            0.000167428284894034,
            -0.337202910027579406,
        ],
        abs=1e-10,
    )
    assert fit.standard_errors == pytest.approx(
        [
            0.009273288028142266,
            0.183336609667986872,
            0.003949684720253652,
            0.106055314527684214,
            0.007409371523596314,
            0.000575759783075555,
            0.000447712311696727,
            0.128961753944850460,
        ],
        abs=1e-10,
    )
