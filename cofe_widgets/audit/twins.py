"""Counterfactuals against the truth: the same simulated heart without and with a condition.

A healthy heart's counterfactual towards a condition is a claim: so this heart would look if it had
it. The simulator can draw that very heart, its true twin, and the claim can be marked.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from math import nan
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import AuditError, EcgError, ExplainError
from ..explain.agreement import ALTERED_MV as ALTERED_MV
from ..explain.counterfactual.find import Counterfactual, counterfactual
from ..explain.counterfactual.objective import Objective
from ..generative.inversion import prepare
from ..markup import escaped, html_table, line
from ..models.architectures.generator import FS
from ..provenance import provenance
from ..signals import r_peaks
from ..signals.beats import cut
from ..simulate import Simulated, simulate
from ..steps import Step, Work, streamed
from ..values import Value, checks, remakes
from ..vocabulary.measurements import UNITS
from ..wrapper import Predictor, known_predictor
from .numbers import MEASUREMENTS, chosen, given, numbers

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.floating[Any]]
#: Beats are compared from so long before R to so long after it, ms, where rhythms differ.
BEAT_MS = np.arange(-300.0, 450.0 + 1, 4.0)
#: R-peaks this near have not moved, s.
SAME_R_S = 0.02
#: Probabilities asked for lie between these: less is no diagnosis, more is beyond any calibration.
LEVELS = (0.9, 0.99)
#: Of the measurement's own errors on these hearts, this quantile is what a change must exceed.
ERROR_QUANTILE = 0.9
#: Columns of `TwinScore.pairs` and `TwinScore.changes`, and what they hold.
PAIRS: dict[str, str | tuple[str, ...]] = {
    "heart": "whole",
    **dict.fromkeys(("recognised", "reached"), "bool"),
    **dict.fromkeys(("healthy", "twin", "counterfactual"), "number"),
    **dict.fromkeys(("r", "iou", "energy", "chance"), "number"),
    "failure": "text",
}
CHANGES: dict[str, str | tuple[str, ...]] = {
    "heart": "whole",
    "measurement": tuple(MEASUREMENTS),
    **dict.fromkeys(("error", "true", "found"), "number"),
    "right": "bool",
}


@dataclass(frozen=True, eq=False)
class TwinScore(Value):
    """How near counterfactuals come to true twins.

    Attributes
    ----------
    condition, target : str
    pairs : DataFrame
        One row a heart: the model's answer for the healthy heart, for its true twin and for the
        counterfactual; recognised, whether its answers for heart and twin lie on either side of
        one half (of a model of values: whether they differ); reached; r, the correlation of the
        counterfactual's change with the true change; iou, overlap of the altered samples with
        those that the condition truly alters; energy, share of the energy of the counterfactual's
        change that lies on those; chance, the share of all samples that they are; failure (empty
        where there is a counterfactual).
    changes : DataFrame
        One row a heart and measurement that truly changes by more than ``error``: true change,
        found change, right (whether the signs agree; an unmeasurable change is not right).
    provenance : dict
    """

    condition: str
    target: str
    pairs: pd.DataFrame
    changes: pd.DataFrame
    provenance: dict[str, Any] = field(default_factory=dict)

    _error = AuditError

    @property
    def r(self) -> float:
        """Median correlation of the counterfactual's change with the true change."""
        return float(self.pairs.r.median())

    @property
    def signs_right(self) -> float:
        """Share of the true measurement changes whose sign the counterfactual has; NaN of none."""
        return float(self.changes.right.mean()) if len(self.changes) else nan

    @cached_property
    def table(self) -> pd.DataFrame:
        """A row a measurement: n, median true and found change, their median ratio, signs right."""
        import pandas as pd

        rows = {}
        for name in MEASUREMENTS:
            part = self.changes[self.changes.measurement == name]
            if len(part):
                size = (part.found / part.true).median()
                medians = part.true.median(), part.found.median()
                rows[name] = (len(part), part.error.median(), *medians, size, part.right.mean())
        columns = ["n", "error", "true", "found", "found/true", "signs right"]
        table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
        table["unit"] = [MEASUREMENTS[name].unit for name in table.index]
        return table

    def __repr__(self) -> str:
        found = self.pairs[self.pairs.failure == ""]
        overlap = found[["iou", "energy", "chance"]].median()
        return (
            f"TwinScore({line(self.condition)}: {len(found)} of {len(self.pairs)} hearts, "
            f"{int(found.recognised.sum())} recognised by the model; median r {self.r:.2f}, signs "
            f"right {self.signs_right:.0%} of {len(self.changes)}, overlap with the cause: IoU "
            f"{overlap.iou:.2f}, energy {overlap.energy:.0%} where chance "
            f"is {overlap.chance:.0%})"
        )

    def _repr_html_(self) -> str:
        return f"<p>{escaped(repr(self))}</p>" + html_table(self.table)

    def _check(self) -> None:
        """Refuse tables of other columns."""
        super()._check()
        checks.frame(self.pairs, "pairs", PAIRS)
        checks.frame(self.changes, "changes", CHANGES)
        if not len(self.pairs):
            raise ValueError("it has no hearts")


