"""The truth about a simulated record: fiducials, segments, measurements, and what the condition altered."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..ecg import LEADS
from ..vocabulary.segments import POINTS, paint
from .batch import Batch
from .beat import Beat
from .heart import Array

_COLUMNS = ["beat", "lead", "wave", "onset_ms", "peak_ms", "offset_ms"]


class Truth:
    """The truth about one simulated record.

    Leads are those of well-placed electrodes: swapping or clipping them changes the record, not
    this.
    """

    def __init__(self, batch: Batch, row: int) -> None:
        self._batch, self._row = batch, row
        self.condition = str(batch.conditions[row])
        self.severity = float(batch.severity[row])
        self.fs, self.seconds = batch.fs, batch.signals.shape[-1] / batch.fs
        self.hearts = batch.hearts.take(np.array([row]))
        self.rhythms = batch.rhythms.take(np.array([row]))

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
    def beat_labels(self) -> tuple[str, ...]:
        """Kind of each beat: N conducted, A premature atrial (PAC), V premature ventricular (PVC)."""
        ectopic, early = (
            flags[0, self.beats_inside] for flags in (self.rhythms.ectopic, self.rhythms.early)
        )
        return tuple("V" if v else "A" if a else "N" for v, a in zip(ectopic, early, strict=True))

    @cached_property
    def beat(self) -> Beat:
        """The conducted beat without noise, in twelve leads."""
        return Beat(self.hearts, self._t_delay_s, bool(self.rhythms.p_wave[0]))

    @property
    def _t_delay_s(self) -> Array:
        """Median T centre of the beats inside, (1,)."""
        inside = self.beats_inside if len(self.beats_inside) else slice(None)
        return np.median(self.hearts.t_centre_s(self.rhythms.rr_s)[:, inside], axis=1)

    @cached_property
    def fiducials(self) -> pd.DataFrame:
        """Every wave of every beat whose R-peak lies in the record.

        Columns beat, lead, wave, onset_ms, peak_ms, offset_ms (from the start of the record).
        Waves: P, QRS, T; Q, R, S, the deflections of the lead's QRS; L, the ST/L point (peak
        only): J + 60 ms, or halfway to the T onset where that comes first. J is QRS's offset. An
        absent wave has no row. Onset and offset of P and T are those of the dipole, alike in all
        leads; those of QRS are where the lead begins and ceases to see it.
        """
        points = 1000.0 * self._batch.points_s[self._row][:, self.beats_inside].astype(float)
        spans = 1000.0 * self._batch.deflections_s[self._row][:, self.beats_inside].astype(float)
        of = {name: points[..., k] for k, name in enumerate(POINTS)}
        nothing = np.full_like(of["P peak"], np.nan)
        waves = {
            "P": (of["P onset"], of["P peak"], of["P offset"]),
            "QRS": (of["QRS onset"], spans[..., 3, 1], of["QRS offset"]),
            "Q": (spans[..., 0, 0], spans[..., 0, 1], spans[..., 0, 2]),
            "R": (spans[..., 1, 0], spans[..., 1, 1], spans[..., 1, 2]),
            "S": (spans[..., 2, 0], spans[..., 2, 1], spans[..., 2, 2]),
            "L": (nothing, of["L point"], nothing),
            "T": (of["T onset"], of["T peak"], of["T offset"]),
        }
        values = np.stack([np.stack(times, axis=-1) for times in waves.values()], axis=2)
        lead, beat, wave = np.nonzero(np.isfinite(values[..., 1]))
        order = np.lexsort((wave, lead, beat))
        lead, beat, wave = lead[order], beat[order], wave[order]
        times = values[lead, beat, wave]
        names = np.array(list(waves))[wave], np.array(LEADS)[lead]
        return pd.DataFrame(
            dict(zip(_COLUMNS, (beat, names[1], names[0], *times.T), strict=True)), columns=_COLUMNS
        )

    @cached_property
    def segments(self) -> NDArray[np.int8]:
        """Segment of each sample, (samples,), an index into `segments.SEGMENTS`, the leads together.

        QRS lasts from the first lead that begins to the last that ends; the rest are medians.
        """
        points = self._batch.painted_points(slice(self._row, self._row + 1))[0]
        out = np.full(points.shape[1:], np.nan)
        seen = np.isfinite(points).any(axis=0)
        first, last = (POINTS.index(name) for name in ("QRS onset", "QRS offset"))
        # nanmedian warns where no lead has the point: only those that some lead has are asked.
        out[seen] = np.nanmedian(points[:, seen], axis=0)
        for column, choose in ((first, np.nanmin), (last, np.nanmax)):
            some = seen[:, column]
            out[some, column] = choose(points[:, some, column], axis=0)
        return paint(out, self.fs, self._batch.signals.shape[-1])

    @cached_property
    def lead_segments(self) -> NDArray[np.int8]:
        """Segment of each sample of each lead, (12, samples)."""
        points = self._batch.painted_points(slice(self._row, self._row + 1))[0]
        return paint(points, self.fs, self._batch.signals.shape[-1])

    @cached_property
    def cause(self) -> Array:
        """What the condition altered, mV, (12, samples).

        This heart minus the same heart, beating at the same times, without it: zero where a
        condition only moves beats (``rhythm_altered``).
        """
        return self._batch.cause[self._row]

    @property
    def rhythm_altered(self) -> bool:
        """Whether the condition also decides when the beats come."""
        return bool(self._batch.rhythm_altered[self._row])

    @cached_property
    def measurements(self) -> dict[str, float]:
        """True values under the names of `cofe_widgets.measure` (amplitudes in lead II)."""
        inside = self.beats_inside
        rr = 1000 * np.diff(self.r_peaks_s.astype(float))
        rr_mean = float(rr.mean()) if rr.size else float("nan")
        has_p = np.isfinite(self.rhythms.p_s[0, inside])
        # The AV node delays the beats of Wenckebach beyond the heart's own PR.
        late = (self.rhythms.r_s - self.rhythms.p_s)[0, inside][has_p]
        delay = 1000 * float(np.median(late)) if late.size else 0.0
        nan = float("nan")
        values = {
            "heart_rate_bpm": 60000 / rr_mean,
            "rr_mean_ms": rr_mean,
            "rr_sd_ms": float(rr.std(ddof=1)) if rr.size > 1 else nan,
            "rr_rmssd_ms": float(np.sqrt(np.mean(np.diff(rr) ** 2))) if rr.size > 1 else nan,
            "p_presence": float(has_p.mean()) if self.beat.has_p and has_p.size else 0.0,
            **self.beat.measurements(rr_mean),
        }
        values["pr_ms"] += delay
        if not values["p_presence"]:
            for name in ("p_amplitude_mv", "p_duration_ms", "pr_ms", "p_axis_deg"):
                values[name] = nan
        return values

    @cached_property
    def lead_measurements(self) -> pd.DataFrame:
        """True values of each lead under the names of ``measure(record, per="lead")``."""
        table = self.beat.lead_measurements()
        if not self.measurements["p_presence"]:
            table["p_amplitude_mv"] = float("nan")
        return table
