"""Simulated hearts whose cause is known: what a condition altered in them, as their model sees it."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

import numpy as np

from ...ecg import Record
from ...simulate import CONDITIONS, Simulated, simulate
from ...vocabulary.diagnoses import title
from ...wrapper import Predictor
from ..twins import ALTERED_MV
from .formulas import Mask
from .place import LEAST_RECORDS, Place, Settings, Subject, as_seen

#: Targets that are no condition's code -> the condition that shows them.
STANDS_FOR = {"potassium_mmol_l": "HYPERK"}
#: Hearts drawn for each that is needed: a model does not see the condition in all of them.
DRAWN = 2


def hearts(
    f: Predictor, target: str, settings: Settings, seed: int, methods: Sequence[Subject]
) -> Place | str:
    """Simulated hearts that have the target and in which the model sees it, with their causes.

    A sample is cause where the condition altered it by more than `twins.ALTERED_MV`. What a condition
    does to the times of the beats is in no cause.

    Returns
    -------
    Place, or why there is none, in words.
    """
    condition = STANDS_FOR.get(target, target)
    if condition not in CONDITIONS:
        return f"the simulator knows no {target}"
    seconds = f.seconds if isfinite(f.seconds) else 10.0
    drawn = simulate(condition, DRAWN * settings.hearts, seed, fs=f.fs, seconds=max(10.0, seconds))
    if not any((np.abs(one.truth.cause) > ALTERED_MV).any() for one in drawn[:1]):
        return f"{title(target)} alters no wave, only when beats come, if anything"
    answers = f.predict([one.record for one in drawn])
    seen = [
        one
        for one, answer in zip(drawn, answers, strict=True)
        if f.output == "linear" or answer[target] >= 0.5
    ]
    if len(seen) < LEAST_RECORDS:
        return (
            f"{f.name} sees {target} in {len(seen)} of {len(drawn)} simulated hearts that have it"
        )
    chosen = seen[: settings.hearts]
    causes = _causes(f, chosen)
    return Place(f, [one.record for one in chosen], target, settings, seed, methods, causes)


def with_and_without(f: Predictor, target: str, n: int, seed: int = 0) -> list[Record]:
    """Simulated ECGs on which maps for a target can be checked: half with its condition, half without.

    Those without have sinus rhythm and the conditions of the model's other outputs in turn. Where the
    simulator does not know the target, all are of these.

    Parameters
    ----------
    f : Predictor
    target : str
    n : int
        How many.
    seed : int
    """
    codes = [STANDS_FOR.get(name, name) for name in (target, *f.outputs)]
    known = [code for code in dict.fromkeys(codes) if code in CONDITIONS]
    others = list(dict.fromkeys(["NSR", *(code for code in known if code != codes[0])]))
    others = [code for code in others if code != codes[0]] or ["AF"]
    if codes[0] in CONDITIONS:
        turns = [codes[0] if k % 2 == 0 else others[k // 2 % len(others)] for k in range(n)]
    else:
        turns = [others[k % len(others)] for k in range(n)]
    seconds = f.seconds if isfinite(f.seconds) else 10.0
    found = {
        code: simulate(code, turns.count(code), seed, fs=f.fs, seconds=max(10.0, seconds))
        for code in dict.fromkeys(turns)
    }
    drawn = {code: iter(some) for code, some in found.items()}
    return [next(drawn[code]).record for code in turns]


def _causes(f: Predictor, chosen: Sequence[Simulated]) -> Mask:
    """Where each heart was altered, as the model sees it, ``(n, leads, samples)``."""
    ill = [one.record for one in chosen]
    well = [one.record.with_signal(one.record.signal - one.truth.cause) for one in chosen]
    both = [as_seen(f, records)[1] for records in (ill, well)]
    with_it, without = (np.stack([one.signal for one in some]) for some in both)
    return np.abs(with_it - without) > ALTERED_MV
