import numpy as np
import pytest
import torch
from torch import nn

import cofe_widgets as cw
from cofe_widgets import Counterfactual, Record
from cofe_widgets.errors import ExplainError
from cofe_widgets.explain import Candidate
from cofe_widgets.generative.inversion import invert
from cofe_widgets.generative.latent_edit import NAMES, RHYTHM, SPACES, LatentEdit
from cofe_widgets.vocabulary.edits import EDITS


class QrsPower(nn.Module):
    """Two logits: their difference grows with the mean square of the first lead, in (0.1 mV)^2."""

    def forward(self, x):
        power = 100 * (x[:, 0] - x[:, 0].mean(dim=1, keepdim=True)).square().mean(dim=1)
        return torch.stack((torch.zeros_like(power), power - 8.0), dim=1)


@pytest.fixture(scope="module")
def f():
    return cw.load("af-resnet")


@pytest.fixture(scope="module")
def record():
    return cw.simulate("NSR", seed=21)[0].record


@pytest.fixture(scope="module")
def found(record, f):
    return cw.counterfactual(record, f, target="AF")


def test_the_target_is_reached_and_no_further_than_asked(found):
    assert found.reached
    assert 0.9 <= found.predictions[-1] < 0.93
    assert found.message.startswith("p(AF) goes from 0.0")
    assert "RR made irregular" in found.message


def test_severity_zero_is_the_record_itself(found, record):
    assert np.array_equal(found.signals[0], record.resample(250).signal)
    assert found.record(0) is found.original
    assert np.array_equal(found.record(0).signal, found.signals[0])


def test_predictions_are_the_models_own_answers(found, f):
    for k in (0, 10, 20):
        frame = Record(found.signals[k], 250)
        assert f.predict(frame)["AF"] == pytest.approx(found.predictions[k], abs=1e-4)


def test_severities_are_even_in_log_odds(found):
    odds = np.log(found.predictions / (1 - found.predictions))
    steps = np.diff(odds)
    assert (steps > 0).all()
    assert np.abs(steps - steps.mean()).max() < 0.5 * steps.mean()


def test_a_severity_between_frames_is_interpolated(found):
    middle = found.record(0.025).signal
    assert np.allclose(middle, (found.signals[0] + found.signals[1]) / 2, atol=1e-5)
    with pytest.raises(ExplainError, match="from 0 to 1"):
        found.record(1.2)


def test_einthoven_and_goldberger_hold_in_every_frame(found):
    i, ii, iii, avr, avl, avf = np.moveaxis(found.signals[:, :6].astype(float), 1, 0)
    for law in (i + iii - ii, avr + (i + ii) / 2, avl - i + ii / 2, avf - ii + i / 2):
        assert np.abs(law).max() < 2e-5


def test_the_rhythm_of_af_becomes_irregular(found):
    table = found.measurements.set_index("measurement")
    assert table.change["rr_sd_ms"] > 20
    assert list(table.columns) == ["original", "counterfactual", "change", "unit"]
    assert table.unit["rr_sd_ms"] == "ms"


def test_the_same_seed_gives_the_same_counterfactual(found, record, f):
    assert np.array_equal(cw.counterfactual(record, f, target="AF").signals, found.signals)


def test_steps_stream_the_same_search_and_can_be_closed(found, record, f):
    steps = list(cw.counterfactual.steps(record, f, target="AF"))
    fractions = [step.fraction for step in steps]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0
    assert [step.result is None for step in steps] == [True] * (len(steps) - 1) + [False]
    assert np.array_equal(steps[-1].result.signals, found.signals)
    assert any(
        isinstance(step.partial, Candidate) and np.shape(step.partial.signal) == (12, 2500)
        for step in steps[:-1]
    )
    stream = cw.counterfactual.steps(record, f, target="AF")
    next(stream)
    stream.close()
    with pytest.raises(StopIteration):
        next(stream)


def test_a_batch_answers_as_one_by_one(found, record, f):
    other = cw.simulate("NSR", seed=22)[0].record
    af = cw.simulate("AF", seed=33)[0].record
    with pytest.raises(ExplainError, match="record 1 of 2: .*already answers AF"):
        cw.counterfactual([record, af], f, target="AF")
    with pytest.raises(ExplainError, match="two frames"):
        cw.counterfactual([record], f, target="AF", severities=1)
    together = cw.counterfactual([record, other], f, target="AF", severities=2)
    assert len(together) == 2 and all(one.reached for one in together)
    # Batched arithmetic rounds otherwise, and a search may stop a step apart: the same edit, nearly.
    one, alone = (cf.provenance for cf in (together[0], found))
    assert one["distance_sd"] == pytest.approx(alone["distance_sd"], rel=0.1)
    assert together[0].moved["irregularity"] == pytest.approx(found.moved["irregularity"], abs=0.05)


