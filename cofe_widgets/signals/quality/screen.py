"""A record screened for faults, once: what is wrong with it, and what is left to measure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...ecg import Record, bridged, runs, stored_record
from ..filters import pass_band
from .baseline import LEAST_DRIFT_MV, find_steps, wander_mv
from .dead import at_limit, clipped, silent_or_torn, still
from .electrodes import BAND_HZ, upside_down
from .fault import Fault, stretches
from .hum import find_hum
from .spikes import find_spikes

#: The band in which beats are compared between leads, Hz.
QRS_BAND_HZ = (5.0, 30.0)
#: Longer records are screened in pieces of this length: hum and baseline change in hours.
PIECE_S = 300.0
#: So near to where a lead is dead, what looks like a spike is the edge.
BESIDE_S = 0.03
#: Shorter ones are too short to tell a fault from a heart.
LEAST_S = 1.0


class Screened(NamedTuple):
    """What screening a record gives.

    Attributes
    ----------
    faults : tuple of Fault
        In the order of time.
    alive : Record
        As recorded, with NaN where a lead is dead.
    clean : Record
        ... and without hum, spikes and jumps. Both are the record itself where nothing is wrong.
    """

    faults: tuple[Fault, ...]
    alive: Record
    clean: Record

    def record(self, clean: bool) -> Record:
        """What to measure: ``clean``, or as recorded but for dead stretches."""
        return self.clean if clean else self.alive

    def leads_with(self, kind: str) -> set[str]:
        """Leads with a fault of one kind."""
        return {fault.lead for fault in self.faults if fault.kind == kind}


def screened(record: Record) -> Screened:
    """Screen a record; a record is screened once and remembers it."""
    known = vars(record).get("_screened")
    if known is None:
        known = _screen(record)
        # Without a reference to itself, so that it is freed as soon as nobody needs it.
        vars(record)["_screened"] = tuple(None if one is record else one for one in known)
    faults, alive, clean = known
    return Screened(faults, alive or record, clean or record)


def screened_parts(record: Record, spans_s: Iterable[tuple[float, float]]) -> Iterator[Record]:
    """`Record.crop` of a record for each span, screened as parts of it: the whole is screened once."""
    whole = screened(record)
    starts = np.array([fault.start_s for fault in whole.faults])
    ends = np.array([fault.end_s for fault in whole.faults])
    for start, end in spans_s:
        part = record.crop(start, end)
        here = np.flatnonzero((ends >= start) & (starts <= end)).tolist()
        faults = tuple(_within(whole.faults[k], start, end) for k in here)
        crops = (None if one is record else one.crop(start, end) for one in whole[1:])
        vars(part)["_screened"] = (faults, *crops)
        yield part


def _within(fault: Fault, start_s: float, end_s: float) -> Fault:
    """What of a fault lies in a span, from the start of it."""
    start, end = max(fault.start_s, start_s), min(fault.end_s, end_s)
    return fault._replace(start_s=start - start_s, end_s=end - start_s)


def _screen(record: Record) -> tuple[tuple[Fault, ...], Record, Record]:
    """Faults, the record without dead stretches, and the one without hum, spikes and jumps too."""
    piece = round(PIECE_S * record.fs)
    if record.duration_s < LEAST_S:
        faults = stretches("gap", record.leads, record.mask, record.fs)
        return tuple(faults), record, record
    starts = _starts(record.samples, piece)
    parts = [_Part(record, *ends).screened() for ends in pairwise([*starts, record.samples])]
    faults = sorted(_joined(f for part in parts for f in part.faults), key=_order)
    if not faults:
        return (), record, record
    alive = np.concatenate([part.alive for part in parts], axis=1)
    clean = np.concatenate([part.clean for part in parts], axis=1)
    return tuple(faults), _as_record(record, alive), _as_record(record, clean)


def _starts(samples: int, piece: int) -> list[int]:
    """Where pieces begin; the last one takes what would be too short for one."""
    return list(range(0, max(samples - piece // 2, 1), piece)) if samples > piece else [0]


def _order(fault: Fault) -> tuple[float, str]:
    return fault.start_s, fault.kind


def _joined(faults: Iterator[Fault]) -> list[Fault]:
    """Stretches that go on from one piece to the next, as one."""
    out: dict[tuple[str, str, float], Fault] = {}
    for fault in faults:
        key = (fault.kind, fault.lead, round(fault.start_s, 4))
        before = out.pop(key, None) if fault.is_dead else None
        if before is not None:
            fault = fault._replace(start_s=before.start_s)
        out[fault.kind, fault.lead, round(fault.end_s, 4)] = fault
    return list(out.values())


def _as_record(record: Record, values: NDArray[np.float32]) -> Record:
    if np.isnan(values).all() or np.array_equal(values, record.signal, equal_nan=True):
        return record
    return stored_record(values, record.fs, record.leads, dict(record.meta))


def beside(flags: NDArray[np.bool_], reach: int) -> NDArray[np.bool_]:
    """The samples within ``reach`` of a flagged one, itself included."""
    from scipy.ndimage import maximum_filter1d

    if not flags.any():
        return flags
    return np.asarray(maximum_filter1d(flags, 2 * reach + 1, axis=1))


class _PartScreened(NamedTuple):
    faults: list[Fault]
    alive: NDArray[np.float32]
    clean: NDArray[np.float32]


class _Part:
    """A piece of a record on its way through the screening."""

    def __init__(self, record: Record, start: int, end: int) -> None:
        self.leads, self.fs, self.start_s = record.leads, record.fs, start / record.fs
        self.signal = record.signal[:, start:end].astype(np.float64)
        self.faults: list[Fault] = []

    def screened(self) -> _PartScreened:
        """All checks, each on what the one before left."""
        gaps = np.isnan(self.signal)
        flat = still(self.signal, self.fs) & ~gaps
        limit = at_limit(self.signal, flat)
        dead = gaps | flat
        whole = bridged(self.signal, dead)
        steps = find_steps(whole, self.fs)
        hum = find_hum(steps.levelled, self.fs, ~dead)
        steady = steps.levelled if hum.wave is None else steps.levelled - hum.wave
        spikes = find_spikes(steady, self.fs, dead)
        spiky = spikes.where & ~beside(dead, round(BESIDE_S * self.fs))
        band = np.where(dead, 0.0, pass_band(spikes.bridged, self.fs, *QRS_BAND_HZ))
        silent, torn = silent_or_torn(band, self.fs, dead)
        found = {"gap": gaps, "saturated": limit, "flat": flat & ~limit}
        for kind, flags in {**found, "silent": silent & ~dead, "artefact": torn & ~dead}.items():
            self.faults += stretches(kind, self.leads, flags, self.fs)
        dead = dead | silent | torn
        for row, sample, height in steps.at:
            self._add("step", row, sample, sample, height)
        for row in np.flatnonzero(spiky.any(axis=1)).tolist():
            for first, last in runs(spiky[row]).tolist():
                height = float(spikes.height_mv[row, first:last].max())
                self._add("spike", row, first, last, height)
        self._hum_and_drift(hum.hz, hum.amplitude_mv, whole, dead)
        for row in np.flatnonzero(clipped(whole, self.fs)).tolist():
            self._add("clipped", row, 0, self.signal.shape[1], float("nan"))
        slow = np.where(dead, 0.0, pass_band(spikes.bridged, self.fs, *BAND_HZ))
        for lead, (likeness, meaning) in upside_down(slow, self.leads).items():
            end_s = self.signal.shape[1] / self.fs
            self.faults.append(Fault("swapped", lead, 0.0, end_s, likeness, "", meaning))
        self.faults = [self._moved(fault) for fault in self.faults]
        alive, clean = (
            np.where(dead, np.nan, one).astype(np.float32) for one in (self.signal, spikes.bridged)
        )
        return _PartScreened(self.faults, alive, clean)

    def _hum_and_drift(
        self,
        hz: tuple[float, ...],
        amplitude_mv: NDArray[np.float64],
        whole: NDArray[np.float64],
        dead: NDArray[np.bool_],
    ) -> None:
        samples = whole.shape[1]
        detail = " and ".join(f"{one:g} Hz" for one in hz)
        for row in np.flatnonzero(amplitude_mv > 0).tolist():
            self._add("hum", row, 0, samples, float(amplitude_mv[row]), detail)
        drift = wander_mv(whole, self.fs)
        for row in np.flatnonzero((drift > LEAST_DRIFT_MV) & ~dead.all(axis=1)).tolist():
            self._add("drift", row, 0, samples, float(drift[row]))

    def _add(
        self, kind: str, row: int, first: int, last: int, size: float, detail: str = ""
    ) -> None:
        lead = self.leads[row]
        self.faults.append(Fault(kind, lead, first / self.fs, last / self.fs, size, "mV", detail))

    def _moved(self, fault: Fault) -> Fault:
        """The fault in seconds from the start of the record."""
        return fault._replace(
            start_s=fault.start_s + self.start_s, end_s=fault.end_s + self.start_s
        )
