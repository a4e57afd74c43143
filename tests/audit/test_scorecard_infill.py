"""What stands for samples that are taken out: lines, noise, the beats of others."""

import numpy as np
import pytest
import torch
from torch import nn

import cofe_widgets as cw
from cofe_widgets.audit.scorecards.infill import beats_of_others, noise, phase_ms, straight
from cofe_widgets.audit.scorecards.place import QUICK, Place
from cofe_widgets.audit.scorecards.randomised import layers, randomised, stages
from cofe_widgets.audit.scorecards.replaced import answers
from cofe_widgets.audit.scorecards.subjects import DUMMIES

FS = 100.0


class Sum(nn.Module):
    """The sum of all values of an ECG, minus a half."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, x):
        return (x.sum(dim=(1, 2)) * self.scale - 0.5)[:, None]


def place_of(records, module=None, output="sigmoid"):
    f = cw.wrap(
        module or Sum(), fs=FS, outputs=["X"], output=output, leads=records[0].leads,
        seconds=records[0].duration_s,
    )  # fmt: skip
    return Place(f, records, "X", QUICK, 0, [])


def ecg(signal):
    return cw.Record(np.asarray(signal, np.float32), FS, ("I", "II")[: len(signal)])


def test_a_gap_is_a_line_between_its_neighbours_and_an_end_repeats_the_last():
    signal = np.array([[0.0, 9, 9, 3, 9]])
    gone = np.array([[False, True, True, False, True]])
    assert straight(signal, gone)[0].tolist() == [0, 1, 2, 3, 3]
    assert straight(signal, ~gone)[0].tolist() == [9, 9, 9, 9, 9]


def test_a_lead_of_which_nothing_is_left_is_flat():
    assert straight(np.array([[1.0, 3.0]]), np.array([[True, True]])).tolist() == [[2.0, 2.0]]


def test_lines_solve_the_equations_of_road():
    """Each missing value is the mean of its neighbours (Rong et al. 2022)."""
    draws = np.random.default_rng(0)
    signal, gone = draws.normal(size=(1, 60)), draws.random((1, 60)) < 0.5
    gone[0, [0, -1]] = False
    line = straight(signal, gone)[0]
    inside = np.flatnonzero(gone[0])
    assert line[inside] == pytest.approx((line[inside - 1] + line[inside + 1]) / 2)
    assert line[~gone[0]] == pytest.approx(signal[0, ~gone[0]])


def test_noise_is_a_quarter_of_the_leads_own_spread_and_the_same_wherever_a_record_stands():
    draws = np.random.default_rng(1)
    records = [ecg(draws.normal(size=(2, 400)) * [[1.0], [0.1]]) for _ in range(4)]
    found = noise(place_of(records))
    spread = place_of(records).signals.std(axis=2)
    assert found.std(axis=2) == pytest.approx(0.25 * spread, rel=0.15)
    assert (noise(place_of(records[::-1])) == found[::-1]).all()


def test_a_beat_begins_before_its_r_peak():
    found = phase_ms(np.array([1.0, 2.0]), 300, FS)
    assert found[0] == pytest.approx(-1000) and found[100] == pytest.approx(0)
    assert found[159] == pytest.approx(590) and found[161] == pytest.approx(-390)  # 0.4 before 2 s


def bumps(beats_s, height, delay_s=0.2):
    """R-peaks of 1 mV and, after each, a wave of some height."""
    time = np.arange(600) / FS
    out = np.zeros(600)
    for r in beats_s:
        out += np.exp(-0.5 * ((time - r) / 0.01) ** 2)
        out += height * np.exp(-0.5 * ((time - r - delay_s) / 0.04) ** 2)
    return ecg([out])


def test_a_record_is_redrawn_with_the_waves_of_those_that_are_answered_the_other_way(monkeypatch):
    times = [np.arange(0.7, 5.5, 0.8), np.arange(0.5, 5.5, 0.9)] * 2
    records = [bumps(t, h) for t, h in zip(times, (0.6, 0.6, 0.1, 0.1), strict=True)]
    place = place_of(records)
    monkeypatch.setattr(place, "beats_s", times)
    place.__dict__["sign"] = np.array([1.0, 1, -1, -1])
    found = beats_of_others(place)
    time = np.arange(600) / FS
    for row, other in ((0, 0.1), (1, 0.1), (2, 0.6), (3, 0.6)):
        inside = times[row][1:-1]
        crest = [found[row, 0, np.abs(time - r - 0.2).argmin()] for r in inside]
        peak = [found[row, 0, np.abs(time - r).argmin()] for r in inside]
        assert crest == pytest.approx([other] * len(crest), abs=0.03)
        assert peak == pytest.approx([1.0] * len(peak), abs=0.05)  # at its own beats


def test_answers_follow_the_samples_that_rank_highest():
    records = [ecg([[1.0, 2, 3, 4]]) for _ in range(4)]
    place = place_of(records, output="linear")
    ranked = np.array([[[0.0, 3, 1, 2]]] * 4)
    found = answers(
        place,
        ranked,
        np.array([0, 0.25, 0.5, 1.0]),
        lambda rows, gone: np.where(gone, 0, place.signals[rows]),
    )
    assert found[0] == pytest.approx([9.5, 7.5, 3.5, -0.5])


def test_layers_forget_from_the_output_on_and_the_module_that_was_given_stays():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv1d(2, 4, 3), nn.BatchNorm1d(4), nn.Flatten(), nn.Linear(4 * 18, 1))
    f = cw.wrap(net, fs=FS, leads=("I", "II"), seconds=0.2, outputs=["X"], output="sigmoid")
    before, state = f.weight_hash, torch.random.get_rng_state()
    assert [name.rpartition(".")[2] for name in layers(f.module)] == ["0", "1", "3"]
    changed = []
    for one in randomised(f, 8, seed=0):
        pairs = zip(f.module.parameters(), one.module.parameters(), strict=True)
        changed.append([not torch.equal(a, b) for a, b in pairs])
    # Weights and biases of the convolution, the norm (already as it was drawn) and the last layer.
    assert changed[0] == [False, False, False, False, True, True]
    assert changed[2] == [True, True, False, False, True, True]
    assert f.weight_hash == before
    assert torch.equal(torch.random.get_rng_state(), state)


def test_weights_without_a_way_to_forget_change_places():
    f = place_of([ecg([[1.0, 2, 3, 4]])] * 4, module=Bare()).f
    (one,) = randomised(f, 8, seed=0)
    was, now = (next(iter(k.module.parameters())).detach().numpy() for k in (f, one))
    assert sorted(was) == sorted(now) and not (was == now).all()


class Bare(nn.Module):
    def __init__(self):
        super().__init__()
        self.weights = nn.Parameter(torch.arange(4.0))

    def forward(self, x):
        return (x[:, 0] @ self.weights)[:, None]


def test_stages_begin_with_the_output_and_end_with_all():
    assert stages(3, 8) == [1, 2, 3]
    assert stages(40, 2) == [1, 40]
    assert stages(40, 8)[0] == 1 and stages(40, 8)[-1] == 40 and len(stages(40, 8)) <= 8


def test_dummies_know_nothing_of_the_model():
    signal = np.random.default_rng(2).normal(size=(2, 300))
    place = place_of([ecg(signal + k) for k in range(4)])
    for dummy in DUMMIES[:3]:
        maps = place.maps(dummy)
        assert maps.shape == (4, 2, 300) and (maps >= 0).all()
        assert (dummy.maps_anew(place, np.arange(4), f=place.f) == maps).all()
    # |signal| does not see how high a lead lies, and the random map differs from record to record.
    sizes, draws = place.maps(DUMMIES[1]), place.maps(DUMMIES[0])
    assert sizes[0] == pytest.approx(sizes[3], abs=1e-5)
    assert not np.allclose(draws[0], draws[3])
