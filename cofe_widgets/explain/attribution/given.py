"""ECGs that are given as an option: a record or an array of one's own, checked and told by its content."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ...ecg import Record
from ...errors import EcgError, ExplainError

if TYPE_CHECKING:
    from torch import Tensor

    from ...wrapper import Predictor

#: How provenance begins to tell of an ECG that was given.
TOLD = "given, sha256 "


class Ecg:
    """Type of an option that may be an ECG: one for all, or as many as records are explained."""

    words = "a Record, an array (leads, samples) in mV, or one for each record"


class Ecgs:
    """Type of an option that may be several ECGs, which are those of every record."""

    words = "a Record, an array (leads, samples) in mV, or several of them"


def is_given(value: Any) -> bool:
    """Whether an option's value is an ECG, or several."""
    one = Record | np.ndarray
    many = isinstance(value, list | tuple) and value and all(isinstance(v, one) for v in value)
    return isinstance(value, one | GivenEcgs) or bool(many)


@dataclass(frozen=True)
class GivenEcgs:
    """ECGs as the model sees them, ``(k, leads, samples)``, of the records at some ``places``."""

    ecgs: Tensor
    told: str
    places: tuple[int, ...] = ()

    def at(self, places: Sequence[int]) -> GivenEcgs:
        """Those of some of the records."""
        return replace(self, places=tuple(places))

    def one_for_each(self, x: Tensor) -> Tensor:
        """One for each ECG of a batch, in the shape of ``x``."""
        if len(self.ecgs) == 1:
            return self.ecgs.expand(x.shape)
        return self.ecgs[list(self.places)].view(x.shape)

    def all_for_each(self, x: Tensor) -> Tensor:
        """All of them for each ECG of a batch, ``(n, k, leads, samples)``."""
        return self.ecgs.expand(len(x), *self.ecgs.shape)


def given_ecgs(
    option: str, value: Any, for_each: bool, f: Predictor, rows: Sequence[Tensor]
) -> GivenEcgs:
    """ECGs that were given as an option, as the model takes them.

    Parameters
    ----------
    option : str
        Its name, for what is refused.
    for_each : bool
        Whether of several each belongs to one record.
    rows : sequence of Tensor ``(1, leads, samples)``
        The records that are explained.

    Raises
    ------
    ExplainError
        When an array is none, has another shape, or there are not as many as records.
    EcgError
        When a record does not fit the model.
    """
    import torch

    ecgs = [value] if isinstance(value, Record) or np.ndim(value) == 2 else list(value)
    if for_each and len(ecgs) not in (1, len(rows)):
        raise ExplainError(
            f"{option}: {len(ecgs)} ECGs for {len(rows)} records: expected one, or one for each"
        )
    taken = []
    for k, one in enumerate(ecgs):
        where = option if len(ecgs) == 1 else f"{option}[{k}]"
        of = rows[k : k + 1] if for_each and len(ecgs) > 1 else rows
        taken.append(_taken(where, one, f, [row.shape[1:] for row in of]))
    if len({one.shape for one in taken}) > 1:
        raise ExplainError(f"{option}: ECGs of different lengths: explain records of one length")
    digest = hashlib.sha256(b"".join(one.cpu().numpy().tobytes() for one in taken)).hexdigest()
    return GivenEcgs(torch.stack(taken), TOLD + digest[:16], tuple(range(len(rows))))


def _taken(where: str, one: Any, f: Predictor, shapes: Sequence[Any]) -> Tensor:
    """One ECG, ``(leads, samples)`` in mV, of the shape of those that are explained."""
    import torch

    if isinstance(one, Record):
        try:
            found = f.tensor(one)[0]
        except EcgError as error:
            raise EcgError(f"{where}: {error}") from error
    else:
        array = np.asarray(one)
        if array.dtype.kind not in "iuf" or not np.isfinite(array).all():
            raise ExplainError(
                f"{where}: expected finite numbers in mV, got {array.dtype} with NaN"
            )
        found = torch.from_numpy(array.astype(np.float32)).to(f.device)
    wrong = next((tuple(shape) for shape in shapes if tuple(shape) != tuple(found.shape)), None)
    if wrong is not None:
        raise ExplainError(
            f"{where} has shape {tuple(found.shape)}: expected {wrong}, the leads {', '.join(f.leads)} "
            f"at {f.fs:g} Hz, as {f.name} sees the ECG that is explained"
        )
    return found
