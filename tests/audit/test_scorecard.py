"""Scorecards: models whose reason is known, what is kept, what is refused, and what is said."""

import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest
import torch
from pandas.testing import assert_frame_equal
from torch import nn

import cofe_widgets as cw
from cofe_widgets.audit.scorecards import CHECKS, QUICK, Settings, Verdict
from cofe_widgets.audit.scorecards.check import CATEGORIES
from cofe_widgets.audit.scorecards.kept import forget
from cofe_widgets.audit.scorecards.subjects import DUMMIES, Explained
from cofe_widgets.errors import AuditError, EcgError, ExplainError
from cofe_widgets.explain.attribution import Method
from cofe_widgets.report.figures.palette import PALETTE

FS, LEADS, SAMPLES = 100.0, ("I", "II", "V2"), 400
SMALL = Settings(few=4, repeats=2, stages=2, points=10, perturbations=40, hearts=4)
#: Where the model looks: V2, from 1 s to 1.3 s.
WHERE = slice(100, 130)


class Reads(nn.Module):
    """Log-odds of a stretch of V2: its mean against half a millivolt."""

    def __init__(self):
        super().__init__()
        weights = torch.zeros(len(LEADS), SAMPLES)
        weights[2, WHERE] = 1.0
        self.weights = nn.Parameter(weights)

    def forward(self, x):
        return 10 * ((x * self.weights).sum(dim=(1, 2)) / 30 - 0.5)[:, None]


class Backwards(Method):
    """Says the opposite of the truth: everything but what the model looks at."""

    name, title, reference = "backwards", "Backwards", "nobody"
    signed = False

    def __call__(self, predictor, x, target):
        out = torch.ones_like(x)
        out[:, 2, WHERE] = 0
        return out


@pytest.fixture(scope="module")
def records():
    """Noisy leads with a wave in V2, tall in half of them, small and elsewhere in the others."""
    draws = np.random.default_rng(5)
    out = []
    for k in range(12):
        signal = 0.1 * draws.normal(size=(len(LEADS), SAMPLES))
        signal[0] += np.sin(np.arange(SAMPLES) / 9)  # a large wave that nobody looks at
        signal[2, WHERE] += 0.9 + 0.05 * k if k % 2 else 0.1
        out.append(cw.Record(signal.astype(np.float32), FS, LEADS))
    return out


@pytest.fixture(scope="module")
def f():
    return cw.wrap(
        Reads(), fs=FS, leads=LEADS, seconds=4, outputs=["X"], output="sigmoid", name="reads"
    )


@pytest.fixture(autouse=True)
def nothing_kept():
    forget()


FAITHFUL = ("insertion", "deletion", "infidelity")


@pytest.fixture(scope="module")
def card(f, records):
    methods = [
        "saliency",
        "input_x_gradient",
        ("smoothgrad", {"copies": 2}),
        "integrated_gradients",
        Backwards(),
    ]
    return cw.scorecard(f, records, methods, settings=SMALL)


def figure(card, method, check):
    (row,) = card.to_frame()[(card.table.method == method) & (card.table.check == check)].to_dict(
        "records"
    )
    return row


@pytest.mark.parametrize("check", FAITHFUL)
def test_a_map_of_the_reason_beats_every_dummy_and_a_map_of_the_rest_none(card, check):
    true, false = figure(card, "input_x_gradient", check), figure(card, "backwards", check)
    assert true["beats"] is True and false["beats"] is False
    better = max if true["better"] == "higher" else min
    others = [figure(card, one, check)["value"] for one in card.dummies]
    assert better([true["value"], false["value"], *others]) == true["value"]
    assert true["low"] <= true["value"] <= true["high"] and true["n"] == 12
    assert true["dummy_value"] == better(others)


def test_the_gradient_is_the_whole_truth_of_a_linear_model(card):
    """Per mV; and times the input, but for the level of the lead."""
    assert figure(card, "saliency", "infidelity")["value"] == pytest.approx(0, abs=1e-6)
    assert figure(card, "input_x_gradient", "infidelity")["value"] < 0.05
    assert figure(card, "random", "infidelity")["value"] > 0.5
    row = figure(card, "integrated_gradients", "completeness")
    assert row["value"] < 0.01 and row["beats"] is True