def test_the_last_frame_is_the_same_however_many_there_are(found, record, f):
    for count in (2, 5):
        other = cw.counterfactual(record, f, target="AF", severities=count)
        assert np.abs(other.signals[-1] - found.signals[-1]).max() < 1e-4
        assert other.predictions[-1] == pytest.approx(found.predictions[-1], abs=1e-5)
        assert other.moved == pytest.approx(found.moved, abs=1e-5)
    another = cw.simulate("NSR", seed=22)[0].record  # of which 2 and 21 once ended apart
    few, many = (cw.counterfactual(another, f, target="AF", severities=n) for n in (2, 21))
    assert few.predictions[-1] == pytest.approx(many.predictions[-1], abs=1e-5)


def test_the_way_back_from_af_to_sinus_makes_the_rhythm_regular(f):
    af = cw.simulate("AF", seed=33)[0].record
    back = cw.counterfactual(af, f, target="SR", severities=2)
    assert "RR made regular" in back.message
    assert back.reached
    table = back.measurements.set_index("measurement")
    assert table.counterfactual["rr_sd_ms"] < 0.7 * table.original["rr_sd_ms"]


def test_it_saves_and_loads(found, tmp_path):
    path = tmp_path / "one.npz"
    found.save(path)
    again = Counterfactual.load(path)
    assert np.array_equal(again.signals, found.signals)
    assert again.message == found.message and again.reached == found.reached
    assert again.provenance == found.provenance
    assert again.original.meta["source"] == "simulated"
    bad = tmp_path / "bad.npz"
    bad.write_bytes(b"not a file of ours")
    with pytest.raises(ExplainError, match=r"bad\.npz is no saved counterfactual"):
        Counterfactual.load(bad)


def test_another_models_rate_leads_and_length_are_served(record):
    f = cw.wrap(QrsPower(), fs=500, leads=["V5", "aVF"], seconds=5, outputs=["small", "tall"])
    found = cw.counterfactual(record, f, target="tall", level=0.8, severities=2)
    assert found.reached
    before, after = (found.record(s).crop(0, 5)["V5"] for s in (0.0, 1.0))
    assert after.std() > before.std()


@pytest.mark.parametrize("fs", [100, 257, 500])
def test_the_search_sees_what_the_model_sees_at_any_rate(record, fs):
    class Slope(nn.Module):
        def forward(self, x):
            s = 5e-4 * (x.shape[2] * x[:, 0].diff(dim=1)).square().mean(dim=1)
            return torch.stack((torch.zeros_like(s), s - 4), dim=1)

    f = cw.wrap(Slope(), fs=fs, outputs=["flat", "steep"])
    found = cw.counterfactual(record, f, target="steep", severities=3)
    frames = f.predict([Record(signal, 250) for signal in found.signals])
    assert [frame["steep"] for frame in frames] == pytest.approx(found.predictions, abs=2e-3)


def test_a_probability_can_be_asked_to_fall(record, f):
    af = cw.simulate("AF", seed=33)[0].record
    found = cw.counterfactual(af, f, target="AF", level=0.3, severities=2)
    assert found.predictions[0] > 0.8 and found.predictions[-1] <= 0.3 + 1e-6 and found.reached


def test_a_value_is_reached_from_either_side(record):
    f = cw.wrap(QrsPower(), fs=250, leads=["V5", "I"], outputs=["zero", "power"], output="linear")
    now = f.predict(record)["power"]
    for level in (now + 1.0, now - 1.0):
        found = cw.counterfactual(record, f, target="power", level=level, severities=2)
        assert found.reached
        assert found.predictions[-1] == pytest.approx(level, abs=0.1)


def test_an_unreachable_target_is_said_in_words(record):
    class Bounded(nn.Module):
        def forward(self, x):
            s = torch.tanh(x[:, 0].mean(dim=1))
            return torch.stack((torch.zeros_like(s), s - 3), dim=1)

    f = cw.wrap(Bounded(), fs=250, outputs=["no", "yes"])
    found = cw.counterfactual(record, f, target="yes", severities=2)
    assert not found.reached
    assert found.message.startswith("not reached (0.9 was asked): p(yes) goes from")
    assert np.array_equal(found.signals[0], found.original.signal)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"target": "VT"}, "'VT'.*SR, AF"),
        ({"target": "AF", "level": 1.0}, "between 0 and 1"),
        ({"target": "AF", "level": 0.0}, "between 0 and 1"),
        ({"target": "SR"}, "already answers SR.*AF"),
        ({"target": "AF", "severities": 1}, "at least two frames"),
    ],
)
def test_bad_requests_are_refused_with_what_can_be_done(record, f, asked, message):
    with pytest.raises(ExplainError, match=message):
        cw.counterfactual(record, f, **asked)


