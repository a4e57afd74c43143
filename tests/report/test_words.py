from dataclasses import replace
from math import nan

import numpy as np
import pytest

from cofe_widgets.report.narrative import narrative
from cofe_widgets.report.words import words
from cofe_widgets.signals.changes import Findings

from ..measured_hearts import fibrillating, heart


@pytest.fixture(scope="module")
def found(sinus_to_af):
    return sinus_to_af


def told(found, before, after, target="AF", predictions=(0.03, 0.94), **facts):
    facts = {"target": target, "predictions": np.array(predictions), "reached": True} | facts
    facts["predictor"] = None  # what it needs is told in test_reasons
    if target == "potassium_mmol_l":
        facts["provenance"] = found.provenance | {"output": "linear"}
    made = replace(found, **facts)
    vars(made)["findings"] = Findings(before, after)
    return narrative(made)


def test_atrial_fibrillation_is_told_as_a_cardiologist_reads_it(found):
    assert told(found, heart(), fibrillating()) == (
        "The P wave present before every beat is gone; "
        "RR intervals become irregular (SD 20 -> 168 ms). "
        "The probability of atrial fibrillation (AF) that af-resnet gives moves from 0.03 to 0.94. "
        "The changed ECG meets the criteria of atrial fibrillation: no P waves and irregular RR "
        "intervals."
    )


def test_the_way_back_says_where_the_p_wave_is(found):
    text = told(found, fibrillating(), heart(), target="SR")
    assert "A P wave (0.12 mV in II) now precedes every beat, where there was none" in text
    assert "RR intervals become regular (SD 168 -> 20 ms)" in text
    assert "meets the criteria of sinus rhythm" in text


def test_a_target_that_was_not_reached_is_said_first(found):
    text = told(found, heart(), fibrillating(), predictions=(0.03, 0.62), reached=False)
    assert text.startswith("Not reached: 0.90 was asked of af-resnet for atrial fibrillation (AF)")
    assert "ended at 0.62" in text


def test_a_model_that_asks_for_less_than_the_definition_is_told_so(found):
    text = told(found, heart(), heart(rr_sd_ms=168.0, rr_rmssd_ms=210.0))
    assert "is not atrial fibrillation: P waves (0.12 mV in II) precede every beat" in text
    text = told(found, heart(), fibrillating(rr_sd_ms=22.0, rr_rmssd_ms=25.0))
    assert "is not atrial fibrillation: RR intervals vary too little (SD 22 ms)" in text


def test_what_a_diagnosis_lacks_is_said_in_numbers_or_by_what_it_asks_for(found):
    text = told(found, heart(), heart(pr_ms=180.0), target="IAVB")
    assert text.endswith("the changed ECG is not first-degree AV block: the PR is 180 ms.")
    text = told(found, heart(), heart(qrs_ms=130.0), target="LBBB")
    assert "is not left bundle branch block, which asks for QRS of 120 ms, a broad R" in text


def test_what_cannot_be_measured_is_not_judged(found):
    text = told(found, heart(), fibrillating(rr_rmssd_ms=nan))
    assert (
        "Whether the changed ECG meets the criteria of atrial fibrillation cannot be measured"
        in text
    )
    assert "nan" not in text


def test_a_falling_answer_is_told_by_what_is_lost(found):
    text = told(found, fibrillating(), heart(), predictions=(0.97, 0.1), level=0.1)
    assert "no longer meets the criteria of atrial fibrillation" in text
    text = told(found, fibrillating(), fibrillating(), predictions=(0.97, 0.1), level=0.1)
    assert "is still atrial fibrillation, whatever the model says" in text


def test_changes_within_their_error_are_not_told(found):
    after = heart(qrs_ms=94, heart_rate_bpm=76, p_amplitude_mv=0.13, qrs_axis_deg=50)
    assert told(found, heart(), after).startswith(
        "No measurement changed by more than its own error."
    )


def test_an_ecg_whose_waves_cannot_be_measured_is_called_that(found):
    text = told(found, heart(), heart(qrs_ms=nan))
    assert text.startswith("The waves of the changed ECG cannot be measured.")