def test_a_map_that_ignores_the_model_fails_randomisation_and_one_of_its_weights_survives(card):
    assert figure(card, "backwards", "randomisation_pearson")["value"] == pytest.approx(1.0)
    assert figure(card, "backwards", "randomisation_pearson")["beats"] is False
    assert card.verdict("backwards", "X").survives_randomisation is False
    assert "fails randomisation" in card.badge("backwards", "X")
    for dummy in card.dummies:
        assert figure(card, dummy, "randomisation_spearman")["value"] == 1.0


def test_what_cannot_be_asked_says_why(card):
    assert figure(card, "backwards", "completeness")["note"].startswith(
        "not asked: it does not promise"
    )
    assert (
        figure(card, "backwards", "relevance_mass")["note"] == "not asked: the simulator knows no X"
    )
    assert "no beat is found" in figure(card, "backwards", "beat_infill")["note"]
    assert figure(card, "backwards", "max_sensitivity")["beats"] is None


def test_every_check_is_scored_for_every_method_and_dummy(card):
    assert card.methods == (
        "saliency", "input_x_gradient", "smoothgrad (copies=2)", "integrated_gradients", "backwards"
    )  # fmt: skip
    assert card.dummies == tuple(one.name for one in DUMMIES)
    assert len(card.table) == len(CHECKS) * (5 + len(DUMMIES))
    assert {one.category for one in CHECKS.values()} == set(CATEGORIES)
    asked = card.table[card.table.note == ""]
    assert np.isfinite(asked.value).all()


def test_curves_begin_at_the_ecg_itself(card):
    curves = card.curves[card.curves.check == "perturbation"]
    assert (curves[curves.step == 0].value == 1.0).all()  # the AUROC of the records as they are
    model = card.curves[(card.curves.method == "") & (card.curves.check == "randomisation_pearson")]
    assert model.value.iloc[0] == 1.0 and model.step.tolist() == [0.0, 1.0]


def test_the_module_stays_as_it_was(f, records):
    before, state = f.weight_hash, torch.random.get_rng_state()
    gradients = [one.requires_grad for one in f.module.parameters()]
    cw.scorecard(
        f, records, "saliency", checks=["randomisation_pearson", "max_sensitivity"], settings=SMALL
    )
    assert f.weight_hash == before
    assert [one.requires_grad for one in f.module.parameters()] == gradients
    assert torch.equal(torch.random.get_rng_state(), state)


def test_what_is_kept_equals_what_is_measured_anew_and_asks_no_method(
    f, records, tmp_path, monkeypatch
):
    checks = ["deletion", "perturbation", "sparseness"]
    asked = {"methods": ["saliency"], "checks": checks, "settings": SMALL}
    first = cw.scorecard(f, records, store=tmp_path, **asked)
    forget()
    fresh = cw.scorecard(f, records, **asked)
    assert first.table.equals(fresh.table)
    forget()
    monkeypatch.setattr(Explained, "maps", lambda *_: pytest.fail("a method was asked"))
    again = cw.scorecard(f, records, store=tmp_path, **asked)
    assert again.table.equals(first.table) and again.curves.equals(first.curves)


@pytest.mark.parametrize("change", ["weights", "record", "option", "seed", "target"])
def test_what_is_kept_belongs_to_model_records_options_seed_and_target(
    f, records, tmp_path, monkeypatch, change
):
    two = cw.wrap(
        nn.Sequential(Reads(), nn.Linear(1, 2)), fs=FS, leads=LEADS, seconds=4, outputs=["X", "Y"],
        output="sigmoid",
    )  # fmt: skip
    asked = {"methods": [("smoothgrad", {"copies": 2})], "checks": "sparseness", "target": "X"}
    asked["store"] = tmp_path
    cw.scorecard(two, records, **asked)
    some = list(records)
    if change == "weights":
        with torch.no_grad():
            two.module[1].bias += 0.1
    elif change == "record":
        some[3] = some[3].with_signal(some[3].signal * 1.01)
    else:
        asked |= {
            "option": {"methods": [("smoothgrad", {"copies": 3})]},
            "seed": {"seed": 1},
            "target": {"target": "Y"},
        }[change]
    calls = []
    maps = Explained.maps
    monkeypatch.setattr(Explained, "maps", lambda *given: calls.append(1) or maps(*given))
    cw.scorecard(two, some, **asked)
    assert calls


