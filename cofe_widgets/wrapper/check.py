"""Whether units, rate, leads and normalisation look like what a model was trained on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..ecg import Record
from ..errors import WrapError
from .model_input import zscore
from .records import listed

if TYPE_CHECKING:
    import pandas as pd
    from torch import Tensor

#: Answers that change by less than this on average do not change.
LEAST = 0.005
#: A model that tells records apart by less than this gives them all one answer, and by more does not.
ONE_ANSWER, TOLD_APART = 0.02, 0.1
#: Known answers have to be met more often by this share, and on so many records, to say something.
BETTER, ENOUGH = 0.1, 10


class Asked(Protocol):
    """What is asked here: a `Predictor`."""

    name: str
    output: Any
    outputs: tuple[str, ...]
    leads: tuple[str, ...]

    def index(self, target: str) -> int:
        """Place of an output."""

    def batches(self, records: Sequence[Record]) -> Sequence[Any]:
        """Records as tensors."""

    def raw(self, x: Tensor, side: Tensor | None = None) -> Tensor:
        """Raw outputs."""

    def answers(self, raw: Tensor) -> Tensor:
        """Answers of raw outputs."""


@dataclass(frozen=True)
class CheckRow:
    """What one way to change the records does to the answers.

    Attributes
    ----------
    done : str
        What was done to the records.
    change : float
        Mean change of the answers (probabilities or values).
    same : float
        Share of the records whose largest answer stays; NaN for values.
    spread : float
        How much answers differ between records (largest standard deviation of an output).
    right : float
        Share of the known answers that are met (of values, their mean error); NaN where none are given.
    says : str
        What that means.
    """

    done: str
    change: float
    same: float
    spread: float
    right: float
    says: str


@dataclass(frozen=True)
class ModelCheck:
    """What a model answers to records as they are, and changed as a wrong description would.

    Attributes
    ----------
    model : str
    records : int
    rows : tuple of CheckRow
        The first of the records as they are.
    says : str
        What speaks against the description of the model, or that nothing can be told.
    """

    model: str
    records: int
    rows: tuple[CheckRow, ...]
    says: str

    def to_frame(self) -> pd.DataFrame:
        """The rows as a table."""
        import pandas as pd

        return pd.DataFrame([asdict(row) for row in self.rows]).set_index("done")

    def __repr__(self) -> str:
        lines = [f"{self.model} on {self.records} records: {self.says}"]
        lines += [f"  {'':<22}{'change':>9}{'same':>6}{'spread':>9}{'right':>6}"]
        for row in self.rows:
            numbers = f"{row.change:>9.2g}{row.same:>6.2g}{row.spread:>9.2g}{row.right:>6.2g}"
            lines.append(f"  {row.done:<22}{numbers}  {row.says}")
        return "\n".join(lines).replace("nan", "  -")


def _stretched(x: Tensor, factor: float) -> Tensor:
    """The ECG as it looks at another rate: ``factor`` times as long, cut off or repeated."""
    import torch

    n = x.shape[-1]
    length = max(2, round(n * factor))
    out = torch.nn.functional.interpolate(x, size=length, mode="linear", align_corners=True)
    return out.repeat(1, 1, -(-n // length))[..., :n]


#: What is done to ``(n, leads, samples)`` in mV, and what to do where it suits the model better.
_CHANGES: dict[str, tuple[Callable[[Tensor], Tensor], str]] = {
    "x 1000": (lambda x: 1000 * x, "does it expect uV? wrap(..., units='uV')"),
    "/ 1000": (lambda x: x / 1000, "does it expect V? wrap(..., units='V')"),
    "normalised": (zscore, "was it trained on normalised ECGs? wrap(..., normalise='zscore')"),
    "baseline + 0.5 mV": (lambda x: x + 0.5, "does it expect another baseline? see preprocess="),
    "leads reversed": (lambda x: x.flip(1), "does it expect another order of leads? see leads="),
    "upside down": (lambda x: -x, "is its polarity another? preprocess=lambda x: -x"),
    "as at half the rate": (lambda x: _stretched(x, 0.5), "does it expect half the rate? see fs="),
    "as at twice the rate": (
        lambda x: _stretched(x, 2.0),
        "does it expect twice the rate? see fs=",
    ),
}


def check(f: Asked, records: Sequence[Record], truth: Sequence[Any] | None = None) -> ModelCheck:
    """What a model answers to records as they are, and changed as a wrong description would.

    A model that gives all records one answer, and tells them apart once they are multiplied by a
    thousand, expects microvolts. Without known answers little else can be said, and that is said.

    Parameters
    ----------
    f : Predictor
    records : sequence of Record
        Several that differ; some tens are better.
    truth : sequence, optional
        Their known answers: names of outputs (a sigmoid's: lists of names), or values.

    Returns
    -------
    ModelCheck

    Raises
    ------
    WrapError
        For fewer than two records, or known answers that are none of the model's.
    """
    many = listed(records)
    if len(many) < 2:
        raise WrapError(f"{len(many)} record: two or more are needed to see whether answers differ")
    known = None if truth is None else _known(f, truth, len(many))
    batches = f.batches(many)
    plain = _answers(f, batches, lambda x: x)
    rows = [_row("as given", plain, plain, f, known, "")]
    hints = []
    for name, (change, hint) in _CHANGES.items():
        if name == "leads reversed" and len(f.leads) == 1:
            continue
        row = _row(name, plain, _answers(f, batches, change), f, known, "")
        says, suspected = _judged(row, rows[0], f, known, hint)
        rows.append(CheckRow(**{**asdict(row), "says": says}))
        hints += [f"{name} suits it better: {hint}"] if suspected else []
    told = "; ".join(hints)
    if not told:
        told = (
            "nothing speaks against units, rate, leads and normalisation"
            if known is not None and len(many) >= ENOUGH
            else "nothing stands out; whether they are right cannot be told. Without known answers "
            "(truth=) of ten records or more nothing can be said for sure"
        )
    return ModelCheck(f.name, len(many), tuple(rows), told)


def _answers(
    f: Asked, batches: Sequence[Any], change: Callable[[Tensor], Tensor]
) -> NDArray[np.float64]:
    """The answers to changed records, ``(n, outputs)``."""
    import torch

    out = np.empty((sum(len(places) for places, _, _ in batches), len(f.outputs)))
    for places, x, side in batches:
        with torch.no_grad():
            out[places] = f.answers(f.raw(change(x), side)).cpu().double().numpy()
    return out


def _known(f: Asked, truth: Sequence[Any], n: int) -> NDArray[np.float64]:
    """Known answers as numbers ``(n, outputs)``."""
    if len(truth) != n:
        raise WrapError(f"{len(truth)} known answers for {n} records")
    if f.output == "linear":
        try:
            return np.asarray(truth, float).reshape(n, len(f.outputs))
        except (TypeError, ValueError) as error:
            raise WrapError(f"truth: expected {len(f.outputs)} values a record") from error
    out = np.zeros((n, len(f.outputs)))
    for row, names in enumerate(truth):
        for name in [names] if isinstance(names, str) else names:
            out[row, f.index(name)] = 1.0
    return out


def _row(
    done: str,
    plain: NDArray[np.float64],
    answers: NDArray[np.float64],
    f: Asked,
    known: NDArray[np.float64] | None,
    says: str,
) -> CheckRow:
    sound = np.isfinite(answers).all(axis=1)
    if not sound.any():
        nan = float("nan")
        return CheckRow(done, nan, nan, nan, nan, "no finite answer")
    same = right = float("nan")
    values = f.output == "linear" or len(f.outputs) == 1
    if not values:
        same = float((plain.argmax(1) == answers.argmax(1))[sound].mean())
    if known is not None and f.output == "linear":
        right = float(np.abs(answers - known)[sound].mean())
    elif known is not None and f.output == "softmax":
        right = float((answers.argmax(1) == known.argmax(1)).mean())
    elif known is not None:
        right = float(((answers > 0.5) == (known > 0.5)).mean())
    change = float(np.abs(answers - plain)[sound].mean())
    return CheckRow(done, change, same, float(answers[sound].std(axis=0).max()), right, says)


def _judged(
    row: CheckRow, plain: CheckRow, f: Asked, known: NDArray[np.float64] | None, hint: str
) -> tuple[str, bool]:
    """What a row means, and whether it speaks against the description of the model."""
    if row.says:
        return row.says, False
    scale = max(plain.spread, 1e-9) if f.output == "linear" else 1.0
    if row.change <= LEAST * scale:
        return "makes no difference", False
    if known is not None and len(known) >= ENOUGH:
        better = row.right - plain.right
        if f.output == "linear":
            better = (plain.right - row.right) / max(plain.right, 1e-9)
        if better > BETTER:
            return f"meets the known answers better: {hint}", True
        return "meets the known answers " + ("worse" if better < -BETTER else "as well"), False
    if f.output != "linear" and plain.spread < ONE_ANSWER and row.spread > TOLD_APART:
        return f"tells records apart, which it did not as given: {hint}", True
    return "matters; which is right cannot be told", False
