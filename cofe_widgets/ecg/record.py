"""`Record`: an electrocardiogram.

Signals are ``(leads, samples)`` float32 in millivolts, NaN where samples are missing. Leads are
named, in the order I II III aVR aVL aVF V1..V6 where a record is a standard one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import EcgError
from ..vocabulary.leads import LEADS
from .gaps import bridged, masked, without_short
from .leads import FROM_I_II, LIMB_LEADS, any_name, limb_matrix
from .scale import check_rate, check_scale

#: Shorter than a heartbeat by far, this is nothing to look at.
MIN_DURATION_S = 0.04


@dataclass(frozen=True, eq=False)
class Record:
    """An electrocardiogram.

    Parameters
    ----------
    signal : array_like, shape (leads, samples)
        Millivolts; NaN where samples are missing. Runs of NaN up to 40 ms are bridged by a line,
        longer ones stay as gaps: see `mask` and `filled`.
    fs : float
        Sampling rate in Hz.
    leads : sequence of str
        One name a row, any common spelling; stored in the standard spelling. A name that is no
        standard lead's (``ECG1``) is kept as a lead of unknown position; see `renamed`.
    meta : mapping, optional
        What else is known: ``source``, ``format``, ``patient_id``, ``age``, ``sex``, ``labels`` ...

    Raises
    ------
    EcgError
        On a wrong shape, a repeated lead, nothing but NaN, or an amplitude that no heart has; the
        message names the lead and the value.
    """

    signal: NDArray[np.float32]
    fs: float
    leads: tuple[str, ...] = LEADS
    meta: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if isinstance(self.leads, str):
            raise EcgError(f"leads={self.leads!r} is one string: expected a list, [{self.leads!r}]")
        leads = tuple(any_name(name) for name in self.leads)
        signal = np.array(self.signal, dtype=np.float32, ndmin=2)
        fs = float(self.fs)
        check_rate(fs)
        if signal.ndim != 2 or signal.shape[0] != len(leads):
            raise EcgError(
                f"signal has shape {signal.shape} for {len(leads)} leads: expected (leads, samples)"
            )
        if signal.shape[1] < max(2, MIN_DURATION_S * fs):
            raise EcgError(f"the signal has {signal.shape[1]} samples: nothing to show")
        repeated = sorted({name for name in leads if leads.count(name) > 1})
        if repeated:
            raise EcgError(f"lead {', '.join(repeated)} is given more than once")
        signal = without_short(signal, fs)
        check_scale(signal, fs, leads)
        signal.flags.writeable = False
        object.__setattr__(self, "signal", signal)
        object.__setattr__(self, "fs", fs)
        object.__setattr__(self, "leads", leads)
        object.__setattr__(self, "meta", MappingProxyType(dict(self.meta)))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle and copy as the values it is made of (they were checked when it was made)."""
        return _restore, (self.signal, self.fs, self.leads, dict(self.meta))

    @cached_property
    def mask(self) -> NDArray[np.bool_]:
        """Where samples are missing, ``(leads, samples)``: True in a gap; read-only."""
        missing = np.isnan(self.signal)
        if not missing.any():  # the usual case costs no memory
            missing = np.broadcast_to(np.False_, self.signal.shape)
        missing.flags.writeable = False
        return missing

    @property
    def has_gaps(self) -> bool:
        """Whether samples are missing in any lead."""
        return bool(self.mask.any())

    @property
    def samples(self) -> int:
        """Number of samples per lead."""
        return int(self.signal.shape[1])

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.samples / self.fs

    def __repr__(self) -> str:
        gaps = f", {self.mask.mean():.0%} missing" if self.has_gaps else ""
        return f"Record({len(self.leads)} leads, {self.duration_s:.1f} s at {self.fs:g} Hz{gaps})"

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
        check_rate(fs)
        from scipy.signal import resample_poly

        ratio = Fraction(fs / self.fs).limit_denominator(1000)
        length = max(2, round(self.samples * fs / self.fs))
        if self.has_gaps:
            whole = self.filled().resample(fs)
            return self._derive(masked(whole.signal, self.mask, self.fs / fs), fs=float(fs))
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

        A lead of unknown position is chosen by the name it has.

        Raises
        ------
        EcgError
            When a lead is neither stored nor derivable; names it and what the record has.
        """
        if isinstance(leads, str):
            raise EcgError(f"leads={leads!r} is one string: expected a list, [{leads!r}]")
        names = tuple(any_name(name) for name in leads)
        if names == self.leads:
            return self
        missing = [name for name in names if name not in self.leads]
        one_two = self._leads_i_ii() if missing else None
        underivable = [n for n in missing if n not in FROM_I_II or one_two is None]
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
                rows.append(np.asarray(FROM_I_II[name], np.float32) @ one_two)
        return self._derive(np.stack(rows), leads=names)

    def standard(self) -> Record:
        """The twelve standard leads in standard order; missing limb leads are derived."""
        return self.select(LEADS)

    def completed(self) -> Record:
        """All six limb leads, whole wherever two of them are there: the others follow from these.

        Leads that are missing are added, stretches that are missing are filled; what the record
        holds stays as it is. A record with fewer than two limb leads is returned unchanged.
        """
        absent = [name for name in LIMB_LEADS if name not in self.leads]
        if len(absent) > len(LIMB_LEADS) - 2:
            return self
        others = [name for name in self.leads if name not in LEADS]
        leads = [name for name in LEADS if name in self.leads or name in absent] + others
        full = self if not absent else self.select(leads)
        limbs = [full.leads.index(name) for name in LIMB_LEADS]
        if not full.mask[limbs].any():
            return full
        one_two = full._leads_i_ii()
        assert one_two is not None
        signal = full.signal.copy()
        signal[limbs] = np.where(full.mask[limbs], limb_matrix() @ one_two, signal[limbs])
        return full._derive(signal)

    def filled(self, how: str = "interpolate") -> Record:
        """The record without gaps: each bridged by a straight line, or set to zero.

        What is put there is no heart's. ``meta["warnings"]`` says how much of which lead it is.

        Parameters
        ----------
        how : "interpolate" or "zero"
            A lead without any sample becomes zero either way.

        Raises
        ------
        EcgError
            When ``how`` is neither.
        """
        if how not in ("interpolate", "zero"):
            raise EcgError(f"cannot fill gaps by {how!r}: expected 'interpolate' or 'zero'")
        if not self.has_gaps:
            return self
        filled = bridged(self.signal, self.mask)
        signal = filled if how == "interpolate" else np.nan_to_num(self.signal, nan=0.0)
        seconds = self.mask.sum(axis=1) / self.fs
        said = ", ".join(
            f"{gone:.2g} s of {lead}"
            for lead, gone in zip(self.leads, seconds, strict=True)
            if gone
        )
        verb = "bridged by a line" if how == "interpolate" else "set to zero"
        warnings = (*self.meta.get("warnings", ()), f"missing samples were {verb}: {said}")
        return self._derive(signal, meta={**self.meta, "warnings": warnings})

    def renamed(self, names: Mapping[str, str]) -> Record:
        """The same signals under other names: ``record.renamed({"ECG1": "II"})``.

        Raises
        ------
        EcgError
            When the record lacks a lead, or two would have one name.
        """
        new = {any_name(old): any_name(name) for old, name in names.items()}
        unknown = [name for name in new if name not in self.leads]
        if unknown:
            raise EcgError(f"no lead {', '.join(unknown)} here: it has {', '.join(self.leads)}")
        leads = tuple(new.get(name, name) for name in self.leads)
        if len(set(leads)) < len(leads):
            raise EcgError(f"two leads would have one name: {', '.join(leads)}")
        return self._derive(self.signal, leads=leads)

    def with_signal(self, signal: ArrayLike, **meta: Any) -> Record:
        """A record of the same leads and rate with another signal and added ``meta``."""
        kept = dict(self.meta)
        if "source" in meta:  # no longer what the device measured
            kept.pop("device_measurements", None)
        return replace(self, signal=np.asarray(signal), meta={**kept, **meta})

    def _derive(self, signal: NDArray[np.float32], **changes: Any) -> Record:
        """A record made from this valid one: unchecked, so that a flat lead can be selected."""
        values = {"fs": self.fs, "leads": self.leads, "meta": self.meta, **changes}
        return _restore(signal, values["fs"], values["leads"], values["meta"])

    def _leads_i_ii(self) -> NDArray[np.float32] | None:
        """Leads I and II, solved from the first two limb leads present; None if fewer than two.

        Sample by sample: where one of the first two is missing, the next takes its place.
        """
        present = [name for name in LIMB_LEADS if name in self.leads]
        if len(present) < 2:
            return None
        rows = [self.leads.index(name) for name in present]
        # What is there of the limb leads, as bits: of a long record there is no array to sort.
        bits = np.zeros(self.samples if self.has_gaps else 1, np.uint8)
        for place, row in enumerate(rows):
            bits |= (~self.mask[row, : len(bits)]).astype(np.uint8) << place
        out = np.full((2, self.samples), np.nan, np.float32)
        for kind in np.flatnonzero(np.bincount(bits, minlength=1)):
            pair = [place for place in range(len(rows)) if kind >> place & 1][:2]
            if len(pair) < 2:
                continue
            at = bits == kind if self.has_gaps else slice(None)
            known = limb_matrix([present[place] for place in pair]).astype(float)
            first, second = (self.signal[rows[place], at] for place in pair)
            for target, (of_first, of_second) in zip(out, np.linalg.inv(known), strict=True):
                # From the file's own samples where they are the lead itself.
                target[at] = (
                    first
                    if of_second == 0 and of_first == 1
                    else second
                    if of_first == 0 and of_second == 1
                    else np.float32(of_first) * first + np.float32(of_second) * second
                )
        return out


def stored_record(signal: ArrayLike, fs: float, leads: Iterable[str], meta: Any) -> Record:
    """A record as it was saved: sound in form; its amplitudes were judged when it was made.

    Raises
    ------
    EcgError
        When it has another form.
    """
    values, names = np.asarray(signal), tuple(any_name(name) for name in leads)
    check_rate(float(fs))
    if values.dtype != np.float32 or values.ndim != 2 or values.shape[0] != len(names):
        raise EcgError(f"a {values.dtype} signal of shape {values.shape} for {len(names)} leads")
    if values.shape[1] < 2 or len(set(names)) < len(names) or np.isinf(values).any():
        raise EcgError("the signal is empty or not finite, or a lead is given twice")
    if np.isnan(values).all():
        raise EcgError("every sample is missing")
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