def test_it_is_saved_and_comes_back(card, tmp_path):
    card.save(tmp_path / "card.zip")
    back = cw.Scorecard.load(tmp_path / "card.zip")
    for name in ("table", "curves", "leads"):
        frames = (getattr(one, name) for one in (back, card))
        assert_frame_equal(*frames, check_dtype=False, check_index_type=False)
    assert back.words() == card.words() and back.provenance["options"] == card.provenance["options"]
    with pytest.raises(AuditError, match="cannot be saved: its table.beats is 'perhaps'"):
        replace(card, table=card.table.assign(beats="perhaps")).save(tmp_path / "broken.zip")
    (tmp_path / "nothing.txt").write_text("no")
    with pytest.raises(AuditError, match="no saved scorecard"):
        cw.Scorecard.load(tmp_path / "nothing.txt")


def test_it_is_made_again_by_the_call_that_made_it(f, records):
    one = cw.scorecard(f, records, ["saliency"], checks="sparseness", seed=3, settings=SMALL)
    assert one.rerun(records, f).table.equals(one.table)


def test_it_is_told_step_by_step_and_can_be_stopped(f, records):
    steps = list(cw.scorecard.steps(f, records, ["saliency"], checks=["sparseness", "complexity"]))
    fractions = [step.fraction for step in steps]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0
    rows = [row for step in steps for row in step.partial or ()]
    assert [row["method"] for row in rows] == list(steps[-1].result.table.method)
    running = cw.scorecard.steps(f, records, ["saliency"], checks="deletion")
    next(running)
    running.close()


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"methods": "salience"}, ExplainError, "no attribution method 'salience'"),
        ({"methods": [("saliency", {"steps": 3})]}, ExplainError, "saliency has no option 'steps'"),
        ({"methods": []}, AuditError, "methods is empty"),
        ({"methods": ["saliency", "saliency"]}, AuditError, "saliency twice"),
        ({"target": "Z"}, ExplainError, "no output 'Z'"),
        ({"target": []}, AuditError, "target is empty"),
        ({"checks": "deletions"}, AuditError, "no check 'deletions'"),
        ({"checks": []}, AuditError, "checks is empty"),
        ({"seed": -1}, AuditError, "seed=-1"),
        ({"seed": 0.5}, AuditError, "seed=0.5"),
        ({"f": "af-resnet"}, ExplainError, "expected a Predictor"),
        ({"records": "ecg.xml"}, EcgError, "is no Record"),
    ],
)
def test_bad_input_is_refused_before_anything_is_computed(
    f, records, monkeypatch, change, error, said
):
    monkeypatch.setattr(Explained, "maps", lambda *_: pytest.fail("a method was asked"))
    asked = {"f": f, "records": records, **change}
    with pytest.raises(error, match=said):
        cw.scorecard(**asked)


def test_too_few_records_and_those_that_do_not_fit_are_refused(f, records):
    with pytest.raises(AuditError, match="3 records: a scorecard needs 4 at least"):
        cw.scorecard(f, records[:3])
    short = records[0].crop(0, 1)
    with pytest.raises(EcgError, match=r"records\[2\]: the record is 1.00 s long"):
        cw.scorecard(f, [*records[:2], short, *records[3:6]])


class NoGradients(nn.Module):
    def forward(self, x):
        return torch.from_numpy(x.detach().numpy().mean(axis=(1, 2), keepdims=True)[:, 0])


def test_methods_that_cannot_explain_a_model_are_left_out_unless_they_are_asked_for(records):
    blind = cw.wrap(NoGradients(), fs=FS, leads=LEADS, seconds=4, outputs=["X"], output="linear")
    with pytest.raises(ExplainError, match="cannot be explained by saliency"):
        cw.scorecard(blind, records, "saliency")
    card = cw.scorecard(blind, records, Backwards(), checks=["randomisation_pearson", "sparseness"])
    assert "no layers" in figure(card, "backwards", "randomisation_pearson")["note"]