@streamed
def twin_score(
    condition: str,
    f: Predictor,
    target: str,
    n: int = 24,
    seed: int = 0,
    *,
    level: float | None = None,
    without: str = "NSR",
    search: dict[str, Any] | None = None,
    **options: Any,
) -> Work[TwinScore]:
    """Mark counterfactuals of healthy simulated hearts against their true twins.

    Parameters
    ----------
    condition : str
        As `simulate` takes it; the heart without it is the same heart under ``without``.
    f : Predictor
    target : str
        The output that stands for the condition.
    n, seed : int
        Hearts.
    level : float, optional
        The answer to reach. Unless given, what the model says of the true twin; of a probability,
        at least 0.9 and at most 0.99.
    search : dict, optional
        Other arguments of `counterfactual`.
    **options
        Of `simulate`: ``severity``, ``potassium``, ``noise`` ...

    Notes
    -----
    The true change of a measurement counts where it exceeds the 90 % quantile of the error that the
    same measurement makes on these hearts, healthy and ill, and what a reader can see at all.
    Changes of the signal are compared sample by sample; where the condition or the counterfactual
    moves the beats, beat by beat: the median beat of each lead about R, before and after.

    Raises
    ------
    AuditError
        When n is not positive.
    ValueError
        Unknown condition or target, or a level out of range, as `simulate` and `counterfactual` say.

    ``twin_score.steps(...)`` does the same as a generator: a `Step` a heart, its row of ``pairs``.
    """
    import pandas as pd

    if n < 1:
        raise AuditError(f"n={n}: expected at least one heart")
    Objective(f, target, 0.9 if level is None else level)
    ill = simulate(condition, n, seed, **options)
    healthy = [one.twin(without) for one in ill]
    errors = _errors([*ill, *healthy])
    pairs: list[dict[str, Any]] = []
    changes: list[dict[str, Any]] = []
    for i, (sick, well) in enumerate(zip(ill, healthy, strict=True)):
        pair, moved = _pair(
            sick, well, f, target, level, {"severities": 2, **(search or {})}, errors
        )
        pairs.append({"heart": i, **pair})
        changes += [{"heart": i, **one} for one in moved]
        yield Step((i + 1) / n, f"{i + 1} of {n} hearts", pairs[-1])
    call = {"n": n, "seed": seed, "level": level, "without": without, "search": search or {}}
    known = provenance(f, **call, options=options, call={**call, **options})
    columns = ["heart", "measurement", "error", "true", "found", "right"]
    table = pd.DataFrame(changes, columns=columns)
    score = TwinScore(condition, target, pd.DataFrame(pairs), table, known)
    yield Step(1.0, repr(score), None, score)


@remakes(TwinScore)
def _again(value: TwinScore, f: Predictor | None = None, **changes: Any) -> TwinScore:
    """The call that made it."""
    model, call = known_predictor(value.provenance, f), value.call
    asked = {"condition": value.condition, "target": value.target, **call, **changes}
    return twin_score(f=model, **asked)


def _errors(hearts: list[Simulated]) -> dict[str, float]:
    """What a true change must exceed: the error of each measurement on these hearts."""
    true = [chosen(one.truth.measurements) for one in hearts]
    found = [numbers(one.record) for one in hearts]
    out = {}
    for name, about in MEASUREMENTS.items():
        error = np.array([about.change(a[name], b[name]) for a, b in zip(true, found, strict=True)])
        size = np.abs(error[np.isfinite(error)])
        worst = float(np.quantile(size, ERROR_QUANTILE)) if len(size) else 0.0
        out[name] = max(worst, UNITS[about.unit].legible)
    return out


