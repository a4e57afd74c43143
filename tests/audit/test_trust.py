import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

import cofe_widgets as cw
from cofe_widgets.audit.trust import TrustCard, TrustRow, trust_card
from cofe_widgets.audit.trust.context import TrustContext
from cofe_widgets.audit.trust.rows import ROWS, size
from cofe_widgets.audit.trust.rows.agreement import judge as agreement
from cofe_widgets.audit.trust.rows.agreement import sibling
from cofe_widgets.audit.trust.rows.saliency import inside, windows
from cofe_widgets.audit.trust.trust_card import headline
from cofe_widgets.signals.changes import Findings

from ..measured_hearts import fibrillating, heart


@pytest.fixture(scope="module")
def found(sinus_to_af):
    return sinus_to_af


@pytest.fixture(scope="module")
def f(found):
    return found.predictor


@pytest.fixture(scope="module")
def card(found, f):
    return trust_card(found, f)


class Peak(nn.Module):
    """Says yes (``outputs[1]``) when lead II exceeds a height, in mV."""

    def __init__(self, height):
        super().__init__()
        self.height = height

    def forward(self, x):
        score = 10 * (x[:, 1].amax(dim=1) - self.height)
        return torch.stack((torch.zeros_like(score), score), dim=1)


def taller(found, by=2.0):
    """The same answer with an ECG ``by`` times as tall for its last frame."""
    return replace(found, signals=found.signals[:1] * np.array([1, by])[:, None, None].astype("f4"))


def test_every_question_has_a_row_with_a_verdict_and_a_sentence(card):
    shipped = [
        "Target reached",
        "Search space needed",
        "Size of the change",
        "Samples changed",
        "Criteria of the diagnosis",
        "Measurements off target",
        "Distance from the mean ECG",
        "Distance to the nearest real ECG",
        "Redrawing of the original (r)",
        "Einthoven residual",
        "Ripple outside the QRS",
        "Beats amiss",
        "Agreement of an independent model",
        "Agreement with saliency",
        "Noise that flips the model",
        "Smallest step that flips the model",
    ]
    assert [row.name for row in card.rows if row.name in shipped] == shipped
    for row in card.rows:
        assert row.verdict in ("good", "mind", "bad", "unknown")
        assert row.sentence.endswith(".")
        assert row.verdict == "unknown" or row.value is not None
        assert row.verdict != "unknown" or row.sentence.startswith("Unknown")


def test_a_sound_counterfactual_is_called_that(card, found):
    assert card.headline.startswith("Reached: af-resnet answers atrial fibrillation (AF) 0.9")
    assert card.row("Einthoven residual").value < 0.01
    assert card.row("Ripple outside the QRS").verdict == "good"
    assert card.row("Redrawing of the original (r)").value == pytest.approx(
        found.provenance["reconstruction_r"]
    )
    assert card.row("Target reached").value == found.predictions[-1]


def test_a_target_that_was_not_reached_is_said_first(found, f):
    short = replace(found, reached=False, predictions=np.array([0.02, 0.6]))
    card = trust_card(short, f)
    assert card.headline.startswith(
        "Not reached: 0.90 was asked of af-resnet for atrial fibrillation (AF), the search ended at 0.60."
    )
    assert card.row("Target reached").verdict == "bad" and card.verdict == "bad"


def test_the_whole_latent_space_is_no_explanation(found):
    card = trust_card(replace(found, space="the whole of W+"))
    row = card.row("Search space needed")
    assert (row.value, row.verdict) == (3, "bad")
    assert row.sentence == "The model was flipped without a nameable change."
    assert "search space needed" in card.headline


def test_the_headline_names_what_gives_pause():
    def said(*rows):
        reached = TrustRow("Target reached", 0.9, "", "", "good", "Reached.")
        return headline([reached, *(TrustRow(n, 1.0, "", "", v, "s.") for n, v in rows)])

    fine = ("Einthoven residual", "good")
    assert said(fine) == "Reached. Nothing that was measured speaks against it."
    assert said(fine, ("Beats amiss", "mind")) == "Reached. Read it with care: beats amiss."
    both = said(("Beats amiss", "bad"), ("Samples changed", "mind"))
    assert both == "Reached. Do not rely on it: beats amiss."
    alone = said(fine, ("Agreement with saliency", "mind"))
    assert alone.startswith("Reached. Little speaks against it")


