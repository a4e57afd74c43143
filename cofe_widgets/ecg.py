"""The one value of the package: `Record`, an electrocardiogram, and the algebra of its leads.

Signals are ``(leads, samples)`` float32 in millivolts. Leads are named, in the order
I II III aVR aVL aVF V1..V6 where a record is a standard one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import EcgError

LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
INDEPENDENT_LEADS = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
OTHER_LEADS = ("V3R", "V4R", "V5R", "V6R", "V7", "V8", "V9", "X", "Y", "Z", "ECG")

#: A surface ECG above this is a wrong scale, not a heart (the tallest QRS stay under 8 mV).
MAX_PHYSIOLOGICAL_MV = 15.0
#: A whole record whose largest lead spans less than this was not scaled to mV, or is flat.
MIN_PHYSIOLOGICAL_MV = 0.02
#: Missing samples up to this length are bridged by a straight line; longer runs are refused.
MAX_NAN_RUN_S = 0.04

# Einthoven: III = II - I.  Goldberger: aVR = -(I + II)/2, aVL = (I - III)/2 = I - II/2,
# aVF = (II + III)/2 = II - I/2.
_FROM_I_II = {
    "I": (1.0, 0.0),
    "II": (0.0, 1.0),
    "III": (-1.0, 1.0),
    "aVR": (-0.5, -0.5),
    "aVL": (1.0, -0.5),
    "aVF": (-0.5, 1.0),
}
LIMB_LEADS = tuple(_FROM_I_II)

#: Other names in use: Frank's leads in WFDB, the modified II of Holters, the IEC's C1..C6.
_ALIASES = {"VX": "X", "VY": "Y", "VZ": "Z", "MLII": "II"}
_ALIASES |= {f"C{n}": f"V{n}" for n in range(1, 7)}
_CANONICAL = {name.upper(): name for name in LEADS + OTHER_LEADS} | _ALIASES


def lead_name(raw: str) -> str:
    """Return the standard spelling of a lead name.

    Parameters
    ----------
    raw : str
        Any common spelling: ``"i"``, ``"AVR"``, ``"MDC_ECG_LEAD_V1"``, ``"Lead II"``.

    Raises
    ------
    EcgError
        When the name is no known lead.
    """
    key = str(raw).strip().upper()
    for prefix in ("MDC_ECG_LEAD_", "LEAD_", "LEAD ", "ECG "):
        key = key.removeprefix(prefix)
    # A leading minus stays: -aVR is aVR upside down, not a spelling of it.
    key = key[:1] + key[1:].replace("-", "").replace(" ", "").replace("_", "")
    if key not in _CANONICAL:
        raise EcgError(
            f"unknown lead {raw!r}: expected one of {', '.join(LEADS)} "
            f"(or {', '.join(OTHER_LEADS)})"
        )
    return _CANONICAL[key]


def limb_matrix(leads: Iterable[str] = LIMB_LEADS) -> NDArray[np.float32]:
    """Coefficients of the limb ``leads`` on (I, II): shape ``(len(leads), 2)``.

    Einthoven's law and Goldberger's definitions of the augmented leads.
    """
    return np.array([_FROM_I_II[name] for name in leads], dtype=np.float32)


def expand_matrix() -> NDArray[np.float32]:
    """Map of the eight independent leads (I, II, V1..V6) to all twelve: shape ``(12, 8)``."""
    matrix = np.zeros((12, 8), np.float32)
    matrix[:6, :2] = limb_matrix()
    matrix[6:, 2:] = np.eye(6, dtype=np.float32)
    return matrix


@dataclass(frozen=True, eq=False)
class Record:
    """An electrocardiogram.

    Parameters
    ----------
    signal : array_like, shape (leads, samples)
        Millivolts. Runs of NaN up to 40 ms are bridged by a line, longer ones refused.
    fs : float
        Sampling rate in Hz.
    leads : sequence of str
        One name a row, any common spelling; stored in the standard spelling.
    meta : mapping, optional
        What else is known: ``source``, ``format``, ``patient_id``, ``age``, ``sex``, ``labels`` ...

    Raises
    ------
    EcgError
        On a wrong shape, an unknown or repeated lead, a long run of NaN, or an amplitude that no
        heart has; the message names the lead and the value.
    """

    signal: NDArray[np.float32]
    fs: float
    leads: tuple[str, ...] = LEADS
    meta: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        leads = tuple(lead_name(name) for name in self.leads)
        signal = np.array(self.signal, dtype=np.float32, ndmin=2)
        fs = float(self.fs)
        _check_rate(fs)
        if signal.ndim != 2 or signal.shape[0] != len(leads):
            raise EcgError(
                f"signal has shape {signal.shape} for {len(leads)} leads: expected (leads, samples)"
            )
        if signal.shape[1] < 2:
            raise EcgError(f"the signal has {signal.shape[1]} samples: nothing to show")
        repeated = sorted({name for name in leads if leads.count(name) > 1})
        if repeated:
            raise EcgError(f"lead {', '.join(repeated)} is given more than once")
        signal = _bridge_gaps(signal, fs, leads)
        _check_scale(signal, fs, leads)
        signal.flags.writeable = False
        object.__setattr__(self, "signal", signal)
        object.__setattr__(self, "fs", fs)
        object.__setattr__(self, "leads", leads)
        object.__setattr__(self, "meta", MappingProxyType(dict(self.meta)))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle and copy as the values it is made of (they were checked when it was made)."""
        return _restore, (self.signal, self.fs, self.leads, dict(self.meta))

    @property
    def samples(self) -> int:
        """Number of samples per lead."""
        return int(self.signal.shape[1])

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.samples / self.fs

    def __repr__(self) -> str:
        return f"Record({len(self.leads)} leads, {self.duration_s:.1f} s at {self.fs:g} Hz)"

    def __getitem__(self, lead: str) -> NDArray[np.float32]:
        """Samples of one lead by name; limb leads are derived from I and II when missing."""
        return self.select([lead]).signal[0]

    def resample(self, fs: float) -> Record:
        """The same ECG at another rate, by a polyphase anti-aliasing filter.

        Rates with a ratio that small integers cannot express are taken to the nearest
        ratio of integers up to 1000, and the result is labelled with the rate asked for.
        """
        if fs == self.fs:
            return self
        _check_rate(fs)
        from scipy.signal import resample_poly

        ratio = Fraction(fs / self.fs).limit_denominator(1000)
        length = max(2, round(self.samples * fs / self.fs))
        # Padding by the line from first to last sample keeps the baseline from ringing at the ends.
        out = resample_poly(self.signal, ratio.numerator, ratio.denominator, axis=1, padtype="line")
        if out.shape[1] < length:
            out = np.pad(out, ((0, 0), (0, length - out.shape[1])), mode="edge")
        return self._derive(out[:, :length].astype(np.float32), fs=float(fs))

    def crop(self, start_s: float = 0.0, end_s: float | None = None) -> Record:
        """The part from ``start_s`` to ``end_s`` seconds."""
        end_s = self.duration_s if end_s is None else end_s
        if not 0 <= start_s < end_s <= self.duration_s + 0.5 / self.fs:
            raise EcgError(
                f"cannot crop {start_s:g} to {end_s:g} s from a record of {self.duration_s:g} s"
            )
        first, last = round(start_s * self.fs), round(end_s * self.fs)
        if last - first < 2:
            raise EcgError(f"cannot crop to {end_s - start_s:g} s: {last - first} samples are left")
        return self._derive(self.signal[:, first:last])

    def select(self, leads: Iterable[str]) -> Record:
        """The given leads in the given order; missing limb leads are derived from any two others.

        Raises
        ------
        EcgError
            When a lead is neither stored nor derivable; names it and what the record has.
        """
        names = tuple(lead_name(name) for name in leads)
        if names == self.leads:
            return self
        missing = [name for name in names if name not in self.leads]
        one_two = self._leads_i_ii() if missing else None
        underivable = [n for n in missing if n not in _FROM_I_II or one_two is None]
        if underivable:
            raise EcgError(
                f"lead {', '.join(underivable)} is not in this record and cannot be derived from "
                f"{', '.join(self.leads)}"
            )
        rows = []
        for name in names:
            if name in self.leads:
                rows.append(self.signal[self.leads.index(name)])
            else:
                assert one_two is not None
                rows.append(np.asarray(_FROM_I_II[name], np.float32) @ one_two)
        return self._derive(np.stack(rows), leads=names)

    def standard(self) -> Record:
        """The twelve standard leads in standard order; missing limb leads are derived."""
        return self.select(LEADS)

    def with_signal(self, signal: ArrayLike, **meta: Any) -> Record:
        """A record of the same leads and rate with another signal and added ``meta``."""
        return replace(self, signal=np.asarray(signal), meta={**self.meta, **meta})

    def _derive(self, signal: NDArray[np.float32], **changes: Any) -> Record:
        """A record made from this valid one: unchecked, so that a flat lead can be selected."""
        values = {"fs": self.fs, "leads": self.leads, "meta": self.meta, **changes}
        return _restore(signal, values["fs"], values["leads"], values["meta"])

    def _leads_i_ii(self) -> NDArray[np.float32] | None:
        """Leads I and II, solved from the first two limb leads present; None if fewer than two."""
        present = [name for name in LIMB_LEADS if name in self.leads][:2]
        if len(present) < 2:
            return None
        stored = np.stack([self.signal[self.leads.index(name)] for name in present])
        return np.linalg.solve(limb_matrix(present).astype(float), stored).astype(np.float32)