class Fails(Backwards):
    name, title = "fails", "Fails"

    def __call__(self, predictor, x, target):
        return super().__call__(predictor, x, target) * float("nan")


def test_a_method_that_fails_on_a_record_is_told_of_and_stops_no_other(f, records):
    card = cw.scorecard(f, records, [Fails(), "saliency"], checks=["deletion", "sparseness"])
    row = figure(card, "fails", "deletion")
    assert "not asked: it gives no map:" in row["note"] and "NaN or infinite fails" in row["note"]
    assert np.isfinite(figure(card, "saliency", "deletion")["value"])
    assert np.isfinite(figure(card, "others", "sparseness")["value"])
    assert card.badge("fails", "X") == "unchecked"


def test_a_badge_says_what_was_judged():
    assert Verdict("a", "X").badge == "unchecked"
    one = Verdict("a", "X", ("deletion", "insertion"), ("infidelity",), ("randomisation_pearson",))
    assert one.badge == "checked: beats dummies in 2 of 3" and one.survives_randomisation is True
    assert "does not add up" in replace(one, fails=("completeness",)).badge


def test_a_method_that_was_not_asked_is_unchecked(card):
    assert card.badge("deeplift", "X") == card.badge("backwards", "Y") == "unchecked"


def test_the_picture_shows_every_method_and_marks_every_judgement(card):
    svg = ET.fromstring(card.figure())
    texts = ["".join(one.itertext()) for one in svg.iter("{http://www.w3.org/2000/svg}text")]
    for title in card.table.title.unique():
        assert title in texts
    marks = sum(text.endswith(("✓", "✗")) for text in texts if len(text) < 12)
    assert marks == (card.table.beats != "").sum()
    with pytest.raises(AuditError, match="no target 'Y'"):
        card.figure("Y")


def test_its_words_say_what_the_table_says(card):
    said = card.words()
    assert said.startswith("On reads: Saliency for X: ")
    assert "Backwards for X: fails randomisation (r 1.00" in said
    assert "better than every dummy in insertion, deletion and infidelity" in said


def test_a_quick_card_finds_a_long_pr_where_dummies_do_not():
    """The shipped model sees a long PR; a simulated heart says where it is."""
    f = cw.load("nine-resnet")
    records = [one.record for one in cw.simulate("IAVB", 2, seed=1)] * 2
    how = replace(QUICK, hearts=6)
    card = cw.scorecard(
        f, records, "saliency", "IAVB", ["precision_recall", "relevance_mass"], settings=how
    )
    row = figure(card, "saliency", "precision_recall")
    assert row["beats"] is True and row["value"] > row["dummy_value"]
    assert "simulated hearts" in card.words() or "of it lies in the cause" in card.words()
    assert set(card.leads.lead) == set(f.leads)


@pytest.mark.parametrize(
    ("target", "said"),
    [("SB", "alters no wave"), ("NSR", "alters no wave")],
)
def test_a_target_that_alters_no_wave_has_no_cause_to_be_found(target, said):
    f = cw.load("nine-resnet")
    records = [one.record for one in cw.simulate("NSR", 4, seed=1)]
    card = cw.scorecard(f, records, "saliency", target, "relevance_mass", settings=SMALL)
    assert said in figure(card, "saliency", "relevance_mass")["note"]


def test_a_picture_that_there_is_not_is_refused(card, f, records):
    for wrong in ({"what": "map"}, {"theme": "blue"}):
        with pytest.raises(AuditError, match="expected 'table' or|expected 'light' or"):
            card.figure(**wrong)
    flat = cw.scorecard(f, records, "saliency", checks="sparseness", settings=SMALL)
    with pytest.raises(AuditError, match="no check of this card is a curve"):
        flat.figure(what="curves")


def test_the_table_is_drawn_on_dark_paper_too(card):
    dark, light = card.figure(theme="dark"), card.figure()
    assert PALETTE["dark"]["paper"] in dark and PALETTE["light"]["paper"] not in dark
    assert PALETTE["light"]["paper"] in light
