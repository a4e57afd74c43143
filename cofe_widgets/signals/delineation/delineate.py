"""Delineation: the segment of every sample, and the fiducial points of every beat."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray

from ...ecg import Record
from ...errors import EcgError
from ...provenance import provenance
from ...steps import Step, Work, last
from ...values import Value, remakes
from ...vocabulary.segments import SEGMENTS, TP
from ..rpeaks import r_peaks, require_length
from .postprocess import NEAR_R_S, fiducials, in_qrs, soft_r_peaks

if TYPE_CHECKING:
    import pandas as pd

#: Records of one shape that go through the network together: more gain nothing.
BATCH = 8
METHODS = ("soft", "detector")
#: R-peaks of two methods this near are the same, s.
SAME_R_S = 0.1
#: With less agreement than this the soft peaks have failed.
LEAST_AGREEMENT = 0.8


@dataclass(frozen=True, eq=False)
class Delineation(Value):
    """Where the waves of a record are.

    Attributes
    ----------
    soft : ndarray of float32, shape (leads, samples, 24)
        Probability of each of `segments.SEGMENTS`, at the rate of the record.
    fs : float
    leads : tuple of str
    fiducials : pandas.DataFrame
        beat, lead, wave (P, QRS, Q, R, S, L, T), onset_ms, peak_ms, offset_ms from the start of the
        record. Beat ``k`` is that of ``r_peaks_s[k]``; P waves that no QRS follows are beats of
        their own after those. An absent wave has no row.
    r_peaks_s : ndarray, shape (beats,)
    method : str
        Whence the R-peaks are: ``soft`` or ``detector``.
    agreement : float
        Share of the R-peaks of either method that the other found within 100 ms; NaN where neither
        found any.
    model, weight_hash : str
        What the soft segments came from.
    provenance : dict
        The call that made it, and the version of the package.
    """

    soft: NDArray[np.float32]
    fs: float
    leads: tuple[str, ...]
    fiducials: pd.DataFrame = field(repr=False)
    r_peaks_s: NDArray[np.float64]
    method: str
    agreement: float
    model: str
    weight_hash: str
    provenance: dict[str, Any] = field(default_factory=dict, repr=False)

    _error = EcgError

    def __repr__(self) -> str:
        waves = ", ".join(
            f"{count} {wave}" for wave, count in self.fiducials["wave"].value_counts().items()
        )
        return f"Delineation({len(self.r_peaks_s)} beats in {len(self.leads)} leads: {waves})"

    @classmethod
    def _from_former(cls, arrays: dict[str, NDArray[Any]]) -> Delineation:
        import pandas as pd

        held = {name.removesuffix(".npy"): array for name, array in arrays.items()}
        facts = json.loads(str(held["facts"]))
        columns = [name for name in held if name.startswith("fiducials/")]
        table = pd.DataFrame({name.split("/")[1]: held[name] for name in columns})
        facts["leads"] = tuple(facts["leads"])
        return cls(held["soft"], fiducials=table, r_peaks_s=held["r_peaks_s"], **facts)


@overload
def delineate(record: Record, *, method: str = ..., model: str = ...) -> Delineation: ...
@overload
def delineate(
    record: Iterable[Record], *, method: str = ..., model: str = ...
) -> list[Delineation]: ...


def delineate(
    record: Record | Iterable[Record], *, method: str = "soft", model: str = "delineator"
) -> Delineation | list[Delineation]:
    """Find the waves of a record of any leads, rate and length, or of many.

    Parameters
    ----------
    record : Record or iterable of Record
        At least 2 s long. Records of the same rate, length and number of leads go through the
        network together, which is faster.
    method : {"soft", "detector"}
        R-peaks from the soft segments as Wagner et al. do (2024, section 2.4), or from `r_peaks`.
        A QRS in which the soft segments show no R-peak (V1-V4 may all go down in an ectopic beat)
        takes the detector's. Where the two still disagree on more than a fifth of the beats the
        soft ones have failed, and all are the detector's.
    model : str
        A shipped model or a file of weights.

    Returns
    -------
    Delineation, or a list of them

    Raises
    ------
    EcgError
        When a record is too short to hold a beat, or the method is unknown.

    Notes
    -----
    ``delineate.steps(records)`` does the same as a generator of `Step`.
    """
    found: list[Delineation] = last(_steps(record, method, model))
    return found[0] if isinstance(record, Record) else found


def _steps(
    record: Record | Iterable[Record], method: str = "soft", model: str = "delineator"
) -> Work[Any]:
    """The work of `delineate`, a `Step` a batch; the last has the list of all."""
    import torch

    from ...models import load
    from ...models.architectures.unet import UNet

    if method not in METHODS:
        raise EcgError(f"method={method!r}: expected one of {', '.join(METHODS)}")
    records = [record] if isinstance(record, Record) else list(record)
    loaded = load(model)
    network = loaded.module
    assert isinstance(network, UNet)
    for one in records:
        require_length(one)
    made_by = provenance(call={"method": method, "model": model})
    working = [one.resample(network.fs) for one in records]
    out: dict[int, Delineation] = {}
    for rows in _alike(working):
        x = torch.from_numpy(np.stack([working[k].signal for k in rows]))
        with torch.inference_mode():
            x = network.condition(x)
            soft = network.segment(x).transpose(2, 3).softmax(dim=3).numpy()
        # A flat lead shows no wave, whatever the others say.
        soft[~(x != 0).flatten(2).any(dim=2).numpy()] = np.eye(len(SEGMENTS), dtype=np.float32)[TP]
        for k, one in zip(rows, soft, strict=True):
            peaks, source, agreement = _r_peaks(one, working[k], records[k], method)
            out[k] = Delineation(
                soft=at_rate(one, network.fs, records[k].fs, records[k].samples),
                fs=records[k].fs,
                leads=records[k].leads,
                fiducials=fiducials(one, working[k].signal, network.fs, records[k].leads, peaks),
                r_peaks_s=peaks,
                method=source,
                agreement=agreement,
                model=model,
                weight_hash=loaded.weight_hash,
                provenance=made_by,
            )
        done = len(out) / len(records)
        message = f"{len(out)} of {len(records)} delineated"
        yield Step(done, message, [out[k] for k in rows])
    yield Step(1.0, "delineated", None, [out[k] for k in range(len(records))])


delineate.steps = _steps  # type: ignore[attr-defined]


@remakes(Delineation)
def _again(value: Delineation, record: Record | None = None, **changes: Any) -> Delineation:
    """Delineate again: a delineation does not hold its record, which must be given."""
    if record is None:
        raise EcgError("a delineation does not hold its record: give it, rerun(record)")
    return delineate(record, **{**value.call, **changes})


def _alike(records: list[Record]) -> list[list[int]]:
    """Indices of records of one shape, a few at a time."""
    shapes: dict[tuple[int, ...], list[int]] = {}
    for k, one in enumerate(records):
        shapes.setdefault(one.signal.shape, []).append(k)
    return [
        rows[start : start + BATCH]
        for rows in shapes.values()
        for start in range(0, len(rows), BATCH)
    ]


def _r_peaks(
    soft: NDArray[np.float32], working: Record, record: Record, method: str
) -> tuple[NDArray[np.float64], str, float]:
    """R-peaks in s, the method they are from, and how far the two methods agree."""
    ours, theirs = soft_r_peaks(soft, working.fs, record.leads), r_peaks(record)
    alone = (np.abs(ours[:, None] - theirs) > NEAR_R_S).all(axis=0)
    ours = np.sort(np.append(ours, theirs[alone & in_qrs(soft, working.fs, theirs)]))
    agreement = _agreement(ours, theirs)
    if method == "detector" or (len(theirs) and agreement < LEAST_AGREEMENT):
        return theirs, "detector", agreement
    return ours, "soft", agreement


def _agreement(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> float:
    """Share of all R-peaks that have one of the other method near."""
    if not len(ours) + len(theirs):
        return float("nan")
    near = np.abs(ours[:, None] - theirs) <= SAME_R_S
    return float((near.any(axis=1).sum() + near.any(axis=0).sum()) / (len(ours) + len(theirs)))


def at_rate(
    soft: NDArray[np.float32], fs: float, to_fs: float, samples: int
) -> NDArray[np.float32]:
    """Probabilities ``(leads, samples, 24)`` at another rate; they still sum to one.

    Upwards by straight lines between samples; downwards by the mean over what a sample stands for,
    so that points one sample long are not lost between two samples.
    """
    last = soft.shape[1] - 1
    if to_fs == fs:
        return soft[:, :samples]
    if to_fs < fs:
        total = np.cumsum(soft, axis=1, dtype=np.float64)
        total = np.concatenate((np.zeros_like(total[:, :1]), total), axis=1)
        edges = np.clip((np.arange(samples + 1) - 0.5) * fs / to_fs + 0.5, 0, last + 1)
        at = np.minimum(edges.astype(np.intp), last)
        upto = total[:, at] + (edges - at)[:, None] * (total[:, at + 1] - total[:, at])
        width = np.maximum(np.diff(edges), 1e-9)
        return np.asarray(np.diff(upto, axis=1) / width[:, None], dtype=np.float32)
    place = np.minimum(np.arange(samples) * fs / to_fs, last)
    at = np.minimum(place.astype(np.intp), max(last - 1, 0))
    share = (place - at).astype(np.float32)[:, None]
    out = soft[:, at] * (1 - share)
    out += soft[:, np.minimum(at + 1, last)] * share
    return out
