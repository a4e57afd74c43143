"""A heart with known answers: simulated 12-lead ECGs and the truth about them.

Everything made here is simulated, and says so in ``record.meta["source"]``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from ..ecg import LEADS, Record, expand_matrix
from .dipole import beat_waves, project
from .heart import KERNELS, WAVES, Hearts, draw_hearts
from .noise import draw_noise
from .rhythm import CONDITIONS, Rhythms, draw_f_waves, draw_rhythms

__all__ = ["CONDITIONS", "Batch", "Simulated", "Truth", "draw", "simulate"]

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Batch:
    """Arrays of ``n`` simulated records, for those who train on them.

    Attributes
    ----------
    conditions : (n,) label codes
    signals : (n, 8, samples) mV, leads I, II, V1..V6
    f_waves : (n, samples) fibrillatory wave of unit amplitude (zero where there is none)
    """

    conditions: NDArray[np.str_]
    signals: Array
    f_waves: Array
    hearts: Hearts
    rhythms: Rhythms
    fs: float

    def truth(self, i: int) -> Truth:
        """The truth about record ``i``."""
        hearts = Hearts(**{k: v[i : i + 1] for k, v in vars(self.hearts).items()})
        rhythms = Rhythms(**{k: v[i : i + 1] for k, v in vars(self.rhythms).items()})
        return Truth(str(self.conditions[i]), hearts, rhythms, self.signals.shape[-1] / self.fs)


@dataclass(frozen=True)
class Truth:
    """What a simulated heart did."""

    condition: str
    hearts: Hearts
    rhythms: Rhythms
    seconds: float

    @cached_property
    def beats_inside(self) -> NDArray[np.int64]:
        """Indices (into ``rhythms``) of the beats whose R-peak lies in the record."""
        r = self.rhythms.r_s[0]
        return np.flatnonzero((r >= 0) & (r < self.seconds))

    @cached_property
    def r_peaks_s(self) -> Array:
        """Times of the R-peaks inside the record, s."""
        return self.rhythms.r_s[0, self.beats_inside]

    @cached_property
    def fiducials(self) -> pd.DataFrame:
        """Beat, lead, wave (P, QRS, T), onset_ms, peak_ms, offset_ms of every wave of every beat.

        Onset and offset are those of the dipole, alike in all leads; the peak is each lead's own.
        """
        heart, rows = self.hearts, []
        t_centres = heart.t_centre_s(self.rhythms.rr_s)[0]
        for beat, i in enumerate(self.beats_inside):
            r = float(self.rhythms.r_s[0, i])
            t_end = t_centres[i] + 2 * heart.fall[0, -1]
            spans = {
                "P": (heart.p_onset_s[0], heart.p_offset_s[0]),
                "QRS": (heart.qrs_onset_s[0], heart.qrs_offset_s[0]),
                "T": (t_centres[i] - 2 * heart.rise[0, -1], t_end),
            }
            if not self.rhythms.p_wave[0]:
                del spans["P"]
            for wave, (on, off) in spans.items():
                peaks = self._peaks(wave, float(on), float(off), float(t_centres[i]))
                times = (1000 * (r + np.array([on, 0.0, off]))).tolist()
                rows += [
                    (beat, lead, wave, times[0], 1000 * (r + p), times[2])
                    for lead, p in zip(LEADS, peaks[0], strict=True)
                ]
        columns = ["beat", "lead", "wave", "onset_ms", "peak_ms", "offset_ms"]
        return pd.DataFrame(rows, columns=columns)

    @cached_property
    def measurements(self) -> dict[str, float]:
        """True values under the names of `cofe_widgets.measure` (lead II, the dipole's times)."""
        heart = self.hearts
        rr = 1000 * np.diff(self.r_peaks_s.astype(float))
        rr_mean = float(rr.mean()) if rr.size else float("nan")
        preceding = self.rhythms.rr_s[:, self.beats_inside]
        t_centre = float(np.median(heart.t_centre_s(preceding)))
        qt = 1000 * (t_centre + 2 * heart.fall[0, -1] - heart.qrs_onset_s[0])
        sinus = bool(self.rhythms.p_wave[0])
        p_on, qrs_on, qrs_off = heart.p_onset_s[0], heart.qrs_onset_s[0], heart.qrs_offset_s[0]
        t_span = (t_centre - 2 * heart.rise[0, -1], t_centre + 2 * heart.fall[0, -1])
        heights = {
            "P": self._peaks("P", float(p_on), float(heart.p_offset_s[0]), t_centre)[1][1],
            "QRS": self._peaks("QRS", float(qrs_on), float(qrs_off), t_centre, signed=True)[1][1],
            "T": self._peaks("T", float(t_span[0]), float(t_span[1]), t_centre)[1][1],
        }
        nan = float("nan")
        return {
            "heart_rate_bpm": 60000 / rr_mean,
            "rr_mean_ms": rr_mean,
            "rr_sd_ms": float(rr.std(ddof=1)) if rr.size > 1 else nan,
            "rr_rmssd_ms": float(np.sqrt(np.mean(np.diff(rr) ** 2))) if rr.size > 1 else nan,
            "p_presence": float(sinus),
            "p_amplitude_mv": float(heights["P"]) if sinus else nan,
            "pr_ms": float(1000 * (qrs_on - p_on)) if sinus else nan,
            "qrs_ms": float(1000 * (qrs_off - qrs_on)),
            "r_amplitude_mv": float(heights["QRS"]),
            "t_amplitude_mv": float(heights["T"]),
            "qt_ms": float(qt),
            "qtc_fridericia_ms": float(qt / np.cbrt(rr_mean / 1000)),
        }

    def _peaks(
        self, wave: str, on: float, off: float, t_centre: float, signed: bool = False
    ) -> tuple[Array, Array]:
        """Time (s after R) and height (mV) of a wave's largest excursion in each of 12 leads."""
        heart = self.hearts
        time = np.linspace(on, off, 201, dtype=np.float32)
        centre = heart.mu[0].copy()
        centre[-1] = t_centre
        offset = time - centre[:, None]
        width = np.where(offset < 0, heart.rise[0][:, None], heart.fall[0][:, None])
        mine = np.isin(KERNELS, WAVES[wave])[:, None]
        shapes = (np.exp(-0.5 * (offset / width) ** 2) * mine).astype(np.float32)
        leads = expand_matrix() @ project(heart, shapes[None])[0]
        at = np.argmax(leads if signed else np.abs(leads), axis=1)
        return time[at], leads[np.arange(12), at]


@dataclass(frozen=True)
class Simulated:
    """A simulated record, the truth about it, and the seed that makes it again."""

    record: Record
    truth: Truth
    condition: str
    index: int
    n: int
    seed: int
    noise: float

    def twin(self, condition: str) -> Simulated:
        """The same heart and electrodes under another condition (same seed and batch place)."""
        record, seconds = self.record, self.truth.seconds
        again = simulate(
            condition, self.n, self.seed, fs=record.fs, seconds=seconds, noise=self.noise
        )
        return again[self.index]


def draw(
    conditions: ArrayLike,
    seed: int | list[int],
    fs: float = 250.0,
    seconds: float = 10.0,
    noise: float = 1.0,
    variety: float = 0.0,
) -> Batch:
    """Simulate one record a condition, as arrays (see `simulate` for records).

    Hearts, rhythms and electrodes are drawn from three separate streams of ``seed``, so that the
    same seed under another condition is the same heart with the same electrodes.
    """
    names = np.atleast_1d(np.asarray(conditions, dtype=str))
    unknown = sorted(set(names.tolist()) - set(CONDITIONS))
    if unknown:
        raise ValueError(
            f"unknown condition {', '.join(map(repr, unknown))}: "
            f"expected one of {', '.join(CONDITIONS)}"
        )
    n = len(names)
    base = [seed] if isinstance(seed, int) else list(seed)
    heart_rng, rhythm_rng, electrode_rng, f_rng = (
        np.random.default_rng([*base, k]) for k in range(4)
    )
    time = (np.arange(round(seconds * fs)) / fs).astype(np.float32)
    hearts = draw_hearts(n, heart_rng, variety)
    rhythms = draw_rhythms(names, seconds, rhythm_rng)
    signals = project(hearts, beat_waves(hearts, rhythms, time))
    f_waves = np.zeros((n, time.size), np.float32)
    rows = np.flatnonzero(names == "AF")
    if rows.size:
        f_waves[rows], dipole = draw_f_waves(rows.size, time, f_rng)
        seen = np.einsum("nij,nj->ni", hearts.lead_matrix[rows], dipole)
        signals[rows] += seen[:, :, None] * f_waves[rows, None]
    if noise:
        signals += draw_noise(n, time, electrode_rng, noise)
    return Batch(names, signals, f_waves, hearts, rhythms, fs)


def simulate(
    condition: str = "NSR",
    n: int = 1,
    seed: int = 0,
    *,
    fs: float = 500.0,
    seconds: float = 10.0,
    noise: float = 1.0,
) -> list[Simulated]:
    """Simulate ``n`` 12-lead ECGs of a condition, with the truth about each.

    A dipole moves through sums of Gaussian kernels (McSharry et al., IEEE Trans Biomed Eng
    2003;50:289) and is seen by eight leads through Dower's matrix; the other four follow by
    Einthoven and Goldberger, exactly.

    Parameters
    ----------
    condition : str
        A label code of `CONDITIONS`: NSR, SB, STach, SA, PAC or AF.
    n, seed : int
        How many, and which; the same seed gives the same hearts under every condition.
    fs, seconds : float
        Sampling rate in Hz and length in s.
    noise : float
        Level of electrode noise; 0 is a clean ECG.

    Raises
    ------
    ValueError
        For an unknown condition, naming those there are.
    """
    if n < 1:
        raise ValueError(f"n={n}: expected at least one record")
    batch = draw([condition] * n, seed, fs, seconds, noise)
    signals = expand_matrix() @ batch.signals
    out = []
    for i in range(n):
        meta = {"source": "simulated", "labels": (condition,), "seed": seed, "index": i}
        record = Record(signals[i], fs, LEADS, meta)
        out.append(Simulated(record, batch.truth(i), condition, i, n, seed, noise))
    return out
