import numpy as np
import pytest
import torch

import cofe_widgets as cw
from cofe_widgets.audit.trust.rows.beats import beats_amiss
from cofe_widgets.audit.trust.rows.distances import bank, coordinates, distances
from cofe_widgets.audit.trust.rows.einthoven import einthoven_uv
from cofe_widgets.audit.trust.rows.ripple import ripple
from cofe_widgets.audit.trust.rows.size import size
from cofe_widgets.generative.networks import networks

TIME = np.arange(2500) / 250
NO_BEATS = np.empty(0)


def flat():
    return np.zeros((12, 2500), np.float32)


def everywhere(wave):
    return np.tile(wave.astype(np.float32), (12, 1))


def test_size_of_a_step_of_30_uv_in_half_of_the_samples():
    after = flat()
    after[:, :1250] = 0.03
    found = size(everywhere(np.sin(TIME)), everywhere(np.sin(TIME)) + after)
    assert found.rms_uv == pytest.approx(30 / np.sqrt(2), rel=1e-3)
    assert found.share == pytest.approx(0.5)
    assert found.own_rms_uv == pytest.approx(1000 * np.sin(TIME).std(), rel=1e-4)


def test_a_change_of_derived_leads_counts_once():
    after = flat()
    after[2:6] = 1.0  # III and the augmented leads say nothing of their own
    assert size(everywhere(np.sin(TIME)), everywhere(np.sin(TIME)) + after).rms_uv == 0


def test_einthoven_finds_a_lead_that_does_not_fit():
    record = cw.simulate("NSR", seed=1)[0].record
    assert einthoven_uv(record.signal) < 0.01
    broken = record.signal.copy()
    broken[2, 100] += 0.1
    assert einthoven_uv(broken) == pytest.approx(100, rel=1e-3)


@pytest.mark.parametrize(("slow_mv", "share"), [(0.0, 1.0), (0.1, 0.5), (1.0, 0.01)])
def test_ripple_is_the_share_above_25_hz(slow_mv, share):
    wave = slow_mv * np.sin(2 * np.pi * 5 * TIME) + 0.1 * np.sin(2 * np.pi * 50 * TIME)
    found = ripple(everywhere(np.sin(TIME)), everywhere(np.sin(TIME) + wave), NO_BEATS)
    assert found.share == pytest.approx(share, rel=0.05)
    assert found.gain > 100


def test_noise_that_only_moved_adds_nothing():
    noise = np.random.default_rng(0).normal(0, 0.05, (12, 2500)).astype(np.float32)
    found = ripple(noise, np.roll(noise, 10, axis=1), NO_BEATS)
    assert found.share > 0.5 and found.gain == pytest.approx(1.0, abs=0.02)


def test_what_is_inside_the_qrs_is_no_ripple():
    spike = np.where(np.abs(TIME - 5) < 0.02, 0.5 * np.sin(2 * np.pi * 40 * TIME), 0.0)
    slow = 0.05 * np.sin(2 * np.pi * 3 * TIME)
    before = everywhere(np.sin(TIME))
    assert ripple(before, before + everywhere(spike + slow), np.array([5.0])).share < 0.1
    assert ripple(before, before + everywhere(spike + slow), NO_BEATS).share > 0.2


def test_no_change_has_no_ripple():
    assert np.isnan(ripple(flat(), flat(), NO_BEATS).share)


@pytest.mark.parametrize(
    ("found_s", "amiss"),
    [
        ([1.0, 2.0, 3.01], 0),
        ([1.0, 3.0], 1),
        ([1.0, 1.5, 2.0, 3.0], 1),
        ([1.0, 2.1, 3.0], 2),  # one lost, one that nobody meant
        ([0.1, 1.0, 2.0, 3.0, 9.9], 0),  # beats cut by the ends do not count
    ],
)
def test_beats_amiss_are_lost_and_added_ones(found_s, amiss):
    assert beats_amiss(np.array([1.0, 2.0, 3.0]), np.array(found_s), 10.0) == amiss


def test_coordinates_do_not_depend_on_the_company_and_are_nan_without_beats():
    encoder = networks().encoder
    some = [one.record for one in cw.simulate("NSR", n=2, seed=3)]
    signals = np.stack([one.resample(250).signal for one in some])
    beats = [cw.r_peaks(one) for one in some]
    both = coordinates(encoder, signals, beats)
    assert both.shape == (2, 32) and np.isfinite(both).all()
    assert np.allclose(both[:1], coordinates(encoder, signals[:1], beats[:1]), atol=1e-4)
    one = coordinates(encoder, signals, [beats[0], NO_BEATS])
    assert np.allclose(one[0], both[0], atol=1e-4) and np.isnan(one[1]).all()


def test_coordinates_are_standard_deviations_along_the_components():
    class Points(torch.nn.Module):
        style_mean = torch.tensor([1.0, 0.0])
        style_basis = torch.tensor([[0.0, 2.0], [0.5, 0.0]])

        def forward(self, x, r_s):
            from types import SimpleNamespace

            return SimpleNamespace(styles=torch.tensor([[[2.0, 3.0]]]))

    found = coordinates(Points(), flat()[None], [np.array([1.0, 2.0])], components=2)
    assert found.tolist() == [[1.5, 2.0]]  # 3 / 2, (2 - 1) / 0.5


def test_a_bank_knows_how_far_real_ecgs_lie_from_each_other():
    class Carrying(torch.nn.Module):
        real_styles = torch.tensor([[0.0, 0.0], [0.0, 1.0], [3.0, 0.0]])

    known = bank(Carrying())
    assert known.far == pytest.approx(np.quantile([0, 1, 3], [0.95, 0.99]))
    assert known.nearest == pytest.approx(np.quantile([1, 1, 3], [0.95, 0.99]))
    assert distances(np.array([[0.0, 2.0]]), known.z).min() == pytest.approx(1)
    assert bank(torch.nn.Module()) is None