def stored_record(signal: ArrayLike, fs: float, leads: Iterable[str], meta: Any) -> Record:
    """A record as it was saved: sound in form; its amplitudes were judged when it was made.

    Raises
    ------
    EcgError
        When it has another form.
    """
    values, names = np.asarray(signal), tuple(lead_name(name) for name in leads)
    _check_rate(float(fs))
    if values.dtype != np.float32 or values.ndim != 2 or values.shape[0] != len(names):
        raise EcgError(f"a {values.dtype} signal of shape {values.shape} for {len(names)} leads")
    if values.shape[1] < 2 or len(set(names)) < len(names) or not np.isfinite(values).all():
        raise EcgError("the signal is empty or not finite, or a lead is given twice")
    return _restore(values, float(fs), names, dict(meta))


def _restore(
    signal: NDArray[np.float32], fs: float, leads: tuple[str, ...], meta: Mapping[str, Any]
) -> Record:
    """A record of values that are known to be sound."""
    record = object.__new__(Record)
    signal.flags.writeable = False
    values = {"signal": signal, "fs": fs, "leads": leads, "meta": MappingProxyType(dict(meta))}
    for name, value in values.items():
        object.__setattr__(record, name, value)
    return record


def _check_rate(fs: float) -> None:
    """Refuse a sampling rate that no ECG is recorded or computed at."""
    if not (np.isfinite(fs) and 20 <= fs <= 20_000):
        raise EcgError(f"sampling rate {fs!r} Hz: expected a number from 20 to 20000")


