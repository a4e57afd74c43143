"""Each condition shows what cardiologists define it by, in the truth of clean records."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from cofe_widgets.simulate import CONDITIONS, Simulated, simulate

N, SEED = 24, 17


def of(condition: str, **options: object) -> list[Simulated]:
    return simulate(condition, n=N, seed=SEED, noise=0.0, **options)


def values(condition: str, name: str, lead: str | None = None, **options: object) -> np.ndarray:
    truths = [one.truth for one in of(condition, **options)]
    if lead is None:
        return np.array([truth.measurements[name] for truth in truths])
    return np.array([truth.lead_measurements.loc[lead, name] for truth in truths])


def most(flags: np.ndarray) -> bool:
    return bool(np.mean(flags) >= 0.9)


@pytest.mark.parametrize(("code", "low", "high"), [("SB", 30, 60), ("STach", 100, 160)])
def test_rates(code, low, high):
    rate = values(code, "heart_rate_bpm")
    assert ((rate > low - 1) & (rate < high)).all()
    mild, severe = (values(code, "heart_rate_bpm", severity=s) for s in (0.1, 0.9))
    assert (np.abs(severe - 75) > np.abs(mild - 75)).mean() > 0.8


def test_respiratory_arrhythmia_deepens_with_severity():
    spread = [np.median(values("SA", "rr_sd_ms", severity=s)) for s in (0.0, 0.5, 1.0)]
    assert spread[0] < spread[1] < spread[2] and spread[2] > 80


def test_flutter_waves_come_240_to_340_a_minute_and_beats_at_multiples_of_them():
    for one in of("AFL"):
        rhythms = one.truth.rhythms
        assert 60 / 341 < rhythms.flutter_s[0] < 60 / 239
        waves = np.diff(rhythms.r_s[0]) / rhythms.flutter_s[0]
        assert np.abs(waves - np.round(waves)).max() < 1e-3
        assert set(np.round(waves)) <= {2, 3, 4}
        assert one.truth.measurements["p_presence"] == 0


def test_first_degree_block_has_a_long_pr_before_every_beat():
    assert (values("IAVB", "pr_ms") > 200).all()
    assert (values("IAVB", "p_presence") == 1).all()


def test_wenckebach_delays_each_beat_more_until_one_is_dropped():
    for one in of("MoI", seconds=12.0):
        rhythms = one.truth.rhythms
        late = rhythms.r_s[0] - rhythms.p_s[0]
        blocked = rhythms.blocked_s[0]
        blocked = blocked[np.isfinite(blocked)]
        assert len(blocked) >= 2
        for first, second in pairwise(blocked):
            group = late[(rhythms.r_s[0] > first) & (rhythms.p_s[0] < second)]
            steps = np.diff(group)
            assert (steps > 0).all() and (np.diff(steps) < 0).all()
        p_labels = (one.truth.segments == 2).sum()
        inside = (one.truth.r_peaks_s > 0.4) & (one.truth.r_peaks_s < 11.5)
        assert p_labels > inside.sum()


def test_premature_atrial_beats_are_narrow_and_premature_ventricular_ones_wide_without_p():
    for code, letter in (("PAC", "A"), ("PVC", "V")):
        early = 0
        for one in of(code):
            truth = one.truth
            kinds = np.array(truth.beat_labels)
            early += int((kinds == letter).sum())
            r = truth.rhythms
            qrs = truth.fiducials[truth.fiducials.wave == "QRS"].groupby("beat")
            width = (qrs.offset_ms.max() - qrs.onset_ms.min()).to_numpy()
            assert (width[kinds == "V"] > 120).all() and (width[kinds != "V"] < 125).all()
            has_p = set(truth.fiducials[truth.fiducials.wave == "P"].beat)
            assert has_p == set(np.flatnonzero(kinds != "V"))
            flags = (r.early | r.ectopic)[0]
            if flags[1:-1].any() and not flags[1:-1].all():
                assert (
                    r.rr_s[0, 1:-1][flags[1:-1]].mean() < 0.9 * r.rr_s[0, 1:-1][~flags[1:-1]].mean()
                )
        assert early >= N


def test_a_ventricular_beat_is_followed_by_a_compensatory_pause():
    for one in of("PVC"):
        rhythms = one.truth.rhythms
        r, rr, v = rhythms.r_s[0], rhythms.rr_s[0], rhythms.ectopic[0]
        sinus = np.median(rr[1:][~v[1:] & ~v[:-1]])
        for k in np.flatnonzero(v[1:-1]) + 1:
            assert rr[k] < 0.85 * sinus
            assert r[k + 1] - r[k - 1] == pytest.approx(2 * sinus, rel=0.2)


def test_left_bundle_branch_block():
    table = pd.DataFrame([one.truth.measurements for one in of("LBBB")])
    assert (table.qrs_ms >= 120).all()
    assert most(np.isnan(values("LBBB", "q_amplitude_mv", "V6")))
    assert most(values("LBBB", "t_amplitude_mv", "V6") < 0)
    assert most(values("LBBB", "t_amplitude_mv", "V1") > 0)
    r, s = (np.nan_to_num(values("LBBB", f"{x}_amplitude_mv", "V1")) for x in "rs")
    q = np.nan_to_num(values("LBBB", "q_amplitude_mv", "V1"))
    assert most(-np.minimum(s, q) > 2 * r)


def test_right_bundle_branch_block():
    assert (values("RBBB", "qrs_ms") >= 120).all()
    assert most(values("RBBB", "r_amplitude_mv", "V1") > 0.2)
    assert most(values("RBBB", "s_amplitude_mv", "V6") < -0.08)
    assert most(values("RBBB", "t_amplitude_mv", "V1") < 0)


def test_left_anterior_fascicular_block():
    assert most(values("LAFB", "qrs_axis_deg") < -30)
    assert most(values("LAFB", "qrs_ms") < 120)
    assert most(values("LAFB", "r_amplitude_mv", "aVL") > 0.3)
    assert most(values("LAFB", "s_amplitude_mv", "III") < -0.4)


def test_hypertrophy_and_low_voltage():
    index, healthy = (values(code, "sokolow_lyon_mv", severity=0.9) for code in ("LVH", "NSR"))
    assert np.median(index) > 3.5 and np.median(index - healthy) > 1.0
    assert most(values("LVH", "t_amplitude_mv", "V6", severity=0.9) < 0)
    for lead in ("I", "II", "III", "aVF"):
        assert most(np.nan_to_num(values("LQRSV", "r_amplitude_mv", lead, severity=0.9)) < 0.5)


@pytest.mark.parametrize(
    ("code", "leads"), [("AMI", ("V2", "V3")), ("IMI", ("III", "aVF")), ("SMI", ("V1",))]
)
def test_old_infarctions_have_pathological_q_waves(code, leads):
    for lead in leads:
        assert most(np.nan_to_num(values(code, "q_duration_ms", lead, severity=0.9)) >= 30)
        healthy = np.nan_to_num(values("NSR", "q_amplitude_mv", lead))
        assert (values(code, "q_amplitude_mv", lead, severity=0.9) < healthy - 0.1).mean() >= 0.9


@pytest.mark.parametrize(
    ("code", "up", "down"),
    [("STEMI_A", "V2", "III"), ("STEMI_I", "III", "aVL"), ("STEMI_L", "aVL", "III")],
)
def test_st_rises_over_the_territory_and_sinks_opposite(code, up, down):
    high = 0.2 if up == "V2" else 0.1
    assert most(values(code, "j_amplitude_mv", up, severity=0.9) > high)
    opposite = values(code, "j_amplitude_mv", down, severity=0.9)
    assert np.median(opposite) < -0.05 and most(opposite < 0.05)
    assert not most(values("NSR", "j_amplitude_mv", up) > high / 2)


def test_long_qt():
    assert (values("LQT", "qtc_fridericia_ms", severity=0.7) > 480).mean() > 0.9


def test_potassium_drives_t_qrs_and_p():
    levels = (4.2, 6.0, 7.5, 9.0)
    t, qrs, p = (
        [np.nanmedian(values("NSR", name, potassium=k)) for k in levels]
        for name in ("t_amplitude_mv", "qrs_ms", "p_presence")
    )
    assert t[0] < t[1] < t[2] and t[2] > 0.5
    assert qrs[0] <= qrs[1] < qrs[2] < qrs[3] and qrs[3] > 130
    assert p[0] == 1 and p[3] == 0
    low = np.nanmedian(values("HYPOK", "t_amplitude_mv", severity=1.0))
    assert low < 0.6 * t[0]
    assert all(one.record.meta["potassium_mmol_l"] >= 5.5 for one in of("HYPERK"))


def test_women_have_shorter_qrs_longer_qtc_smaller_voltage():
    for name, sign in (("qrs_ms", -1), ("qtc_fridericia_ms", 1), ("sokolow_lyon_mv", -1)):
        women, men = (values("NSR", name, sex=sex) for sex in "FM")
        assert (sign * (women - men) > 0).mean() > 0.9
    old, young = (values("NSR", "qrs_axis_deg", age=age).mean() for age in (80, 30))
    assert old < young - 8


def test_severity_zero_is_the_healthy_heart():
    for code in ("LBBB", "RBBB", "LAFB", "LVH", "LQRSV", "AMI", "IMI", "SMI", "STEMI_A"):
        ill, well = (of(c, severity=0.0)[2].record.signal for c in (code, "NSR"))
        assert np.allclose(ill, well, atol=1e-5), code


def test_the_cause_map_is_where_the_condition_acts():
    for one in of("IMI")[:6]:
        cause, leads = np.abs(one.truth.cause), one.record.leads
        assert cause[leads.index("aVF")].max() > 1.5 * cause[leads.index("V6")].max()
        table = one.truth.fiducials
        p = table[(table.wave == "P") & (table.lead == "aVF")]
        mid = ((p.onset_ms + p.offset_ms) / 2000 * one.record.fs).round().astype(int)
        mid = mid[(mid > 0) & (mid < one.record.samples)]
        assert cause[leads.index("aVF"), mid].max() < 0.005
    for code in ("NSR", "SB", "STach", "SA"):
        assert np.abs(of(code)[0].truth.cause).max() < 0.001
    assert not of("NSR")[0].truth.rhythm_altered and of("SB")[0].truth.rhythm_altered


def test_the_cause_of_fibrillation_is_the_atria():
    one = of("AF")[3]
    cause = np.abs(one.truth.cause)
    qrs = np.isin(one.truth.segments, (10,))
    assert one.truth.rhythm_altered and cause.max() > 0.03
    assert np.median(cause[:, ~qrs]) > 0 and cause.max() < 0.8


def test_conditions_combine_where_medicine_does():
    both = of("AF+RBBB")[1].truth
    assert both.measurements["p_presence"] == 0 and both.measurements["qrs_ms"] >= 120
    again = of(["AF", "RBBB"])[1].truth
    assert again.measurements["qrs_ms"] == both.measurements["qrs_ms"]
    for wrong in ("AF+NSR", "LBBB+RBBB", "AF+IAVB", "AF+PAC", "LVH+LQRSV", "HYPERK+HYPOK"):
        with pytest.raises(ValueError, match=" and "):
            simulate(wrong)


@pytest.mark.parametrize("condition", CONDITIONS)
def test_truth_is_whole_for_every_condition(condition):
    one = simulate(condition, n=2, seed=3, seconds=6.0)[1]
    truth = one.truth
    assert truth.segments.shape == (3000,) and truth.lead_segments.shape == (12, 3000)
    assert truth.cause.shape == (12, 3000) and len(truth.beat_labels) == len(truth.r_peaks_s)
    table = truth.fiducials.drop(columns=["lead", "wave"])
    assert (truth.fiducials.wave != "L").sum() == table.dropna().shape[0]
    m = truth.measurements
    assert m["qrs_ms"] > 50 and m["heart_rate_bpm"] > 30
    if one.condition not in ("AF", "AFL", "HYPERK"):
        assert m["pr_ms"] > 90 and m["p_presence"] > 0.4


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"severity": 1.2}, "0 .none. to 1"),
        ({"age": 7}, "18 to 110 years"),
        ({"sex": "female"}, "expected 'F', 'M'"),
        ({"potassium": 20}, "mmol/L"),
        ({"seconds": 0.1}, "0.5 to 3600 s"),
        ({"noise": {"hum": 1}}, "unknown noise hum"),
        ({"noise": -1}, "0 or more"),
        ({"noise": {"reversal": "LA-V1"}}, "RA-LA"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(options, words):
    with pytest.raises(ValueError, match=words):
        simulate("NSR", **options)
