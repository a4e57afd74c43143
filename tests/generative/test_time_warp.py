import math

import pytest
import torch

from cofe_widgets.generative.rhythm import rr_pattern
from cofe_widgets.generative.time_warp import (
    PARTS,
    USUAL_S,
    TimeEdit,
    Timeline,
    carried_back,
    carry,
    cubic,
)

FS, SAMPLES = 250.0, 1000
TIME = torch.arange(SAMPLES) / FS
R = (0.5, 1.4, 2.3, 3.2)


def timeline(*r_s):
    places = [*r_s, *[math.nan] * (10 - len(r_s))]
    return Timeline.of(torch.tensor([places]), torch.tensor([USUAL_S]), SAMPLES, FS)


def edit(line, **asked):
    numbers = dict.fromkeys(("spread", "irregularity", "rate", "pr_s", "qrs", "qt"), 0.0) | asked
    tensors = {k: torch.tensor([v], dtype=torch.float64) for k, v in numbers.items()}
    return TimeEdit(pattern=rr_pattern(line.real, 0), **tensors)


def bells(places, sd):
    return sum(torch.exp(-0.5 * ((TIME - t) / sd) ** 2) for t in places)[None, None]


def test_nothing_asked_gives_the_signal_back():
    line = timeline(*R)
    signal = torch.randn(1, 8, SAMPLES, generator=torch.Generator().manual_seed(0))
    out, beats = carry(signal, line, edit(line), FS, SAMPLES)
    assert torch.allclose(out, signal, atol=1e-6)
    assert torch.allclose(beats, line.times_s, atol=1e-9, equal_nan=True)


def test_a_record_is_continued_by_its_own_beats():
    # Hand-computed: it ends 0.8 s after its last beat; it goes on as after its first, at 1.3 s.
    line = timeline(*R)
    assert line.source[0, SAMPLES] == round(1.3 * FS)
    assert torch.allclose(line.times_s[0, :7], torch.tensor([-0.4, *R, 4.1, 5.0]).double())
    assert line.real[0, :5].tolist() == [False, True, True, True, False]
    ramp = TIME[None, None]
    assert float(line.continued(ramp)[0, 0, SAMPLES]) == pytest.approx(float(TIME[-1]), abs=1e-5)


@pytest.mark.parametrize("irregularity", [0.1, 0.25])
def test_beats_move_whole_and_leave_no_ghost(irregularity):
    line = timeline(*R)
    out, beats = carry(bells(R, 0.012), line, edit(line, irregularity=irregularity), FS, SAMPLES)
    assert (beats[0, 1:5] - line.times_s[0, 1:5]).abs().max() > 0.03
    assert torch.allclose(out, bells(beats[0, 1:5].tolist(), 0.012).float(), atol=0.02)


def test_a_faster_heart_shows_more_beats_and_a_slower_one_fewer():
    line = timeline(*R)
    for factor in (1.5, 0.7):
        out, beats = carry(bells(R, 0.012), line, edit(line, rate=math.log(factor)), FS, SAMPLES)
        inside = [t for t in beats[0].tolist() if 0 <= t < SAMPLES / FS]
        assert len(inside) == {1.5: 7, 0.7: 3}[factor]
        assert torch.allclose(out, bells(inside, 0.012).float(), atol=0.05)


def crest(signal, start, end):
    inside = (start <= TIME) & (end > TIME)
    return float(TIME[inside][signal[0, 0, inside].argmax()])


def test_pr_moves_the_p_wave_and_nothing_else():
    line = timeline(*R)
    p, qrs = bells([t - 0.16 for t in R], 0.02), bells(R, 0.012)
    asked = edit(line, pr_s=0.04)
    moved, _ = carry(p, line, asked, FS, SAMPLES)
    assert crest(moved, 1.0, 1.4) == pytest.approx(1.4 - 0.20, abs=0.006)
    assert torch.allclose(carry(qrs, line, asked, FS, SAMPLES)[0], qrs, atol=0.02)


def test_a_moved_beat_keeps_its_pr():
    line = timeline(*R)
    p = bells([t - 0.16 for t in R], 0.02)
    out, beats = carry(p, line, edit(line, irregularity=0.2), FS, SAMPLES)
    for r in beats[0, 2:4].tolist():
        assert crest(out, r - 0.25, r) == pytest.approx(r - 0.16, abs=0.006)


def test_qrs_widens_about_its_r_peak_and_t_follows():
    # Hand-computed: R to J is 60 ms, half more of it is 30 ms; a T wave at R + 250 ms comes 30 later.
    line = timeline(*R)
    asked = edit(line, qrs=math.log(1.5))
    notch, _ = carry(bells([t + 0.04 for t in R], 0.008), line, asked, FS, SAMPLES)
    assert crest(notch, 1.4, 1.7) == pytest.approx(1.4 + 0.06, abs=0.005)
    t_wave, _ = carry(bells([t + 0.25 for t in R], 0.03), line, asked, FS, SAMPLES)
    assert crest(t_wave, 1.5, 1.9) == pytest.approx(1.4 + 0.28, abs=0.006)


def test_qt_stretches_jt_alone():
    # Hand-computed: a T wave 200 ms after J, JT a tenth longer: 20 ms later.
    line = timeline(*R)
    t_wave, _ = carry(
        bells([t + 0.26 for t in R], 0.03), line, edit(line, qt=math.log(1.1)), FS, SAMPLES
    )
    assert crest(t_wave, 1.5, 1.9) == pytest.approx(1.4 + 0.28, abs=0.006)


def test_what_is_carried_back_comes_out_as_it_was():
    line = timeline(*R)
    asked = edit(line, irregularity=0.2)
    wave = torch.sin(2 * math.pi * 5 * TIME)[None]
    drawn = carried_back(wave, line, asked, FS)
    out, _ = carry(drawn[:, None], line, asked, FS, SAMPLES)
    inside = slice(round(0.5 * FS), round(3.2 * FS))
    assert torch.allclose(out[0, 0, inside], wave[0, inside], atol=0.03)


def test_short_intervals_squeeze_p_and_jt_and_keep_their_order():
    line = timeline(0.3, 0.66, 1.02, 1.38, 1.74, 2.1, 2.46, 2.82, 3.18, 3.54)
    signal = torch.randn(1, 2, SAMPLES, generator=torch.Generator().manual_seed(1))
    out, _ = carry(signal, line, edit(line, irregularity=0.3, qt=0.3), FS, SAMPLES)
    assert out.isfinite().all()


def test_gradients_are_finite_and_not_zero():
    line = timeline(*R)
    signal = (
        bells(R, 0.02) + bells([t - 0.16 for t in R], 0.02) + bells([t + 0.25 for t in R], 0.03)
    )
    asked = edit(line, irregularity=0.1)
    numbers = [getattr(asked, k) for k in ("irregularity", "rate", "pr_s", "qrs", "qt")]
    for number in numbers:
        number.requires_grad_(True)
    out, _ = carry(signal, line, asked, FS, SAMPLES)
    (out - signal).square().sum().backward()
    assert all(number.grad.isfinite().all() and number.grad.abs() > 0 for number in numbers)


def test_parts_are_named():
    assert len(PARTS) == len(USUAL_S)


def test_cubic_interpolation_draws_parabolas_exactly():
    k = torch.arange(20.0)
    x = (0.3 * k**2 - 2 * k + 1).expand(1, 8, -1)
    places = torch.tensor([[1.0, 4.25, 9.5, 17.9]])
    wanted = 0.3 * places**2 - 2 * places + 1
    assert torch.allclose(cubic(x, places), wanted.expand(8, -1)[None], atol=1e-4)