def test_records_that_cannot_be_explained_are_refused(record, f):
    with pytest.raises(ExplainError, match="6.00 s long.*10 s"):
        cw.counterfactual(record.crop(0, 6), f, target="AF")
    with pytest.raises(ExplainError, match="twelve standard leads"):
        cw.counterfactual(record.select(["I", "II", "V1"]), f, target="AF")
    hum = 0.2 * np.sin(2 * np.pi * 0.4 * np.arange(2500) / 250)
    still = Record(np.tile(hum, (12, 1)), 250)
    with pytest.raises(ExplainError, match="beats found"):
        cw.counterfactual(still, f, target="AF")


def test_models_without_gradient_or_with_nan_are_refused(record):
    class Rounded(nn.Module):
        def forward(self, x):
            s = torch.round(x[:, 0].std(dim=1))
            return torch.stack((s, -s - 1), dim=1)

    with pytest.raises(ExplainError, match="no gradient.*rounded"):
        cw.counterfactual(record, cw.wrap(Rounded(), fs=250, outputs=["a", "b"]), target="b")

    class Nan(nn.Module):
        def forward(self, x):
            s = torch.where(x.abs().amax(dim=(1, 2)) > 0.6, torch.nan, 0.0)
            return torch.stack((s, -s - 1), dim=1)

    with pytest.raises(ExplainError, match="NaN"):
        cw.counterfactual(record, cw.wrap(Nan(), fs=250, outputs=["a", "b"]), target="b")


@pytest.mark.parametrize("condition", ["NSR", "STach", "PAC", "AF"])
def test_a_zero_move_gives_back_the_record(condition):
    inversion = invert([one.record for one in cw.simulate(condition, n=6, seed=5)])
    for space in SPACES:
        moves = LatentEdit(inversion, space, seed=0)
        assert moves.size >= len(NAMES)
        with torch.no_grad():
            drawn = moves.signals(torch.zeros(6, moves.size)).numpy()
        kept = np.stack([one.signal for one in inversion.records])
        assert np.abs(drawn - kept).max() < 1e-5


def test_callers_may_have_gradients_off_or_inference_on(record, f):
    with torch.inference_mode():
        f.predict(record)
        cw.reconstruct(record)
    answers = []
    for mode in (torch.no_grad, torch.inference_mode, torch.enable_grad):
        with mode():
            found = cw.counterfactual(record, f, target="AF", severities=2)
            att = cw.attribute(record, f, target="AF")
            assert torch.is_inference_mode_enabled() == (mode is torch.inference_mode)
        assert found.reached and att.values.std() > 0
        answers.append((found.signals, att.values))
    for signals, values in answers[:2]:
        assert np.array_equal(signals, found.signals) and np.array_equal(values, att.values)


def test_reconstruction_says_how_well_it_fits(record):
    drawn = cw.reconstruct(record)
    assert drawn.meta["source"] == "generated"
    assert drawn.meta["correlation"] > 0.9
    assert len(cw.reconstruct([record, record])) == 2


def test_samples_of_the_prior_are_ecgs_that_beat():
    one, again = cw.sample(2, seed=3), cw.sample(2, seed=3)
    assert np.array_equal(one[1].signal, again[1].signal)
    assert all(4 <= len(cw.r_peaks(record)) <= 30 for record in one)


def test_what_comes_together_in_af_costs_less_together(record):
    moves = LatentEdit(invert([record]), SPACES[0], seed=0)
    sd = np.array([one.sd for one in EDITS.values()])
    code = np.zeros((2, len(NAMES)))
    code[0, :RHYTHM], code[1, 0] = sd[:RHYTHM], sd[0]  # one unit of all three, of one
    move = np.linalg.solve(moves.axes.numpy().T.astype(float), code.T)
    # Hand-computed with a correlation of 0.85: 3 / (1 + 2 x 0.85), and 1.85 / (0.15 x 2.7).
    assert np.allclose((move**2).sum(axis=0), [1.1111, 4.5679], rtol=1e-4)


def test_the_answer_says_which_space_it_needed_and_what_it_asks_for(found):
    assert found.space == SPACES[0].name
    assert found.moved["irregularity"] > 0.05 and found.moved["morphology_sd"] == 0
    assert found.method == "refined"