def _bridge_gaps(
    signal: NDArray[np.float32], fs: float, leads: tuple[str, ...]
) -> NDArray[np.float32]:
    """Replace short runs of non-finite samples by a line; refuse long ones."""
    bad = ~np.isfinite(signal)
    if not bad.any():
        return signal
    limit = max(1, round(MAX_NAN_RUN_S * fs))
    time = np.arange(signal.shape[1])
    for row in np.flatnonzero(bad.any(axis=1)):
        edges = np.flatnonzero(np.diff(np.concatenate(([0], bad[row].view(np.int8), [0]))))
        starts, ends = edges[::2], edges[1::2]
        longest = int(np.argmax(ends - starts))
        run = int(ends[longest] - starts[longest])
        if run > limit:
            raise EcgError(
                f"lead {leads[row]} has no values (NaN or infinite) for {run / fs:.2f} s from "
                f"{starts[longest] / fs:.2f} s: crop the record or leave the lead out"
            )
        good = ~bad[row]
        signal[row, bad[row]] = np.interp(time[bad[row]], time[good], signal[row, good])
    return signal


def _check_scale(signal: NDArray[np.float32], fs: float, leads: tuple[str, ...]) -> None:
    """Refuse amplitudes that are no surface ECG's millivolts; a baseline offset is no fault."""
    centred = np.abs(signal - np.median(signal, axis=1, keepdims=True))
    peaks = centred.max(axis=1)
    row = int(np.argmax(peaks))
    peak, lead = float(peaks[row]), leads[row]
    if peak > MAX_PHYSIOLOGICAL_MV:
        # A wrong scale stretches the whole lead; an artefact leaves most of it alone.
        brief = np.percentile(centred[row], 90) < MAX_PHYSIOLOGICAL_MV / 10
        raise EcgError(
            f"lead {lead} reaches {peak:.4g} mV from its baseline at "
            f"{int(np.argmax(centred[row])) / fs:.2f} s, more than the "
            f"{MAX_PHYSIOLOGICAL_MV:g} mV a surface ECG can: "
            + (
                "an artefact, so crop it away or leave the lead out"
                if brief
                else "convert the signal to millivolts first"
            )
        )
    if peak == 0:
        raise EcgError("every lead is flat: nothing was recorded")
    if peak < MIN_PHYSIOLOGICAL_MV / 2:
        raise EcgError(
            f"no lead deviates more than {peak:.2g} mV from its baseline (largest: {lead}): "
            "nothing was recorded, or the signal is not in millivolts"
        )
