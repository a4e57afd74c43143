"""The causal check of a CAV: an ECG is moved along the concept by a named edit, and the model is asked.

A CAV says that an answer grows along a direction inside the model. Whether the thing in the ECG that the
direction is called after moves the answer is another question, and the ECG itself can be changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from ...ecg import LEADS, Record
from ...errors import EcgError, ExplainError
from ...markup import plain
from ...models.architectures.generator import FS
from ...signals.measurements.measure import measured
from ...vocabulary.territories import CHANGES
from .concept import Concept

if TYPE_CHECKING:
    from ...wrapper import Predictor

#: Records in one class that are needed for an interval.
LEAST = 3
_BOOTSTRAPS = 2000


@dataclass(frozen=True)
class Moved:
    """What an edit of one record did.

    Attributes
    ----------
    change : (outputs,)
        Of the log-odds (or values), towards the concept.
    met : bool
        Whether the rule changed its answer as it should.
    """

    change: NDArray[np.float64]
    met: bool


def edit_words(concept: Concept) -> str:
    """The edit of a concept as people read it."""
    if concept.condition:
        return "the same hearts without it and with it"
    return ", ".join(_told(name, number) for name, number in concept.edits)


def _told(name: str, number: float) -> str:
    one = CHANGES[name]
    amount = one.amount(number)
    if one.unit == "x":
        return f"{one.in_sentence} x {amount:.2g}"
    return f"{one.in_sentence} {amount:+.3g} {one.unit}".rstrip()


class Mover:
    """One record, encoded once, moved along concepts.

    Parameters
    ----------
    record : Record

    Raises
    ------
    ExplainError, EcgError
        When the record cannot be encoded (10 s of 12 leads with beats are needed).
    """

    def __init__(self, record: Record, seed: int) -> None:
        from ...generative.inversion import invert
        from ...generative.named_edit import NamedEdit

        inversion = invert([record])
        self.record = inversion.records[0]
        self.edit = NamedEdit(inversion, seed)

    def signals(self, concepts: Sequence[Concept], signs: Sequence[int]) -> NDArray[np.float32]:
        """The record moved along each concept (sign 1) or away from it (-1), ``(n, 12, samples)`` in mV."""
        numbers = torch.zeros(len(concepts), len(self.edit.names))
        for row, (one, sign) in enumerate(zip(concepts, signs, strict=True)):
            for name, number in one.edits:
                numbers[row, self.edit.names.index(name)] = sign * number
        with torch.no_grad():
            return self.edit.signals(numbers).numpy()


def moved(
    record: Record,
    concepts: Sequence[Concept],
    has: Sequence[float],
    models: Sequence[Predictor],
    seed: int,
) -> list[Moved]:
    """A record moved to the other side of each concept, and what the models make of it.

    Parameters
    ----------
    record : Record
    concepts : sequence of Concept
        With edits.
    has : sequence of float
        Whether the record has each (1): then it is moved away, and the sign of the change turned.
    models : sequence of Predictor

    Raises
    ------
    ExplainError, EcgError
        When the record cannot be encoded or edited.
    """
    mover = Mover(record, seed)
    signs = [-1 if one == 1 else 1 for one in has]
    edited = [Record(signal, FS, LEADS, record.meta) for signal in mover.signals(concepts, signs)]
    before = Record(mover.record.signal, FS, LEADS, record.meta)
    answers = np.mean([_log_odds(f, [before, *edited]) for f in models], axis=0)
    change = answers[1:] - answers[0]
    out = []
    for one, sign, change_of, after in zip(concepts, signs, change, edited, strict=True):
        out.append(Moved(sign * change_of, _holds(one, after) == (sign > 0)))
    return out


def _holds(concept: Concept, record: Record) -> bool | None:
    if concept.rule is not None:
        said = concept.rule(measured(record))
        return getattr(said, "met", said)
    return None if concept.function is None else concept.function(record)


def _log_odds(f: Predictor, records: Sequence[Record]) -> NDArray[np.float64]:
    """Log-odds (or values) of every output, ``(records, outputs)``."""
    out = np.empty((len(records), len(f.outputs)))
    for places, x, side in f.batches(records):
        with torch.no_grad():
            raw = f.raw(x, side)
            each = [f.score(raw, name) for name in f.outputs]
            out[places] = torch.stack(each, 1).double().cpu().numpy()
    return out


def twins(
    ill: Sequence[Record], well: Sequence[Record], models: Sequence[Predictor]
) -> NDArray[np.float64]:
    """What a simulated condition does to the answers, ``(hearts, outputs)``, mean over models."""
    each = [_log_odds(f, ill) - _log_odds(f, well) for f in models]
    return np.asarray(np.mean(each, axis=0))


def interval(changes: NDArray[np.float64], seed: int) -> tuple[float, float, float]:
    """Mean of some changes and its 95 % interval by bootstrap over records; NaN for fewer than three."""
    known = changes[np.isfinite(changes)]
    if len(known) < LEAST:
        return (float(known.mean()) if len(known) else np.nan), np.nan, np.nan
    dice = np.random.default_rng(seed)
    means = dice.choice(known, (_BOOTSTRAPS, len(known))).mean(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return float(known.mean()), float(low), float(high)


def verdict(tcav: float, stars: int, low: float, high: float) -> str:
    """Whether a starred TCAV score and the change that an edit makes have one sign.

    "undecided" where no layer has a star, as many are for as against, or the interval holds zero.
    """
    if not stars or not np.isfinite(tcav) or not np.isfinite(low) or low <= 0 <= high:
        return "undecided"
    return "yes" if (tcav > 0.5) == (low > 0) else "no"


def moves(
    records: Sequence[Record],
    chosen: Sequence[int],
    concepts: Sequence[Concept],
    members: NDArray[np.float64],
    models: Sequence[Predictor],
    seed: int,
    failed: list[tuple[int, str, str]],
) -> Iterator[tuple[int, list[Moved] | None]]:
    """Each chosen record moved along every concept with an edit; None for one that cannot be encoded."""
    for place in chosen:
        has: list[Any] = [members[k, place] for k in range(len(concepts))]
        try:
            yield place, moved(records[place], concepts, has, models, seed)
        except (ExplainError, EcgError, RuntimeError) as error:
            failed.append((place, "", plain(f"not moved by an edit: {error}", 300)))
            yield place, None
