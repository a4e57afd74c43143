"""Simulated records with the truth about each, and their twins."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ..ecg import LEADS, Record, expand_matrix
from .batch import Batch
from .conditions import parse
from .draw import draw
from .noise import Noise, levels
from .truth import Truth


@dataclass(frozen=True, eq=False)
class Simulated:
    """A simulated record, the truth about it, and the arguments of `simulate` that it came from."""

    record: Record
    truth: Truth
    condition: str
    index: int
    n: int
    seed: int
    options: dict[str, object]

    def twin(self, condition: str = "NSR", **changes: object) -> Simulated:
        """The same heart and electrodes under another condition.

        Parameters
        ----------
        condition : str
            As `simulate` takes it; the potassium is the condition's, unless given.
        **changes
            Other options of `simulate`: ``severity``, ``potassium``, ``noise`` ...
        """
        options = {**self.options, "potassium": None, **changes}
        return _simulated(condition, self.n, self.seed, self.index, **options)


def simulate(
    condition: str | Iterable[str] = "NSR",
    n: int = 1,
    seed: int = 0,
    *,
    severity: float | None = None,
    fs: float = 500.0,
    seconds: float = 10.0,
    noise: Noise = 1.0,
    age: float | None = None,
    sex: str | None = None,
    potassium: float | None = None,
) -> list[Simulated]:
    """Simulate ``n`` 12-lead ECGs of a condition, with the truth about each.

    A dipole moves through sums of Gaussian kernels (McSharry et al., IEEE Trans Biomed Eng
    2003;50:289) and is seen by eight leads through Dower's matrix; the other four follow by
    Einthoven and Goldberger, exactly.

    Parameters
    ----------
    condition : str or iterable of str
        Label codes of `simulate.CONDITIONS`: ``"AF"``, ``"AF+RBBB"`` or ``["AF", "RBBB"]``.
    n, seed : int
        How many, and which; the same seed gives the same hearts under every condition.
    severity : float, optional
        0 (none) to 1 (full) for conditions that have degrees; drawn from 0.6 to 1 unless given.
    fs, seconds : float
        Sampling rate in Hz and length in s.
    noise : float or mapping
        Level of what an everyday recording carries (0 is a clean ECG), or a level for each of
        ``wander``, ``mains``, ``emg``, ``motion``, with ``reversal`` ("RA-LA", "V1-V2" ...) and
        ``clipping_mv``.
    age, sex : float, "F" or "M", optional
        Drawn unless given.
    potassium : float, optional
        mmol/L; drawn from the normal range, or as HYPERK and HYPOK say.

    Raises
    ------
    ValueError
        For an unknown condition, naming those there are, conditions that exclude each other, or a
        value out of range.
    """
    if not isinstance(condition, str):
        condition = "+".join(condition)
    if n < 1:
        raise ValueError(f"n={n}: expected at least one record")
    if not (np.isfinite(seconds) and 0.5 <= seconds <= 3600 and 20 <= fs <= 20_000):
        raise ValueError(
            f"seconds={seconds}, fs={fs}: expected 0.5 to 3600 s at 20 to 20000 samples a second"
        )
    levels(noise)
    options = {
        "severity": severity,
        "fs": fs,
        "seconds": seconds,
        "noise": noise if isinstance(noise, int | float) else tuple(sorted(noise.items())),
        "age": age,
        "sex": sex,
        "potassium": potassium,
    }
    return [_simulated(condition, n, seed, i, **options) for i in range(n)]


@lru_cache(maxsize=4)
def _batch(condition: str, n: int, seed: int, options: tuple[tuple[str, object], ...]) -> Batch:
    """The batch of these arguments; the last four are kept, for the twins of their records."""
    chosen = dict(options)
    if isinstance(chosen["noise"], tuple):
        chosen["noise"] = dict(chosen["noise"])
    return draw([condition] * n, seed, **chosen)  # type: ignore[arg-type]


def _simulated(condition: str, n: int, seed: int, index: int, **options: object) -> Simulated:
    batch = _batch(condition, n, seed, tuple(options.items()))
    signal = expand_matrix() @ batch.signals[index]
    meta = {
        "source": "simulated",
        "labels": parse(condition),
        "seed": seed,
        "index": index,
        "severity": round(float(batch.severity[index]), 3),
        "age": round(float(batch.people.age[index])),
        "sex": "F" if batch.people.female[index] else "M",
        "potassium_mmol_l": round(float(batch.people.potassium[index]), 2),
    }
    record = Record(signal, batch.fs, LEADS, meta)
    return Simulated(record, Truth(batch, index), condition, index, n, seed, options)
