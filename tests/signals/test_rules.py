"""Every rule on numbers chosen by hand on either side of its limits, and on simulated hearts."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd
import pytest

from benchmarks.judged import NEGATIVE, POSITIVE, mirrored
from cofe_widgets.ecg import LEADS, Record
from cofe_widgets.signals import LEAD_UNITS, RULES, UNITS, Measured, Verdict, measured, rules
from cofe_widgets.simulate import simulate

NAN = math.nan
#: A healthy lead: rS in V1 would be fine too, no rule looks at all of them at once.
HEALTHY = {
    "q_amplitude_mv": -0.05,
    "q_duration_ms": 15.0,
    "r_amplitude_mv": 1.0,
    "r_duration_ms": 45.0,
    "r_peak_time_ms": 35.0,
    "s_amplitude_mv": -0.3,
    "s_duration_ms": 25.0,
    "qrs_ms": 88.0,
    "j_amplitude_mv": 0.02,
    "st_amplitude_mv": 0.03,
    "t_amplitude_mv": 0.3,
    "t_polarity": 1.0,
    "p_terminal_mv_ms": 0.0,
}
GLOBAL = {"qrs_ms": 88.0, "qrs_axis_deg": 45.0, "p_presence": 1.0}


def ecg(
    leads: Mapping[str, Mapping[str, float]] | None = None,
    age: float = 60.0,
    sex: str = "M",
    **values: float,
) -> Measured:
    """A healthy ECG but for what is given; V1 and V2 show rS."""
    rs = {"r_amplitude_mv": 0.3, "s_amplitude_mv": -1.0, "r_duration_ms": 25.0}
    rs |= {"q_amplitude_mv": NAN, "q_duration_ms": NAN}
    table = {lead: HEALTHY | (rs if lead in ("V1", "V2", "V3") else {}) for lead in LEADS}
    for lead, changed in (leads or {}).items():
        table[lead] = {**table[lead], **changed}
    return Measured(dict.fromkeys(UNITS, NAN) | GLOBAL | values, table, age, sex)


QS = {"r_amplitude_mv": NAN, "r_duration_ms": NAN, "s_amplitude_mv": NAN} | {
    "q_amplitude_mv": -1.2,
    "q_duration_ms": 80.0,
}


def q(ms: float, mv: float) -> dict[str, float]:
    return {"q_duration_ms": ms, "q_amplitude_mv": mv}


POSTERIOR = {"r_duration_ms": 45.0, "r_amplitude_mv": 1.1, "s_amplitude_mv": -0.4}
STRAIN = {"st_amplitude_mv": -0.1, "t_amplitude_mv": -0.3, "t_polarity": -1.0}
LOW = {"j_amplitude_mv": -0.06, "st_amplitude_mv": -0.08}

#: Rule, ECG on which it is met, ECG on which it is just not.
CASES = [
    ("V2V3-MI", ecg({"V3": q(22, -0.05)}), ecg({"V3": q(18, -0.05)})),
    ("V2V3-MI", ecg({"V2": QS}), ecg({"V4": QS})),
    ("RPEAK-MI", ecg({"V1": POSTERIOR, "V2": POSTERIOR}), ecg({"V1": POSTERIOR})),
    (
        "RPEAK-MI",
        ecg({"V1": POSTERIOR, "V2": POSTERIOR | {"s_amplitude_mv": NAN}}),
        ecg({"V1": POSTERIOR, "V2": POSTERIOR}, qrs_ms=130.0),
    ),
    (
        "RPEAK-MI",
        ecg({"V1": POSTERIOR, "V2": POSTERIOR}),
        ecg({"V1": POSTERIOR, "V2": POSTERIOR | {"t_amplitude_mv": -0.2}}),
    ),
    ("QPEAK-MI", ecg({"II": q(30, -0.1), "aVF": q(40, -0.2)}), ecg({"II": q(30, -0.1)})),
    (
        "QPEAK-MI",
        ecg({"V4": QS, "V6": q(32, -0.15)}),
        ecg({"V4": q(40, -0.09), "V6": q(28, -0.3)}),
    ),
    ("QPEAK-MI", ecg({"I": q(35, -0.2), "aVL": QS}), ecg({"I": q(35, -0.2), "II": q(35, -0.2)})),
    ("QWAVES-MI", ecg({"V2": QS}), ecg({"V4": QS})),
    ("QRS-CLBBB", ecg(qrs_ms=120.0), ecg(qrs_ms=118.0)),
    # Women 0.15, men from 40 0.2, younger men 0.25 mV in V2 and V3; 0.1 elsewhere.
    (
        "ST-ELEV-ISC",
        ecg({"V2": {"j_amplitude_mv": 0.16}, "V3": {"j_amplitude_mv": 0.17}}, sex="F"),
        ecg({"V2": {"j_amplitude_mv": 0.16}, "V3": {"j_amplitude_mv": 0.17}}),
    ),
    (
        "ST-ELEV-ISC",
        ecg({"V2": {"j_amplitude_mv": 0.21}, "V3": {"j_amplitude_mv": 0.22}}, age=40),
        ecg({"V2": {"j_amplitude_mv": 0.21}, "V3": {"j_amplitude_mv": 0.22}}, age=39),
    ),
    (
        "ST-ELEV-ISC",
        ecg({"III": {"j_amplitude_mv": 0.11}, "aVF": {"j_amplitude_mv": 0.1}}),
        ecg({"III": {"j_amplitude_mv": 0.11}, "V6": {"j_amplitude_mv": 0.11}}),
    ),
    ("ST-DEPR-ISC", ecg({"V5": LOW, "V6": LOW}), ecg({"V4": LOW, "V6": LOW})),
    (
        "ST-DEPR-ISC",
        ecg({"V5": LOW, "V6": LOW}),
        ecg({"V5": LOW, "V6": LOW | {"st_amplitude_mv": -0.02}}),
    ),
    (
        "ST-DEPR-ISC",
        ecg({"V4": {"t_amplitude_mv": -0.12}, "V5": {"t_amplitude_mv": -0.2}}),
        ecg({"V1": {"t_amplitude_mv": -0.12}, "V2": {"t_amplitude_mv": -0.2}}),
    ),
    # (1.5 + 0.9) - (0.2 + 0.5) = 1.7; with S in III 0.7: 1.5.
    (
        "LI-LVH",
        ecg(
            {
                "I": {"r_amplitude_mv": 1.5, "s_amplitude_mv": -0.5},
                "III": {"r_amplitude_mv": 0.2, "s_amplitude_mv": -0.9},
            }
        ),
        ecg(
            {
                "I": {"r_amplitude_mv": 1.5, "s_amplitude_mv": -0.5},
                "III": {"r_amplitude_mv": 0.2, "s_amplitude_mv": -0.7},
            }
        ),
    ),
    ("SLI-LVH", ecg({"V6": {"r_amplitude_mv": 2.5}}), ecg({"V6": {"r_amplitude_mv": 2.4}})),
    ("RS-LVH", ecg({"aVL": {"r_amplitude_mv": 2.0}}), ecg({"aVL": {"r_amplitude_mv": 1.9}})),
    ("S12-LVH", ecg({"V2": {"s_amplitude_mv": -3.0}}), ecg({"V2": {"s_amplitude_mv": -2.9}})),
    ("R56-LVH", ecg({"V5": {"r_amplitude_mv": 3.1}}), ecg({"V4": {"r_amplitude_mv": 3.1}})),
    # 3 (voltage) + 2 (axis) = 5; strain 3 + QRS 1 = 4; left atrium 3 + intrinsicoid 1 = 4.
    (
        "ROMHILT-ESTES",
        ecg({"V5": {"r_amplitude_mv": 3.1}}, qrs_axis_deg=-35.0),
        ecg({"V5": STRAIN}, qrs_ms=92.0),
    ),
    (
        "ROMHILT-ESTES",
        ecg({"V6": STRAIN, "V1": {"p_terminal_mv_ms": -4.4}}),
        ecg({"V1": {"p_terminal_mv_ms": -4.4}, "V6": {"r_peak_time_ms": 52.0}}),
    ),
    ("AGE>75", ecg(age=76), ecg(age=75)),
    ("SEX=FEMALE", ecg(sex="F"), ecg(sex="M")),
]


@pytest.mark.parametrize(("name", "positive", "negative"), CASES)
def test_either_side_of_the_limits(name: str, positive: Measured, negative: Measured) -> None:
    assert RULES[name](positive).met is True
    assert RULES[name](negative).met is False
    assert RULES[name](ecg()).met is False


def test_every_rule_has_cases() -> None:
    assert {name for name, _, _ in CASES} == set(RULES) == set(POSITIVE)


def test_a_verdict_makes_a_sentence_of_its_numbers() -> None:
    verdict = RULES["SLI-LVH"](ecg({"V6": {"r_amplitude_mv": 2.5}}))
    assert verdict.values == {"S in V1 (mV)": 1.0, "R in V5 (mV)": 1.0, "R in V6 (mV)": 2.5}
    assert str(verdict).startswith("SLI-LVH is met (S in V1 and the taller R of V5 and V6")
    assert "R in V6 (mV) 2.5" in str(verdict)
    assert "1949" in verdict.source
    both = RULES["ST-ELEV-ISC"](
        ecg({"II": {"j_amplitude_mv": 0.12}, "aVF": {"j_amplitude_mv": 0.2}})
    )
    assert "J in II (mV)" in both.values
    assert "J in V5 (mV)" not in both.values


def test_what_is_not_known_is_not_judged_but_said() -> None:
    without = ecg()
    leads = {name: values for name, values in without.leads.items() if name != "V6"}
    less = Measured(without.values, leads, NAN, "")
    assert RULES["SLI-LVH"](less).met is None
    assert "R in V6" in RULES["SLI-LVH"](less).reason
    assert RULES["AGE>75"](less).met is None
    assert RULES["SEX=FEMALE"](less).met is None
    assert RULES["S12-LVH"](less).met is False
    # Between the limits of men and women nobody can say; beyond both anybody can.
    between, beyond = ({"j_amplitude_mv": mv} for mv in (0.2, 0.3))
    unknown = ecg({"V2": between, "V3": between}, age=NAN, sex="")
    assert RULES["ST-ELEV-ISC"](unknown).met is None
    assert RULES["ST-ELEV-ISC"](ecg({"V2": beyond, "V3": beyond}, age=NAN, sex="")).met is True
    # Four points are sure and the axis could make it six.
    open_axis = ecg({"V5": STRAIN}, qrs_ms=92.0, qrs_axis_deg=NAN)
    assert RULES["ROMHILT-ESTES"](open_axis).met is None


def test_abnormal_conduction_is_not_taken_for_infarction() -> None:
    broad = {"q_amplitude_mv": NAN, "q_duration_ms": NAN, "r_duration_ms": 90.0}
    lbbb = ecg(
        {"V1": QS, "V2": QS, "I": broad, "V5": broad, "V6": broad, "V3": {"j_amplitude_mv": 0.4}},
        qrs_ms=150.0,
    )
    assert RULES["V2V3-MI"](lbbb).met is None
    assert "left bundle branch block" in str(RULES["V2V3-MI"](lbbb))
    assert RULES["ST-ELEV-ISC"](lbbb).met is None
    assert RULES["V2V3-MI"](ecg({"V1": QS, "V2": QS}, qrs_ms=150.0)).met is True


@pytest.fixture(scope="module")
def healthy() -> pd.DataFrame:
    condition, options = NEGATIVE
    return rules([one.record for one in simulate(condition, 12, 11, **options)])


@pytest.mark.parametrize("name", list(RULES))
def test_on_hearts_simulated_for_it(name: str, healthy: pd.DataFrame) -> None:
    condition, options = POSITIVE[name]
    severity = None if condition == "NSR" else 1.0
    hearts = simulate(condition or "AMI", 12, 11, severity=severity, **options)
    answers = []
    for one in hearts:
        numbers = measured(one.record if condition else mirrored(one.record))
        answers.append(RULES[name](numbers).met)
    met = sum(answer is True for answer in answers) / len(answers)
    # Some healthy hearts have a q wave or a voltage beyond the limits, as some people have.
    assert healthy[name].fillna(True).mean() <= 0.4
    assert met >= healthy[name].fillna(True).mean() + 0.1


def test_rules_of_one_record_and_of_many() -> None:
    record = simulate("NSR", 1, 3, age=80, sex="F")[0].record
    verdicts = rules(record)
    assert [one.name for one in verdicts] == list(RULES)
    assert all(isinstance(one, Verdict) and one.words and one.source for one in verdicts)
    table = rules([record, Record(record.signal[:2], record.fs, LEADS[:2])])
    assert list(table.columns) == list(RULES)
    assert table.iloc[0].tolist() == [one.met for one in verdicts]
    assert table["SEX=FEMALE"].isna().tolist() == [False, True]
    assert pd.isna(table.loc[1, "S12-LVH"])
    assert not pd.isna(table.loc[1, "QRS-CLBBB"])


def test_rules_of_what_is_no_ecg_say_nothing() -> None:
    flat = Record([[0.0, 0.1] * 2500], 500.0, ("II",))
    assert all(one.met is None and one.reason for one in rules(flat))
    assert set(LEAD_UNITS) >= set(HEALTHY)