def test_a_row_of_its_own_joins_the_card_in_its_place(found, card):
    def short_row(context):
        beats = len(context.beats_s[0])
        return TrustRow("Beats to judge by", beats, "", "60", "bad", "Too few beats.")

    ROWS.insert(ROWS.index(size.judge) + 1, short_row)
    try:
        more = trust_card(found, found.predictor)
    finally:
        ROWS.remove(short_row)
    added = more.rows.index(more.row("Beats to judge by"))
    assert more.rows[added - 1].name == "Samples changed"
    assert more.rows[:added] + more.rows[added + 1 :] == card.rows
    assert more.row("Beats to judge by").value == len(cw.r_peaks(found.original))
    assert card.verdict != "bad" and more.verdict == "bad"
    assert more.headline.endswith("Do not rely on it: beats to judge by.")
    assert trust_card(found, found.predictor) == card  # and is gone again


def test_beats_are_looked_for_once_and_only_when_asked_for(found, monkeypatch):
    seen = []

    def counted(record):
        seen.append(record)
        return cw.r_peaks(record)

    monkeypatch.setattr("cofe_widgets.audit.trust.context.r_peaks", counted)
    context = TrustContext(found)
    assert not seen
    assert context.beats_s is context.beats_s and len(seen) == 2
    trust_card(found)
    assert len(seen) == 4  # one pair a card, however many rows use it


def measured(found, after, **facts):
    made = replace(found, **facts)
    vars(made)["findings"] = Findings(heart(), after)
    return trust_card(made)


def off_target(found, after, target="AF", **moved):
    return measured(found, after, target=target, moved=moved).row("Measurements off target")


@pytest.mark.parametrize(
    ("after", "predictions", "value", "verdict"),
    [
        (fibrillating(), (0.1, 0.9), 2, "good"),
        (heart(rr_rmssd_ms=210.0), (0.1, 0.9), 1, "mind"),
        (fibrillating(), (0.9, 0.1), 2, "mind"),
        (heart(), (0.9, 0.1), 0, "good"),
        (fibrillating(rr_rmssd_ms=math.nan), (0.1, 0.9), None, "unknown"),
    ],
)
def test_the_changed_ecg_is_judged_by_the_criteria_of_the_diagnosis(
    found, after, predictions, value, verdict
):
    card = measured(found, after, target="AF", predictions=np.array(predictions))
    row = card.row("Criteria of the diagnosis")
    assert (row.value, row.verdict) == (value, verdict)


def test_a_target_without_criteria_is_not_judged_by_any(found):
    row = measured(found, heart(), target="potassium_mmol_l").row("Criteria of the diagnosis")
    assert row.verdict == "unknown" and "has none" in row.sentence


def test_off_target_is_what_neither_the_codes_nor_the_diagnosis_ask_for(found):
    after = fibrillating(qrs_ms=140.0, qrs_axis_deg=-40.0)
    row = off_target(found, after)
    assert (row.value, row.verdict) == (2, "mind")
    assert row.sentence == (
        "Moved although nobody asked: QRS duration 90 -> 140 ms; QRS axis 45 -> -40°."
    )
    assert off_target(found, fibrillating()).verdict == "good"
    lost = off_target(found, fibrillating(rr_sd_ms=20.0), "LBBB", p_wave_taken_away=1.0)
    assert lost.sentence == "Moved although nobody asked: beats with a P wave 100 -> 0 %."


def test_without_known_criteria_the_search_says_what_it_asks_for(found):
    after = heart(qrs_ms=140.0, qrs_axis_deg=-40.0)
    assert off_target(found, after, "age").value == 2
    assert off_target(found, after, "age", qrs=1.3).value == 1
    assert off_target(found, after, "age", qrs_factor=1.001).value == 2  # as good as nothing


def test_what_no_heart_draws_is_found(found):
    broken = found.signals.copy()
    broken[-1, 2] += 0.1
    assert trust_card(replace(found, signals=broken)).row("Einthoven residual").verdict == "bad"
    rippled = found.signals[[0, 0]].copy()
    rippled[1] += 0.05 * np.sin(2 * np.pi * 45 * np.arange(2500) / 250).astype("f4")
    assert (
        trust_card(replace(found, signals=rippled)).row("Ripple outside the QRS").verdict == "bad"
    )
    row = trust_card(taller(found, by=3.0)).row("Size of the change")
    assert row.verdict == "bad"


def test_a_record_that_the_generator_cannot_draw_is_not_trusted(found):
    poor = replace(found, provenance=found.provenance | {"reconstruction_r": 0.79})
    assert trust_card(poor).row("Redrawing of the original (r)").verdict == "bad"
    kept = {k: v for k, v in found.provenance.items() if k not in ("reconstruction_r", "beats_s")}
    card = trust_card(replace(found, provenance=kept))
    assert card.row("Redrawing of the original (r)").verdict == "unknown"
    assert card.row("Beats amiss").verdict == "unknown"