def _pair(
    ill: Simulated,
    healthy: Simulated,
    f: Predictor,
    target: str,
    level: float | None,
    search: dict[str, Any],
    errors: dict[str, float],
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """One heart: how the counterfactual of its healthy form compares with its ill form."""
    answers: dict[str, Any] = {
        "healthy": f.predict(healthy.record)[target],
        "twin": f.predict(ill.record)[target],
    }
    told = answers["healthy"] != answers["twin"]
    asked = answers["twin"]
    if f.output != "linear":
        told = (answers["healthy"] < 0.5) != (answers["twin"] < 0.5)
        asked = float(np.clip(asked, *LEVELS))
    asked = asked if level is None else level
    answers["recognised"] = told
    nothing = {"counterfactual": nan, "reached": False, "r": nan, "iou": nan}
    try:
        cf = counterfactual(healthy.record, f, target, level=asked, **search)
    except (ExplainError, EcgError) as error:
        failed = {**nothing, "energy": nan, "chance": nan, "failure": str(error)}
        return {**answers, **failed}, []
    pair = {
        **answers,
        "counterfactual": float(cf.predictions[-1]),
        "reached": bool(cf.reached),
        **_overlap(cf, ill),
        "failure": "",
    }
    return pair, sign_of_changes(
        chosen(healthy.truth.measurements),
        chosen(ill.truth.measurements),
        given(cf.original),
        given(cf.record(1.0)),
        errors,
    )


def sign_of_changes(
    healthy: dict[str, float],
    ill: dict[str, float],
    original: dict[str, float],
    found: dict[str, float],
    errors: dict[str, float],
) -> list[dict[str, Any]]:
    """Every measurement that truly changes by more than its error, and what the edit made of it.

    One that the measurement's own checks do not give (`numbers.given`) is neither right nor wrong.
    """
    rows = []
    for name, about in MEASUREMENTS.items():
        true = about.change(healthy[name], ill[name])
        if not abs(true) > errors[name]:  # nor NaN: a wave that only one of them has
            continue
        if name not in original or name not in found:
            continue
        change = about.change(original[name], found[name])
        right = bool(np.isfinite(change) and np.sign(change) == np.sign(true))
        row = {"measurement": name, "error": errors[name], "true": true, "found": change}
        rows.append({**row, "right": right})
    return rows


def _overlap(cf: Counterfactual, ill: Simulated) -> dict[str, float]:
    """Correlation of the change with the true one, and overlap with what the condition altered."""
    was, now, twin = cf.original, cf.record(1.0), prepare(ill.record)
    untouched = prepare(ill.record.with_signal(ill.record.signal - ill.truth.cause))
    seen = [one.signal for one in (was, now, twin, untouched)]
    beats = [r_peaks(one) for one in (was, now, twin)]
    if ill.truth.rhythm_altered or not same_beats(*beats[:2]):
        # Beats come at other times, truly or in the edit: what can be compared is the beat.
        seen = [
            median_of_beats(signal, FS, r_s)
            for signal, r_s in zip(seen, (*beats, beats[2]), strict=True)
        ]
    change, true, cause = seen[1] - seen[0], seen[2] - seen[0], seen[2] - seen[3]
    return {"r": correlation(change, true), **overlap(change, cause)}


def same_beats(some_s: Array, others_s: Array) -> bool:
    """Whether two records beat at the same times, to `SAME_R_S`."""
    return len(some_s) == len(others_s) and bool((np.abs(some_s - others_s) < SAME_R_S).all())


def median_of_beats(signal: Array, fs: float, r_s: Array) -> Array:
    """Median over the beats at ``r_s``, ``(leads, times)``, mV from each lead's level before QRS.

    NaN where no beat has all of `BEAT_MS` inside the record.
    """
    seconds = signal.shape[1] / fs
    inside = (r_s + BEAT_MS[0] / 1000 > 0) & (r_s + BEAT_MS[-1] / 1000 < seconds)
    if not inside.any():
        return np.full((len(signal), len(BEAT_MS)), nan)
    beats = cut(signal.astype(float), fs, r_s[inside], BEAT_MS)
    level = (BEAT_MS > -70) & (BEAT_MS < -50)
    beats -= beats[..., level].mean(axis=2, keepdims=True)
    return np.asarray(np.median(beats, axis=0))


def correlation(a: Array, b: Array) -> float:
    """Pearson r over all leads and samples of two changes; NaN where either is none."""
    x, y = a.ravel().astype(float), b.ravel().astype(float)
    x, y = x - x.mean(), y - y.mean()
    norm = float(np.linalg.norm(x) * np.linalg.norm(y))
    return float(x @ y / norm) if norm > 0 else nan


def overlap(change: Array, cause: Array) -> dict[str, float]:
    """Overlap of the altered samples: iou, energy share on the cause, share expected by chance."""
    a, b = np.abs(change) > ALTERED_MV, np.abs(cause) > ALTERED_MV
    either, energy = int((a | b).sum()), np.square(change.astype(float))
    return {
        "iou": float((a & b).sum() / either) if either else nan,
        "energy": float(energy[b].sum() / energy.sum()) if energy.any() else nan,
        "chance": float(b.mean()),
    }
