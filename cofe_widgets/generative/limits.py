"""Of an edit: which parts of an ECG may change, how far, and what must be present."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ..deprecated import warn_of_former
from ..errors import ExplainError
from ..models.architectures.encoder import NAMED as AMPLITUDES
from ..vocabulary.edits import EDITS, FORMER_NAMES

NAMES = tuple(EDITS)
#: Layers of the generator: those at 62.5, at 125 and at 250 Hz. The first draw T, ST and most of what
#: is slow, the others the QRS (`python -m benchmarks layers`); when beats come lies in none of them.
LAYER_GROUPS = {"coarse": slice(0, 3), "middle": slice(3, 5), "fine": slice(5, 7)}
#: What `keep` may name besides single numbers and groups of layers.
GROUPS = {
    "rhythm": ("irregularity", "f_wave_amplitude", "heart_rate"),
    "intervals": ("pr", "qrs", "jt"),
    "morphology": ("p_wave_taken_away", *AMPLITUDES, *LAYER_GROUPS),
}
#: What the parts that an argument names are said to be.
_DONE = {"keep": "kept", "vary": "varied"}


def kept(keep: Iterable[str]) -> frozenset[str]:
    """The numbers and layer groups that do not change where ``keep`` must not.

    A frozenset of them is taken as it is.

    Raises
    ------
    ExplainError
        For an unknown name, listing those there are.
    """
    if isinstance(keep, frozenset):
        return keep
    names: set[str] = set()
    for given in (keep,) if isinstance(keep, str) else keep:
        name = FORMER_NAMES.get(given, given)
        if name != given:
            warn_of_former(f"keep={given!r}", f"keep={name!r}", 2)
        names.update(parts_named((name,), "keep"))
    if names.intersection(LAYER_GROUPS):
        names.update(AMPLITUDES)  # which all layers draw
    if names.issuperset({*NAMES, *LAYER_GROUPS}):
        raise ExplainError("keep names every part of the ECG: nothing is left to change")
    return frozenset(names)


def parts_named(given: Iterable[str], by: str) -> frozenset[str]:
    """The numbers and layer groups that an argument called ``by`` names.

    Raises
    ------
    ExplainError
        For an unknown name, listing those there are.
    """
    names: set[str] = set()
    for name in given:
        if name not in (*GROUPS, *NAMES, *LAYER_GROUPS):
            known = ", ".join((*GROUPS, *LAYER_GROUPS, *NAMES))
            raise ExplainError(
                f"{by}={name!r} is no part of an ECG that can be {_DONE[by]}: {known}"
            )
        names.update(GROUPS.get(name, (name,)))
    return frozenset(names)


class Limits(NamedTuple):
    """What the edits of a batch of records may and must do.

    Attributes
    ----------
    low, high : (batch, NAMES)
        How far each edit parameter may go.
    begin : (batch, NAMES)
        Where each begins: what must be present; zero for all others.
    closeness : float
        0 where what comes together in nature costs less together, 1 where each change is paid for
        alone, or between.
    """

    low: Tensor
    high: Tensor
    begin: Tensor
    closeness: float = 0.0

    @classmethod
    def usual(cls, closeness: float = 0.0) -> Limits:
        """Those of every record, ``(1, NAMES)``: nothing must be present."""
        low, high = torch.tensor([(one.low, one.high) for one in EDITS.values()]).t()[:, None]
        return cls(low, high, torch.zeros_like(low), closeness)

    @classmethod
    def join(cls, parts: Sequence[Limits]) -> Limits:
        """One batch of several of one closeness."""
        low, high = (torch.cat([getattr(one, k) for one in parts]) for k in ("low", "high"))
        return cls(low, high, torch.cat([one.begin for one in parts]), parts[0].closeness)

    def take(self, rows: Tensor) -> Limits:
        """Limits of the given records of the batch."""
        if len(self.low) == 1:
            return self
        return Limits(self.low[rows], self.high[rows], self.begin[rows], self.closeness)
