"""The trust card of a counterfactual: is it reached, is it an ECG, does it say what it seems to say.

Yardsticks are measured on real recordings (``python -m benchmarks trust`` prints them again); those
of latent distances come from the real ECGs that the encoder carries along.
"""

from __future__ import annotations

from math import isfinite

import numpy as np

from ...explain.counterfactual import Counterfactual
from ...generative.inversion import UNTRUSTED_R
from ...generative.networks import networks
from ...models.architectures.generator import FS as GENERATOR_FS
from ...models.architectures.generator import SAMPLES
from ...signals import r_peaks
from ...signals.changes import Change
from ...signals.criteria.diagnoses import diagnosis, holds
from ...vocabulary.diagnoses import QUANTITIES, belonging, title, title_with_code
from ...vocabulary.edits import EDITS
from ...wrapper import Predictor
from .card import TrustCard, TrustRow
from .card import Verdict as Judged
from .model_rows import SALIENCY, agreement_row, robustness_rows, saliency_row
from .plausibility import (
    Times,
    bank,
    beats_amiss,
    coordinates,
    distances,
    einthoven_uv,
    ripple,
    size,
)

#: Redrawing of held-back real records: half of them above, and a twentieth below.
R_MEDIAN, R_LOW = 0.979, 0.87
#: A change of timing alone stays below this multiple of what beats out of step make.
MORE_THAN_TIMING = 1.15
#: Largest share of a change's energy above 25 Hz outside the QRS, and what the record's own noise,
#: moved along, multiplies fast energy by.
RIPPLE_SHARE, MOVED_NOISE = 0.10, 1.3
#: uV that rounding and resampling leave of Einthoven's law.
EINTHOVEN_UV = 5.0


def trust_card(
    cf: Counterfactual,
    f: Predictor | None = None,
    *,
    second: Predictor | None = None,
) -> TrustCard:
    """What speaks for and against a counterfactual.

    Parameters
    ----------
    cf : Counterfactual
    f : Predictor, optional
        The model it explains; without it the rows about the model are unknown.
    second : Predictor, optional
        A model of the same outputs, trained independently; by default the shipped sibling, where
        there is one.

    Returns
    -------
    TrustCard
    """
    beats = [np.asarray(r_peaks(one)) for one in (cf.original, cf.record(1.0))]
    rows = [_reached(cf), _space(cf), *_size(cf, beats), _criteria(cf), _off_target(cf)]
    rows += _distances(cf, beats)
    rows += [_reconstruction(cf), _einthoven(cf), _ripple(cf, beats), _beats(cf, beats[1])]
    rows += [agreement_row(cf, f, second), saliency_row(cf, f, beats), *robustness_rows(cf, f)]
    return TrustCard(_headline(rows), tuple(rows))


def _headline(rows: list[TrustRow]) -> str:
    by = {kind: [row for row in rows[1:] if row.verdict == kind] for kind in ("bad", "mind")}
    names = {
        kind: ", ".join(row.name[0].lower() + row.name[1:] for row in some)
        for kind, some in by.items()
    }
    if by["bad"]:
        judged = f"Do not rely on it: {names['bad']}."
    elif [row.name for row in by["mind"]] == [SALIENCY]:  # weak evidence: maps seldom agree
        judged = "Little speaks against it: the change does not lie where saliency points."
    elif by["mind"]:
        judged = f"Read it with care: {names['mind']}."
    else:
        judged = "Nothing that was measured speaks against it."
    return f"{rows[0].sentence} {judged}"


# -- the answer -----------------------------------------------------------------------------------


def _reached(cf: Counterfactual) -> TrustRow:
    last, asked = float(cf.predictions[-1]), cf.shown(cf.level)
    what = title_with_code(cf.target)
    if cf.reached:
        sentence = f"Reached: {cf.model} answers {what} {cf.shown(last)} ({asked} was asked)."
    else:
        sentence = (
            f"Not reached: {asked} was asked of {cf.model} for {what}, "
            f"the search ended at {cf.shown(last)}."
        )
    unit = QUANTITIES[cf.target].unit if cf.target in QUANTITIES else ""
    verdict: Judged = "good" if cf.reached else "bad"
    return TrustRow("Target reached", last, unit, f"{asked} asked", verdict, sentence)