@pytest.mark.parametrize("seed", [21, 22, 23])
def test_first_degree_block_is_a_long_pr_interval_though_its_slope_is_flat(seed):
    record = cw.simulate("NSR", seed=seed)[0].record
    cf = cw.counterfactual(record, cw.load("nine-resnet"), "IAVB", severities=2)
    assert cf.reached and cf.space == SPACES[0].name
    assert cf.moved["pr"] > 30 and abs(cf.moved["qrs"] - 1) < 0.1
    assert abs(cf.moved["irregularity"]) < 0.03 and abs(cf.moved["p_wave_taken_away"]) < 0.2
    assert cw.measure(record)["pr_ms"] + cf.moved["pr"] > 200


def test_the_amortised_direction_answers_at_once_and_reaches(record, f):
    quick = cw.counterfactual(record, f, target="AF", method="direction", severities=3)
    assert quick.reached and quick.method == "direction"
    assert 0.9 <= quick.predictions[-1] < 0.97
    assert quick.moved["irregularity"] > 0.05 and quick.moved["p_wave_taken_away"] > 0


def test_the_papers_descent_moves_w_alone_and_keeps_the_step_that_crosses(record, f):
    plain = cw.counterfactual(
        record, f, target="AF", level=0.15, method="gradient", residual=False, severities=2
    )
    assert plain.reached and plain.space == SPACES[-1].name
    assert plain.moved["irregularity"] == 0 and plain.moved["morphology_sd"] > 0
    assert np.allclose(plain.provenance["beats_s"], cw.r_peaks(plain.original), atol=1e-3)


def test_what_is_kept_does_not_change(record, f):
    kept = cw.counterfactual(
        record, f, target="AF", level=0.15, keep=["rhythm", "intervals"], severities=2
    )
    assert kept.moved["irregularity"] == 0 and kept.moved["heart_rate"] == 1
    assert np.allclose(kept.provenance["beats_s"], cw.r_peaks(kept.original), atol=1e-3)
    assert kept.provenance["keep"] == ["rhythm", "intervals"]


def test_several_answers_differ(record, f):
    first, second = cw.counterfactual(record, f, target="AF", level=0.7, diverse=2, severities=2)
    assert first.reached and second.reached
    assert abs(second.moved["irregularity"] - first.moved["irregularity"]) > 0.03 or (
        abs(second.moved["p_wave_taken_away"] - first.moved["p_wave_taken_away"]) > 0.2
    )


def test_the_drawing_alone_can_be_shown(record, f):
    pure = cw.counterfactual(record, f, target="AF", residual=False, severities=2)
    assert pure.reached and pure.provenance["residual"] is False


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"method": "magic"}, "'magic'.*refined, direction, gradient"),
        ({"keep": ["soul"]}, "'soul'.*rhythm, intervals, morphology"),
        ({"keep": ["rhythm", "intervals", "morphology"]}, "nothing is left to change"),
        ({"diverse": 0}, "how many answers"),
        ({"diverse": 2, "method": "gradient"}, "needs method='refined'"),
    ],
)
def test_bad_ways_of_searching_are_refused(record, f, asked, message):
    with pytest.raises(ExplainError, match=message):
        cw.counterfactual(record, f, target="AF", **asked)


def test_constant_and_saturated_models_are_told_apart(record):
    class Constant(nn.Module):
        def forward(self, x):
            return 0 * x[:, 0, :2] + torch.tensor([1.0, 0.0])

    class Saturated(nn.Module):
        def forward(self, x):
            s = (1000 * (x[:, 0].std(dim=1) - 0.3)).clamp(-5, 5)
            return torch.stack((-s, s), dim=1)

    for module, message in ((Constant(), "is constant"), (Saturated(), "saturated")):
        f = cw.wrap(module, fs=250, outputs=["a", "b"])
        target = min(f.predict(record), key=f.predict(record).get)
        with pytest.raises(ExplainError, match=message):
            cw.counterfactual(record, f, target=target)


def test_a_value_that_is_there_already_is_refused(record):
    f = cw.wrap(QrsPower(), fs=250, leads=["V5", "I"], outputs=["zero", "power"], output="linear")
    with pytest.raises(ExplainError, match="already answers power"):
        cw.counterfactual(record, f, target="power", level=f.predict(record)["power"])


def test_of_a_longer_record_it_is_said_that_only_ten_seconds_were_looked_at():
    f = cw.load("af-resnet")
    record = cw.simulate("NSR", seed=5, seconds=20)[0].record
    cf = cw.counterfactual(record, f, "AF", severities=2)
    assert "of the 20 s given, the first 10 were looked at" in cf.message
    assert "Only the first 10 s of 20 s were looked at." in cf.words().text
    short = cw.counterfactual(record.crop(0, 10), f, "AF", severities=2)
    assert "looked at" not in short.message + short.words().text
