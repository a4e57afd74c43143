"""Counterfactual ECGs: the smallest meaningful change that makes a model change its mind.

CoFE section 2.2, with what measured better: the patient's residual is kept, logits are moved and
not probabilities, the search starts in few named numbers, and the crossing is solved for exactly.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..ecg import LEADS, Record
from ..models.generator import FS
from ..wrap import Predictor
from .inversion import ExplainError, Inversion, invert, networks
from .moves import RHYTHM_NAMES, SPACES, Moves, Space
from .search import BATCH, SHARES, Question, path, solve

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Counterfactual:
    """How an ECG would have to change for a model to answer otherwise.

    Attributes
    ----------
    original : Record
        The record explained: 12 leads, 10 s at 250 Hz; frame 0 is exactly this.
    signals : (K, 12, T) float32
        The path, mV; the last frame is the counterfactual.
    predictions : (K,)
        The model's answer for ``target`` at every frame.
    severities : (K,)
        0 to 1, even in the model's log-odds (or value) between the original and the last frame.
    target, level
        What was asked: the output, and the answer it was to reach.
    reached : bool
        Whether the last frame reaches ``level``.
    space : str
        The smallest search space that sufficed.
    message : str
        The outcome in one sentence.
    provenance : dict
        Method, parameters, seed, model and network hashes, package version.
    """

    original: Record
    signals: NDArray[np.float32]
    predictions: NDArray[np.float64]
    severities: NDArray[np.float64]
    target: str
    level: float
    reached: bool
    space: str
    message: str
    provenance: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Counterfactual({self.message})"

    def record(self, level: float = 1.0) -> Record:
        """The ECG at a severity from 0 (the original) to 1 (the counterfactual).

        Between frames signals are interpolated.
        """
        if not 0 <= level <= 1:
            raise ExplainError(f"severity {level:g}: expected a number from 0 to 1")
        if level == 0:
            return self.original
        place = float(np.interp(level, self.severities, np.arange(len(self.severities))))
        low = min(int(place), len(self.signals) - 2)
        share = np.float32(place - low)
        signal = self.signals[low] + share * (self.signals[low + 1] - self.signals[low])
        return Record(signal, FS, LEADS, {"source": "counterfactual", "severity": level})

    @cached_property
    def measurements(self) -> pd.DataFrame:
        """Original and counterfactual in numbers: measurement, original, counterfactual, change, unit.

        NaN where a wave is absent; an axis changes by the shorter way round.
        """
        import pandas as pd

        from ..signals import UNITS, measure

        before, after = measure(self.original), measure(self.record(1.0))
        rows = []
        for name, unit in UNITS.items():
            change = after[name] - before[name]
            if unit == "deg":
                change = (change + 180) % 360 - 180
            rows.append((name, before[name], after[name], change, unit))
        columns = ["measurement", "original", "counterfactual", "change", "unit"]
        return pd.DataFrame(rows, columns=columns)

    def save(self, path: str | Path) -> None:
        """Write everything to one ``.npz`` file (no pickle inside)."""
        names = ("target", "level", "reached", "space", "message", "provenance")
        facts = {k: getattr(self, k) for k in names}
        arrays = {k: getattr(self, k) for k in ("signals", "predictions", "severities")}
        text = json.dumps({"facts": facts, "meta": dict(self.original.meta)}, default=str)
        with Path(path).open("wb") as out:
            np.savez_compressed(out, facts=text, original=self.original.signal, **arrays)

    @classmethod
    def load(cls, path: str | Path) -> Counterfactual:
        """Read what `save` wrote.

        Raises
        ------
        ExplainError
            When the file is none of those.
        """
        try:
            with np.load(path, allow_pickle=False) as stored:
                text = json.loads(str(stored["facts"]))
                original = Record(stored["original"], FS, LEADS, text["meta"])
                arrays = {k: stored[k] for k in ("signals", "predictions", "severities")}
                return cls(original=original, **arrays, **text["facts"])
        except (ValueError, KeyError, TypeError, AttributeError, EOFError, BadZipFile) as error:
            raise ExplainError(f"{path} is no saved counterfactual") from error


@dataclass(frozen=True)
class Step:
    """One step of a search, for those who watch.

    Attributes
    ----------
    fraction : float
        Of the work done, 0 to 1.
    message : str
        What is being done.
    prediction : float
        The model's answer for the target at the current candidate.
    signal : (12, T) float32 or None
        The current candidate, mV.
    result : Counterfactual or None
        In the last step only.
    """

    fraction: float
    message: str
    prediction: float
    signal: NDArray[np.float32] | None = None
    result: Counterfactual | None = None


def _result(
    inversion: Inversion,
    question: Question,
    start: float,
    answer: tuple[Space, Tensor, bool],
    count: int,
    seed: int,
) -> Counterfactual:
    """The path of one record, with its outcome in words."""
    space, move, reached = answer
    moves = Moves(inversion, space, seed)
    signals, predictions = path(moves, question, move, start, count)
    f, target = question.f, question.target
    first, last = predictions[0], predictions[-1]
    reached = reached and question.reached(start, last)
    name, digits = (target, ".3g") if f.output == "linear" else (f"p({target})", ".2f")
    message = f"{name} goes from {first:{digits}} to {last:{digits}}: {moves.words(move)}"
    if not reached:
        message = f"not reached ({question.level:g} was asked): {message}"
    elif space is SPACES[-1]:
        message += "; no change of rhythm and leading components alone was enough"
    from .. import __version__

    code = [float(v) for v in moves.rhythm(move[None])[0]]
    provenance = {
        "method": "latent search, residual kept",
        "seed": seed,
        "model": f.name,
        "model_hash": f.weight_hash,
        "networks_hash": networks().weight_hash,
        "version": __version__,
        "reconstruction_r": float(inversion.correlation[0]),
        "rhythm_code": dict(zip(RHYTHM_NAMES, code, strict=True)),
        "distance_sd": float(move.norm()),
    }
    return Counterfactual(
        original=inversion.records[0],
        signals=signals,
        predictions=predictions,
        severities=np.linspace(0, 1, count),
        target=target,
        level=question.level,
        reached=reached,
        space=space.name,
        message=message,
        provenance=provenance,
    )


def _check_severities(severities: int) -> None:
    if severities < 2:
        raise ExplainError(f"severities={severities}: a path has at least two frames")


def _begin(question: Question, record: Record) -> tuple[Inversion, Tensor]:
    """A record in the latent space and its score, ``(1,)``; refused when it cannot be asked."""
    inversion = invert([record])
    with torch.no_grad():
        start = question.score(torch.from_numpy(inversion.records[0].signal.copy())[None])
    question.sign(start)
    return inversion, start


def _steps(
    record: Record,
    f: Predictor,
    target: str,
    level: float = 0.9,
    severities: int = 21,
    seed: int = 0,
) -> Iterator[Step]:
    """The search of `counterfactual`, streamed: a generator of `Step` that can be closed at any time."""
    question = Question(f, target, level)
    _check_severities(severities)
    inversion, start = _begin(question, record)
    r = float(inversion.correlation[0])
    yield Step(
        0.0, f"encoded: the generator redraws it with r = {r:.2f}", float(question.answer(start))
    )
    for found in solve(inversion, question, start, seed):
        space, done, signals, score, answers = found
        message = f"searching {space.name}"
        yield Step(done, message, float(question.answer(score)[0]), signals[0].numpy())
    assert answers is not None
    yield Step(
        SHARES[-1][1], f"solving for {severities} severities", float(question.answer(score)[0])
    )
    result = _result(inversion, question, float(start), answers[0], severities, seed)
    yield Step(1.0, result.message, float(result.predictions[-1]), result.signals[-1], result)


def counterfactual(
    record: Record | Sequence[Record],
    f: Predictor,
    target: str,
    level: float = 0.9,
    severities: int = 21,
    seed: int = 0,
) -> Any:
    """How the ECG would have to change for ``f`` to answer ``target`` with ``level``.

    Parameters
    ----------
    record : Record or sequence of Record
        Ten seconds or more, from which 12 leads can be derived.
    f : Predictor
    target : str
        Output by name.
    level : float
        Probability to reach, in (0, 1); below 0.5 it may be asked to fall to that. For a model of
        values, the value.
    severities : int
        Frames of the path, the original included.
    seed : int
        Of the irregular rhythm and the fibrillatory waves that an edit may add.

    Returns
    -------
    Counterfactual or list of Counterfactual

    Raises
    ------
    ExplainError
        When the request has no answer: unknown target, level out of range, target already reached,
        record too short or without beats, model without gradient. Of a sequence, the message
        names the record, and none is explained.

    Notes
    -----
    CoFE, Jang et al. 2025, section 2.2. `counterfactual.steps` streams the same search.
    """
    if isinstance(record, Record):
        *_, last = _steps(record, f, target, level, severities, seed)
        assert last.result is not None
        return last.result
    question, many, begun, out = Question(f, target, level), list(record), [], []
    _check_severities(severities)
    for i, one in enumerate(many):  # all are looked at before work begins on any
        try:
            begun.append(_begin(question, one))
        except ExplainError as error:
            raise ExplainError(f"record {i} of {len(many)}: {error}") from error
    for first in range(0, len(many), BATCH):
        inversions, starts = zip(*begun[first : first + BATCH], strict=True)
        joined, start = Inversion.join(inversions), torch.cat(starts)
        *_, (_, _, _, _, answers) = solve(joined, question, start, seed)
        assert answers is not None
        out += [
            _result(inversion, question, float(start[i]), answer, severities, seed)
            for i, (inversion, answer) in enumerate(zip(inversions, answers, strict=True))
        ]
    return out


counterfactual.steps = _steps  # type: ignore[attr-defined]
