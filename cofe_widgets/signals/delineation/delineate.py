"""Delineation: the segment of every sample, and the fiducial points of every beat."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray

from ...ecg import Record
from ...errors import EcgError
from ...provenance import provenance
from ...steps import Step, Work, last
from ...values import Value, archive, checks, remakes
from ...vocabulary.segments import SEGMENTS
from ..quality import screened
from ..rpeaks import r_peaks, require_length
from ..windows import LONG_S, Span, Window, spans, windows
from .join import Part, joined, part_of
from .postprocess import NEAR_R_S, fiducials, in_qrs, soft_r_peaks
from .segmentation import at_rate, soft_segments

if TYPE_CHECKING:
    import pandas as pd

    from ...models.architectures.unet import UNet

#: Records of one shape that go through the network together: more gain nothing ...
BATCH = 8
#: ... and fewer of those with more seconds of leads than so many each: they would only take memory.
TOGETHER_S = 150.0
METHODS = ("soft", "detector")
#: Columns of a fiducial table, and what they hold.
COLUMNS: dict[str, str | tuple[str, ...]] = {
    "beat": "whole",
    "lead": "text",
    "wave": ("P", "QRS", "Q", "R", "S", "L", "T"),
    **dict.fromkeys(("onset_ms", "peak_ms", "offset_ms"), "number"),
}
#: R-peaks of two methods this near are the same, s.
SAME_R_S = 0.1
#: No record is longer, s: a month.
LONGEST_S = 31 * 86_400.0
#: With less agreement than this the soft peaks have failed.
LEAST_AGREEMENT = 0.8


@dataclass(frozen=True, eq=False)
class Delineation(Value):
    """Where the waves of a record are.

    Attributes
    ----------
    soft : ndarray of float32, shape (leads, samples, 24), or None
        Probability of each of `segments.SEGMENTS`, at the rate of the record; NaN where samples are
        missing or a lead is dead (`quality`). None for a record of more than five minutes, of which
        it would take gigabytes: ``delineate(record.crop(start, end))`` has that of a part.
    fs : float
    leads : tuple of str
    fiducials : pandas.DataFrame
        beat, lead, wave (P, QRS, Q, R, S, L, T), onset_ms, peak_ms, offset_ms from the start of the
        record. Beat ``k`` is that of ``r_peaks_s[k]``; P waves that no QRS follows are beats of
        their own after those. An absent wave has no row, and neither has one that a gap cuts.
    r_peaks_s : ndarray, shape (beats,)
    method : str
        Whence the R-peaks are: ``soft`` or ``detector``; of a long record, most of them.
    agreement : float
        Share of the R-peaks of either method that the other found within 100 ms; NaN where neither
        found any.
    model, weight_hash : str
        What the soft segments came from.
    provenance : dict
        The call that made it, and the version of the package.
    """

    soft: NDArray[np.float32] | None
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

    def _check(self) -> None:
        """Refuse fields of another kind, and waves that are not of these leads."""
        super()._check()
        for lead in self.leads:
            checks.text(lead, "leads", 200)
        checks.number(self.fs, "fs", 20, 20_000)
        end_s = LONGEST_S
        if self.soft is not None:
            samples = self.soft.shape[1] if self.soft.ndim == 3 else 0
            shape = (len(self.leads), samples, len(SEGMENTS))
            checks.array(self.soft, "soft", np.float32, shape, size=1.001, low=0, missing=True)
            end_s = samples / self.fs
        if not end_s or not self.leads or len(set(self.leads)) < len(self.leads):
            raise ValueError(f"it is of {end_s:g} s of {', '.join(self.leads)[:100]}")
        table = self.fiducials.reset_index(drop=True)
        checks.frame(table, "fiducials", COLUMNS | {"lead": self.leads})
        beats = len(self.r_peaks_s)
        checks.array(self.r_peaks_s, "r_peaks_s", np.float64, (beats,), size=end_s, low=0)
        if (np.diff(self.r_peaks_s) <= 0).any():
            raise ValueError("its r_peaks_s do not rise")
        checks.text(self.method, "method", of=METHODS)
        checks.number(self.agreement, "agreement", 0, 1, missing=True)

    @classmethod
    def _from_former(cls, arrays: dict[str, NDArray[Any]]) -> Delineation:
        import pandas as pd

        held = {name.removesuffix(".npy"): array for name, array in arrays.items()}
        facts = archive.json_of(str(held["facts"]).encode())
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
        network together, which is faster. One of more than five minutes goes through it in windows
        that overlap.
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
    pieces = [(k, span) for k, one in enumerate(records) for span in _spans(one)]
    count = np.bincount([k for k, _ in pieces])
    parts: list[dict[int, Part]] = [{} for _ in records]  # by where the windows begin
    out: dict[int, Delineation] = {}
    done = 0
    for rows in _alike(records, pieces):
        finished = []
        batch = [pieces[row] for row in rows]
        seen = [
            (window, _peaks_in(window, records[k]))
            for k, some in groupby(batch, key=lambda piece: piece[0])
            for window in windows(records[k], [span for _, span in some])
        ]
        for (k, span), part in zip(batch, _delineated(network, seen, method), strict=True):
            parts[k][span.start] = part
            if len(parts[k]) < count[k]:
                continue
            one, whole = records[k], joined([parts[k][start] for start in sorted(parts[k])])
            parts[k].clear()
            finished.append(k)
            soft = whole.soft
            out[k] = Delineation(
                soft=None if soft is None else at_rate(soft, network.fs, one.fs, one.samples),
                fs=one.fs,
                leads=one.leads,
                fiducials=whole.fiducials,
                r_peaks_s=whole.r_peaks_s,
                method=whole.method,
                agreement=whole.agreement,
                model=model,
                weight_hash=loaded.weight_hash,
                provenance=made_by,
            )
        done += len(rows)
        message = f"{len(out)} of {len(records)} delineated"
        yield Step(done / len(pieces), message, [out[k] for k in finished])
    yield Step(1.0, "delineated", None, [out[k] for k in range(len(records))])


delineate.steps = _steps  # type: ignore[attr-defined]


@remakes(Delineation)
def _again(value: Delineation, record: Record | None = None, **changes: Any) -> Delineation:
    """Delineate again: a delineation does not hold its record, which must be given."""
    if record is None:
        raise EcgError("a delineation does not hold its record: give it, rerun(record)")
    return delineate(record, **{**value.call, **changes})


def _spans(record: Record) -> list[Span]:
    """A record whole, or a long one in windows."""
    if record.duration_s > LONG_S:
        return spans(record)
    return [Span(0, record.samples, 0, record.samples)]


def _alike(records: list[Record], pieces: list[tuple[int, Span]]) -> list[list[int]]:
    """Indices of pieces of one shape and rate, a few at a time."""
    shapes: dict[tuple[int, int, float], list[int]] = {}
    for row, (k, span) in enumerate(pieces):
        shape = len(records[k].leads), span.stop - span.start, records[k].fs
        shapes.setdefault(shape, []).append(row)
    out = []
    for (leads, samples, fs), rows in shapes.items():
        size = int(np.clip(BATCH * TOGETHER_S / (leads * samples / fs), 1, BATCH))
        out += [rows[start : start + size] for start in range(0, len(rows), size)]
    return out


def _peaks_in(window: Window, record: Record) -> NDArray[np.float64]:
    """R-peaks of the detector in the piece of a window, from its start."""
    peaks = r_peaks(record) - window.start_s
    return peaks[(peaks >= 0) & (peaks < window.record.duration_s)]


def _delineated(
    network: UNet, batch: list[tuple[Window, NDArray[np.float64]]], method: str
) -> Iterator[Part]:
    """What each window of a batch shows of the stretch that it answers for."""
    # Dead stretches hold no wave, whatever the network makes of them.
    working = [screened(window.record).alive.resample(network.fs) for window, _ in batch]
    softs = soft_segments(network, working)
    for (window, theirs), work, soft in zip(batch, working, softs, strict=True):
        peaks, source, agreement = _r_peaks(soft, work, theirs, method)
        table = fiducials(soft, work.filled().signal, network.fs, work.leads, peaks)
        yield part_of(window, soft, peaks, table, source, agreement)


def _r_peaks(
    soft: NDArray[np.float32], working: Record, theirs: NDArray[np.float64], method: str
) -> tuple[NDArray[np.float64], str, float]:
    """R-peaks in s, the method they are from, and how far the two methods agree."""
    ours = soft_r_peaks(soft, working.fs, working.leads)
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