def _space(cf: Counterfactual) -> TrustRow:
    number = 3 if "whole" in cf.space else 2 if "component" in cf.space else 1
    verdict, sentence = {
        1: ("good", "The change is made of rhythm and named measurements alone."),
        2: ("good", "The change needed leading components of morphology beside named numbers."),
        3: ("bad", "The model was flipped without a nameable change."),
    }[number]
    if number == 3 and not cf.reached:
        sentence = "Even the whole of the latent space held no answer."
    yardstick = "1 named, 2 leading components, 3 everything"
    return TrustRow("Search space needed", number, "", yardstick, verdict, sentence)  # type: ignore[arg-type]


# -- the change -----------------------------------------------------------------------------------


def _size(cf: Counterfactual, beats: list[Times]) -> list[TrustRow]:
    found = size(cf.signals[0], cf.signals[-1])
    out_of_step = 2**0.5 * found.own_rms_uv
    verdict: Judged = "good"
    sentence = "No further from the original than its own beats at other times would be."
    if found.rms_uv > MORE_THAN_TIMING * out_of_step:
        verdict = "mind" if found.rms_uv < 1.5 * out_of_step else "bad"
        sentence = "Further from the original than its own beats at other times would be."
    yardstick = f"{out_of_step:.0f} uV: the same ECG with all its beats out of step"
    whole = f"{100 * found.share:.0f} % of the samples moved by more than 20 uV"
    everywhere = found.share > 0.5 and not _moved(beats)
    because = "" if found.share <= 0.5 else ", as they do when beats come at other times"
    return [
        TrustRow("Size of the change", found.rms_uv, "uV RMS", yardstick, verdict, sentence),
        TrustRow(
            "Samples changed",
            100 * found.share,
            "%",
            "50 %, unless beats move",
            "mind" if everywhere else "good",
            f"{whole}, though no beat moved." if everywhere else f"{whole}{because}.",
        ),
    ]


def _moved(beats: list[Times]) -> bool:
    """Whether beats of the last frame come at other times than those of the first."""
    before, after = beats
    return len(before) != len(after) or bool(np.abs(before - after).max(initial=0.0) > 0.02)


def _criteria(cf: Counterfactual) -> TrustRow:
    """Whether the last frame is what a cardiologist would call the target."""
    name, yardstick = "Criteria of the diagnosis", "all of them"
    judged = diagnosis(cf.target, cf.findings.after)
    now, met = holds(judged), sum(verdict.met is True for verdict in judged)
    if now is None:
        why = "they cannot be measured here" if judged else "this package has none for it"
        return TrustRow(name, None, "", yardstick, "unknown", f"Unknown: {why}.")
    rising = cf.predictions[-1] >= cf.predictions[0]
    asked = ", ".join(verdict.words for verdict in judged)
    if now:
        sentence = f"The changed ECG meets the criteria of {title(cf.target)}: {asked}."
    else:
        sentence = f"The changed ECG does not meet the criteria of {title(cf.target)}: {asked}."
    verdict: Judged = "good" if now == rising else "mind"
    if not rising:
        yardstick = "fewer than all"
    return TrustRow(name, met, f"of {len(judged)}", yardstick, verdict, sentence)


def _off_target(cf: Counterfactual) -> TrustRow:
    """What moved although neither the diagnosis nor, without one, the named numbers ask for it."""
    known = belonging(cf.target)
    asked = set(known or ())
    if known is None:
        for name, edit in EDITS.items():
            if abs(cf.moved.get(name, edit.rest) - edit.rest) >= edit.least:
                asked |= {*edit.asks}
    off = {name: one for name, one in cf.findings.moved.items() if name not in asked}
    sentence = "No measurement moved, beyond its own error, that was not asked to."
    if off:
        said = "; ".join(_told(lead, change) for lead, change in off.values())
        sentence = f"Moved although nobody asked: {said}."
    verdict: Judged = "good" if not off else "mind" if len(off) < 3 else "bad"
    yardstick = "0; 3 or more are bad"
    return TrustRow("Measurements off target", len(off), "", yardstick, verdict, sentence)


def _told(lead: str, change: Change) -> str:
    """A change in a few words, ``"ST at J in V2 0.00 -> 0.15 mV"``."""
    label = change.measurement.in_sentence
    about = change.measurement
    where = f" in {lead}" if lead else ""
    values = (change.before, change.after)
    before, after = (f"{about.scale * value:.{about.digits}f}" for value in values)
    unit = about.symbol if about.symbol == "°" else f" {about.symbol}"
    return f"{label}{where} {before} -> {after}{unit}"


# -- is it an ECG ---------------------------------------------------------------------------------


