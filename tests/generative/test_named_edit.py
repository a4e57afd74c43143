"""Named changes, each by itself: what one asks for comes, and nothing else does."""

import numpy as np
import pytest
import torch

import cofe_widgets as cw
from cofe_widgets.ecg import LEADS
from cofe_widgets.generative.beat_parts import BeatParts
from cofe_widgets.generative.inversion import invert
from cofe_widgets.generative.named_edit import NamedEdit
from cofe_widgets.vocabulary.territories import CHANGES, LOCAL_EDITS, TERRITORIES, waves_of


@pytest.fixture(scope="module")
def heart():
    record = cw.simulate("NSR", seed=3, noise=0.3)[0].record
    return NamedEdit(invert([record]), seed=0)


@torch.no_grad()
def changed(edit, **numbers):
    asked = torch.zeros(1, len(edit.names))
    for name, number in numbers.items():
        asked[0, edit.names.index(name)] = number
    return cw.Record(edit.signals(asked)[0].numpy(), 250.0)


@pytest.fixture(scope="module")
def before(heart):
    return cw.measure(heart.inversion.records[0])


def moved(before, after, **expected):
    """Whether measurements changed by about so much, and the others by no more than their error."""
    for name in ("heart_rate_bpm", "rr_sd_ms", "p_presence", "pr_ms", "qrs_ms", "qt_ms"):
        by = after[name] - before[name]
        wanted = expected.get(name, 0.0)
        slack = {"heart_rate_bpm": 1.5, "rr_sd_ms": 8, "p_presence": 0.1}.get(name, 9.0)
        assert abs(by - wanted) <= max(slack, 0.25 * abs(wanted)), (name, by)


def test_no_change_gives_the_record(heart):
    zero = changed(heart).signal
    assert np.abs(zero - heart.inversion.signals[0].numpy()).max() < 1e-5


def test_a_faster_heart_keeps_its_qt(heart, before):
    after = cw.measure(changed(heart, heart_rate=0.2))
    moved(before, after, heart_rate_bpm=before["heart_rate_bpm"] * (np.exp(0.2) - 1))


def test_irregular_beats_keep_their_p_waves(heart, before):
    after = cw.measure(changed(heart, irregularity=0.15))
    assert after["rr_sd_ms"] > before["rr_sd_ms"] + 60
    assert after["p_presence"] == 1


def test_intervals_move_alone(heart, before):
    moved(before, cw.measure(changed(heart, pr=0.06)), pr_ms=60)
    moved(
        before,
        cw.measure(changed(heart, jt=0.12)),
        qt_ms=(before["qt_ms"] - before["qrs_ms"]) * 0.127,
    )


@pytest.mark.parametrize("name", [name for name in LOCAL_EDITS if name != "qrs_axis"])
def test_a_wave_of_a_territory_moves_there_alone_and_limb_leads_obey_einthoven(heart, name):
    by = 0.2 if heart.high[heart.names.index(name)] > 0 else -0.1
    change = changed(heart, **{name: by}).signal - heart.inversion.signals[0].numpy()
    leads = TERRITORIES[name.split("_", 1)[1]].leads
    largest = np.abs(change).max(axis=1)
    assert largest[[LEADS.index(lead) for lead in leads]].max() == pytest.approx(abs(by), rel=0.6)
    chest = [lead for lead in LEADS if lead.startswith("V") and lead not in leads]
    assert largest[[LEADS.index(lead) for lead in chest]].max() < 1e-5
    one, two, three, avr, avl, avf = change[:6]
    assert np.abs(two - one - three).max() < 1e-5
    assert np.abs(avr + (one + two) / 2).max() < 1e-5
    if leads[0] == "I":
        assert np.abs(avf).max() < 1e-5
    if leads[0] == "II":
        assert np.abs(one).max() < 1e-5
    del avl


def test_the_axis_turns_by_what_is_asked(heart, before):
    after = cw.measure(changed(heart, qrs_axis=-50.0))
    turned = (after["qrs_axis_deg"] - before["qrs_axis_deg"] + 180) % 360 - 180
    assert turned == pytest.approx(-50, abs=8)
    assert after["qrs_ms"] == pytest.approx(before["qrs_ms"], abs=10)


def test_a_wave_cannot_lose_more_than_it_has(heart):
    k = heart.names.index("r_v5_v6")
    tallest = heart.inversion.signals[0, 10:].max()
    assert 0 < -float(heart.low[k]) <= float(tallest) + 0.3
    gone = changed(heart, r_v5_v6=-5.0).signal
    assert gone[10:].max() < 0.7 * float(tallest)


def test_what_is_kept_has_no_range():
    record = cw.simulate("NSR", seed=3)[0].record
    edit = NamedEdit(invert([record]), 0, ("t_amplitude", "rhythm"))
    for name in ("t_amplitude", "t_v1_v2", "t_i_avl", "irregularity", "heart_rate"):
        k = edit.names.index(name)
        assert float(edit.low[k]) == float(edit.high[k]) == 0
    assert float(edit.high[edit.names.index("r_v1_v2")]) > 0


def test_pieces_of_a_change_add_up_to_it(heart):
    change = torch.randn(8, 2500, generator=torch.Generator().manual_seed(0))
    names, pieces = BeatParts(heart.inversion).pieces(change)
    assert len(names) == len(pieces) == 30
    assert torch.allclose(pieces.sum(dim=0), change, atol=1e-5)


def test_gradients_reach_every_change(heart):
    asked = torch.zeros(1, len(heart.names), requires_grad=True)
    weight = torch.randn(1, 12, 2500, generator=torch.Generator().manual_seed(1))
    (slope,) = torch.autograd.grad((heart.signals(asked) * weight).sum(), asked)
    assert torch.isfinite(slope).all()
    assert (slope[0] != 0).float().mean() > 0.9


def test_changes_that_overlap_are_known():
    assert waves_of("t_amplitude") & waves_of("t_v1_v2")
    assert not waves_of("t_v1_v2") & waves_of("t_v5_v6")
    assert waves_of("qrs_axis") & waves_of("r_v1_v2")
    assert not waves_of("pr") & waves_of("heart_rate")
    assert set(CHANGES) >= {"pr", "t_v1_v2", "qrs_axis"}