def test_ghosts_are_counted(found):
    beats = [float(t) for t in cw.r_peaks(found.record())]
    right = replace(found, provenance=found.provenance | {"beats_s": beats})
    assert trust_card(right).row("Beats amiss").value == 0
    more = replace(found, provenance=found.provenance | {"beats_s": [*beats[:-2], beats[-2] - 0.3]})
    row = trust_card(more).row("Beats amiss")
    assert row.value >= 2 and row.verdict == "bad"


OF_THE_MODEL = (
    *("Needed by the model", "Smallest change found"),
    *("The same reason nearby", "Seen by the model"),
    *("Agreement of an independent model", "Agreement with saliency"),
    *("Noise that flips the model", "Smallest step that flips the model"),
)


def test_without_the_model_its_rows_are_unknown_and_the_others_stand(found, card):
    alone = trust_card(replace(found, predictor=None))
    for mine, theirs in zip(alone.rows, card.rows, strict=True):
        if mine.name in OF_THE_MODEL:
            assert mine.verdict == "unknown"
        elif mine.name != "Measurements off target":  # which is counted otherwise
            assert mine == theirs


def test_an_independent_model_agrees_when_its_answer_turns_too(found):
    peak = float(found.signals[0, 1].max())
    tall = taller(found)

    def row(height):
        second = cw.wrap(Peak(height), fs=250, outputs=["SR", "AF"], name="peak")
        return agreement(TrustContext(tall, second=second))

    assert row(1.5 * peak).verdict == "good"
    assert row(3.0 * peak).verdict == "mind" and "af-resnet alone" in row(3.0 * peak).sentence
    assert row(0.5 * peak).verdict == "unknown" and "already" in row(0.5 * peak).sentence
    other = cw.wrap(Peak(1.0), fs=250, outputs=["no", "yes"])
    assert agreement(TrustContext(tall, second=other)).verdict == "unknown"


def test_a_sibling_is_another_model_of_the_same_outputs(f):
    assert sibling(cw.wrap(Peak(1.0), fs=250, outputs=["no", "yes"])) is None
    own = cw.wrap(Peak(1.0), fs=250, outputs=["SR", "AF"], name="own")
    assert sibling(own).outputs == ("SR", "AF")
    other = sibling(f)
    assert other is None or (other.name != f.name and other.weight_hash != f.weight_hash)


def test_share_of_a_change_where_saliency_points():
    energy, weight = np.zeros((2, 100)), np.zeros((2, 100))
    energy[0, :10], weight[0, :40] = 3.0, 1.0  # a fifth of all samples, all in the first lead
    energy[1, 50:60] = 1.0
    share, chance = inside(energy, weight)
    assert share == pytest.approx(0.75)
    assert chance == pytest.approx(0.75 * 0.4)


def test_windows_are_whole_and_around_the_beats():
    signal = np.arange(2500.0)[None]
    cut = windows(signal, np.array([0.1, 2.0, 9.9]), 250)
    assert cut.shape == (1, 1, 187)
    assert cut[0, 0, 75] == 500  # 0.3 s after the beginning of the window
    assert np.isnan(windows(signal, np.array([]), 250)).all()


def test_a_saved_counterfactual_keeps_its_card_and_its_words(found, tmp_path):
    assert found.trust == trust_card(found, found.predictor)
    found.save(tmp_path / "cf.npz")
    again = cw.Counterfactual.load(tmp_path / "cf.npz")
    assert again.predictor is None
    assert again.trust == found.trust and again.words() == found.words()


def test_a_card_survives_json(card):
    again = TrustCard.from_dict(json.loads(json.dumps(card.to_dict())))
    assert again == card
    endless = TrustCard("h", (TrustRow("a", math.inf, "uV", "", "good", "s."),))
    assert (
        TrustCard.from_dict(json.loads(json.dumps(endless.to_dict(), allow_nan=False))) == endless
    )
    for wrong in ({}, {"headline": "x", "rows": [{"name": "a"}]}, {"headline": "", "rows": 3}):
        with pytest.raises(ValueError, match="no stored trust card"):
            TrustCard.from_dict(wrong)


def test_a_card_can_be_read_in_any_light_and_by_any_reader(card):
    html = card._repr_html_()
    assert "<caption" in html and html.count('scope="row"') == len(card.rows)
    assert "<script" not in html and "#" not in html.replace("&#", "")  # no colours of its own
    assert all(row.sentence.split("'")[0][:20] in html for row in card.rows)
    evil = TrustCard("<b>", (TrustRow("<i>", 1.0, "", "", "good", "<script>"),))
    assert "<script>" not in evil._repr_html_() and "<b>" not in evil._repr_html_()
    text = repr(card)
    assert text.splitlines()[0] == card.headline and len(text.splitlines()) == 1 + len(card.rows)
    with pytest.raises(KeyError, match="Beats amiss"):
        card.row("no such row")