def _distances(cf: Counterfactual, beats: list[Times]) -> list[TrustRow]:
    names = ("Distance from the mean ECG", "Distance to the nearest real ECG")
    encoder = networks().encoder
    z = coordinates(encoder, np.stack((cf.signals[0], cf.signals[-1])), beats)
    known = bank(encoder)
    if known is None or not np.isfinite(z).all():
        why = "no beats to encode" if known else "the encoder carries no real ECGs to compare with"
        return [TrustRow(name, None, "SD", "", "unknown", f"Unknown: {why}.") for name in names]
    far = np.linalg.norm(z, axis=1)
    near = distances(z, known.z).min(axis=1)
    return [
        _distance(names[0], far[0], far[1], known.far, "of the mean"),
        _distance(names[1], near[0], near[1], known.nearest, "of another real one"),
    ]


def _distance(name: str, before: float, after: float, limits: np.ndarray, what: str) -> TrustRow:
    usual, rare = limits
    yardstick = f"{usual:.1f}; 95 % of real ECGs are within that {what}"
    verdict: Judged = "good" if after <= usual else "mind" if after <= rare else "bad"
    if verdict == "good":
        sentence = "As near to real ECGs as they are to each other."
    elif after <= 1.1 * before:
        verdict = "mind"
        sentence = f"The original is as unusual ({before:.1f} SD): the change did not make it so."
    else:
        sentence = f"Few real ECGs lie so far out; the original lies at {before:.1f} SD."
    return TrustRow(name, float(after), "SD", yardstick, verdict, sentence)


def _reconstruction(cf: Counterfactual) -> TrustRow:
    name, yardstick = "Redrawing of the original (r)", f"{R_MEDIAN:g} half of held-back real ECGs"
    r = cf.provenance.get("reconstruction_r")
    if r is None:
        return TrustRow(name, None, "", yardstick, "unknown", "Unknown: it was not kept.")
    if r < UNTRUSTED_R:
        verdict: Judged = "bad"
        sentence = "The generator cannot draw this ECG: what it would change is not to be trusted."
    elif r < R_LOW:
        verdict = "mind"
        sentence = "The generator draws this ECG worse than 19 of 20 others."
    else:
        verdict, sentence = "good", "The generator knows ECGs like this one."
    return TrustRow(name, float(r), "", yardstick, verdict, sentence)


def _einthoven(cf: Counterfactual) -> TrustRow:
    before, after = (einthoven_uv(cf.signals[k]) for k in (0, -1))
    verdict: Judged = "good"
    sentence = "Einthoven's and Goldberger's laws hold."
    if after > max(EINTHOVEN_UV, 1.5 * before):
        verdict, sentence = "bad", "The limb leads contradict each other: no heart draws this."
    elif after > EINTHOVEN_UV:
        verdict, sentence = "mind", f"The recording itself breaks the laws by {before:.0f} uV."
    yardstick = f"{EINTHOVEN_UV:g} uV of rounding"
    return TrustRow("Einthoven residual", after, "uV", yardstick, verdict, sentence)


def _ripple(cf: Counterfactual, beats: list[Times]) -> TrustRow:
    found = ripple(cf.signals[0], cf.signals[-1], np.concatenate(beats))
    name, yardstick = (
        "Ripple outside the QRS",
        f"{100 * RIPPLE_SHARE:.0f} % of the change above 25 Hz",
    )
    if not isfinite(found.share):
        sentence = "Nothing changed outside the QRS."
        return TrustRow(name, 0.0, "%", yardstick, "good", sentence)
    verdict: Judged = "good"
    sentence = "The change is made of waves, not of ripple."
    if found.share > RIPPLE_SHARE:
        if found.gain <= MOVED_NOISE:
            verdict = "mind"
            sentence = "Noise of the recording moved along with its beats; none was added."
        else:
            verdict, sentence = "bad", "The change is fast ripple, which no heart makes."
    return TrustRow(name, 100 * found.share, "%", yardstick, verdict, sentence)


def _beats(cf: Counterfactual, found_s: Times) -> TrustRow:
    name, yardstick = "Beats amiss", "0"
    intended = cf.provenance.get("beats_s")
    if intended is None:
        sentence = "Unknown: the intended beats were not kept."
        return TrustRow(name, None, "", yardstick, "unknown", sentence)
    wrong = beats_amiss(np.asarray(intended, float), found_s, SAMPLES / GENERATOR_FS)
    verdict: Judged = "good" if wrong == 0 else "mind" if wrong == 1 else "bad"
    sentence = (
        "A beat detector finds exactly the intended beats: no ghosts, none lost."
        if wrong == 0
        else f"A beat detector misses or adds {wrong} of {len(intended)} beats: look for ghosts."
    )
    return TrustRow(name, wrong, "", yardstick, verdict, sentence)