def test_findings_are_in_the_order_in_which_an_ecg_is_read(found):
    inferior = {
        "j_amplitude_mv": 0.3,
        "st_amplitude_mv": 0.3,
        "t_amplitude_mv": -0.2,
        "q_amplitude_mv": -0.4,
        "r_amplitude_mv": 0.5,
    }
    leads = dict.fromkeys(("II", "III", "aVF"), inferior)
    after = heart(leads=leads, heart_rate_bpm=110.0, pr_ms=220.0, qrs_axis_deg=20.0)
    text = told(found, heart(), after)
    said = [
        "the heart rate rises (75 -> 110 bpm)",
        "PR lengthens (160 -> 220 ms)",
        "the QRS axis turns to the left (45 -> 20°)",
        "Q or QS deepens in II, III, aVF (II -0.05 -> -0.40 mV)",
        "ST rises at J in II, III, aVF (II 0.00 -> 0.30 mV)",
        "the T wave inverts in II, III, aVF (II 0.30 -> -0.20 mV)",
        "R shrinks in II, III, aVF (II 1.00 -> 0.50 mV)",
        "Now met: tachycardia (heart rate 110 bpm), a long PR interval (PR 220 ms), ST elevation",
        "The probability",
    ]
    places = [text.lower().find(one.lower()) for one in said]
    assert -1 not in places, text
    assert places == sorted(places)


def test_neighbouring_chest_leads_are_named_as_a_run(found):
    up = {"t_amplitude_mv": 0.9}
    leads = {"V2": up, "V3": {"t_amplitude_mv": 1.1}, "V4": up, "V6": up, "I": up, "aVL": up}
    text = told(found, heart(), heart(leads=leads))
    assert "the T wave grows in I, aVL, V2-V4 (V3 0.30 -> 1.10 mV)" in text.replace(
        "The T", "the T"
    )


def test_potassium_is_told_by_its_signs_and_in_its_unit(found):
    tall = {lead: {"t_amplitude_mv": 0.9} for lead in ("V2", "V3", "V4")}
    facts = {"target": "potassium_mmol_l", "level": 6.5}
    high = heart(leads=tall, qrs_ms=115.0)
    text = told(found, heart(), high, predictions=(4.1, 6.5), **facts)
    assert "The potassium that af-resnet estimates moves from 4.1 to 6.5 mmol/L" in text
    assert "signs of a rising potassium the changed ECG shows taller T waves, a longer QRS." in text
    text = told(found, heart(), heart(qrs_ms=70.0), predictions=(4.1, 6.5), **facts)
    assert "shows none; a shorter QRS would speak against it" in text
    text = told(found, high, heart(), predictions=(6.5, 4.1), **facts | {"level": 4.1})
    assert "falling potassium the changed ECG shows lower T waves, a shorter QRS" in text
    text = told(found, heart(), heart(), predictions=(4.1, 6.5), **facts)
    assert "None of the measured signs of a rising potassium appears" in text


def test_a_change_without_a_name_is_called_that(found):
    text = told(found, heart(), heart(), space="the whole of W+")
    assert "the model was flipped by one without a name" in text


def test_a_real_search_is_told_from_its_own_signals(found):
    text = words(found).text
    assert text == words(found).text == str(words(found))
    assert "P wave" in text and "RR intervals become irregular" in text
    assert text.endswith(".") and "nan" not in text


def test_rephrased_words_are_marked_and_keep_the_original(found):
    def louder(text):
        return text.upper()

    said, plain = words(found, rephrase=louder), words(found)
    assert said.text == plain.text.upper() and said.original == plain.text
    assert said.rephrased_by == "louder" and plain.rephrased_by == ""
    assert "louder" in str(said) and plain.text in str(said)
    assert "louder" in said._repr_html_() and "<details>" in said._repr_html_()


@pytest.mark.parametrize("answer", [None, "  ", 3, RuntimeError("no network")])
def test_the_measured_text_survives_whoever_fails_to_rephrase_it(found, answer):
    def broken(text):
        if isinstance(answer, Exception):
            raise answer
        return answer

    said = words(found, rephrase=broken)
    assert said.text == said.original == words(found).text and said.rephrased_by == ""
    assert "broken" in said.error
    assert "Not rephrased" in said._repr_html_()
