"""A simulated beat without noise: where each lead's deflections lie, and how large they are."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..ecg import LEADS, expand_matrix
from .heart import (
    P_KERNELS,
    QRS_KERNELS,
    QRS_SD,
    SEEN,
    T_SD,
    Array,
    Hearts,
    T,
    U,
)

#: A deflection smaller than this is none (Kligfield et al., Circulation 2007;115:1306, after CSE).
FLOOR_MV = 0.02
#: The atria show no P wave below this spatial size.
P_FLOOR_MV = 0.03
#: ST is measured so long after J.
_ST_S = 0.060
_STEP_S = 0.001


class Deflections:
    """Q, R and S of ``n`` hearts in twelve leads, s relative to the R-peak.

    Q is the negative deflection before the first positive one, R the largest positive one, S the
    largest negative one after the first positive one; a QS complex is a Q.

    Attributes
    ----------
    spans_s : (n, 12, 4, 3) onset, peak, offset of Q, R, S and of the whole QRS (its peak is its
        largest deflection); NaN where absent
    heights_mv : (n, 12, 4)
    """

    def __init__(self, hearts: Hearts, t_centre_s: Array) -> None:
        n = len(hearts.mu)
        self.time = np.arange(
            float(hearts.qrs_onset_s.min()) - 0.002,
            float(hearts.qrs_offset_s.max()) + 0.003,
            _STEP_S,
        ).astype(np.float32)
        self.signal = ventricles(hearts, t_centre_s, self.time)
        onset, offset = lead_bounds(hearts)
        inside = (self.time >= onset[..., None]) & (self.time <= offset[..., None])
        signal = np.where(inside, self.signal, 0.0)
        positive = signal >= FLOOR_MV
        last = len(self.time) - 1
        first_positive = np.where(positive.any(axis=2), positive.argmax(axis=2), last + 1)
        place = np.arange(len(self.time))
        before = place < first_positive[..., None]
        q = np.where(before, signal, 0.0).argmin(axis=2)
        s = np.where(before, 0.0, signal).argmin(axis=2)
        r, most = signal.argmax(axis=2), np.abs(signal).argmax(axis=2)

        at = np.stack((q, r, s, most), axis=2)
        height = np.take_along_axis(self.signal, at.reshape(n, 12, 4), axis=2)
        sign = np.array([-1.0, 1.0, -1.0, 0.0])
        # A J point off the level is no deflection: R and S have a peak of their own.
        end = np.abs(self.time - offset[..., None]).argmin(axis=2)[..., None]
        above_j = height - np.take_along_axis(self.signal, end, axis=2)
        own = np.stack(
            (height[..., 0], *np.moveaxis(above_j[..., 1:3], 2, 0), height[..., 3]), axis=2
        )
        absent = (np.minimum(height * sign, own * sign) < FLOOR_MV) & (sign != 0)
        starts, ends = self._runs(signal, at)
        starts[..., 3], ends[..., 3] = onset, offset
        spans = np.stack((starts, self.time[at], ends), axis=3)
        spans = np.clip(spans, onset[..., None, None], offset[..., None, None])
        self.spans_s = np.where(absent[..., None], np.nan, spans).astype(np.float32)
        self.heights_mv = np.where(absent, np.nan, height).astype(np.float32)

    def _runs(self, signal: Array, at: NDArray[np.intp]) -> tuple[Array, Array]:
        """First and last time about each index at which the lead keeps its sign, (n, 12, 4)."""
        change = np.diff(np.sign(signal), axis=2, prepend=0.0) != 0
        place = np.arange(signal.shape[2])
        begun = np.maximum.accumulate(np.where(change, place, 0), axis=2)
        ended = np.where(change, place, signal.shape[2] - 1)
        ended = np.minimum.accumulate(ended[..., ::-1], axis=2)[..., ::-1]
        after = np.minimum(at + 1, signal.shape[2] - 1)
        return (
            self.time[np.take_along_axis(begun, at, axis=2)],
            self.time[np.take_along_axis(ended, after, axis=2)],
        )


def shapes(hearts: Hearts, t_centre_s: Array, time: Array) -> Array:
    """Kernels of unit height over ``time`` relative to the R-peak, (n, kernels, times)."""
    mu = hearts.mu.copy()
    mu[:, U] += t_centre_s
    mu[:, T] = t_centre_s
    offset = time - mu[:, :, None]
    width = np.where(offset < 0, hearts.rise[:, :, None], hearts.fall[:, :, None])
    return np.exp(-0.5 * np.square(offset / width)).astype(np.float32)


def ventricles(hearts: Hearts, t_centre_s: Array, time: Array) -> Array:
    """QRS, ST, T and U of twelve leads, mV, (n, 12, times)."""
    weights = expand_matrix() @ hearts.weights()
    kernels = slice(QRS_KERNELS.start, None)
    return np.matmul(weights[:, :, kernels], shapes(hearts, t_centre_s, time)[:, kernels])


def lead_bounds(hearts: Hearts) -> tuple[Array, Array]:
    """Onset and offset of QRS in each lead, (n, 12): of the kernels that the lead sees."""
    weights = np.abs(expand_matrix() @ hearts.weights())[:, :, QRS_KERNELS]
    seen = weights >= np.maximum(SEEN * weights.max(axis=2, keepdims=True), FLOOR_MV / 2)
    starts = (hearts.mu - QRS_SD * hearts.rise)[:, None, QRS_KERNELS]
    ends = (hearts.mu + QRS_SD * hearts.fall)[:, None, QRS_KERNELS]
    onset = np.where(seen, starts, np.inf).min(axis=2)
    offset = np.where(seen, ends, -np.inf).max(axis=2)
    onset = np.where(np.isfinite(onset), onset, hearts.qrs_onset_s[:, None])
    offset = np.where(np.isfinite(offset), offset, hearts.qrs_offset_s[:, None])
    return onset, offset


def p_size_mv(hearts: Hearts) -> Array:
    """Largest P dipole of each heart, mV, (n,)."""
    return np.linalg.norm(hearts.vectors[:, P_KERNELS], axis=2).max(axis=1)


def has_t(hearts: Hearts) -> NDArray[np.bool_]:
    """Whether each heart has a T wave to speak of, (n,)."""
    return np.linalg.norm(hearts.vectors[:, T], axis=1) >= 2 * FLOOR_MV


class Beat:
    """The conducted beat of one heart and its true measurements."""

    def __init__(self, hearts: Hearts, t_centre_s: Array, conducts_p: bool = True) -> None:
        self.hearts, self.t_centre_s = hearts, np.asarray(t_centre_s)
        self.conducts_p = conducts_p
        self.deflections = Deflections(hearts, self.t_centre_s)
        self.onset, self.offset = float(hearts.qrs_onset_s[0]), float(hearts.qrs_offset_s[0])
        self.has_p = bool(p_size_mv(hearts)[0] >= P_FLOOR_MV)
        self.has_t = bool(has_t(hearts)[0])

    @property
    def t_span_s(self) -> tuple[float, float]:
        """Onset and offset of T after the R-peak."""
        centre, heart = float(self.t_centre_s[0]), self.hearts
        return centre - T_SD * float(heart.rise[0, T]), centre + T_SD * float(heart.fall[0, T])

    def at(self, time_s: NDArray[np.floating]) -> Array:
        """QRS-T of twelve leads at times after R, from the level before QRS, mV, (12, times)."""
        time = np.asarray(time_s, np.float32)
        level = self._atrial_recovery(np.array([self.onset], np.float32))
        ventricular = ventricles(self.hearts, self.t_centre_s, time)[0]
        return ventricular + self._atrial_recovery(time) - level

    def _atrial_recovery(self, time: Array) -> Array:
        """The atria's recovery (Ta) in twelve leads, mV, (12, times)."""
        if not self.conducts_p:
            return np.zeros((12, len(time)), np.float32)
        mu, rise, fall, seen = self.hearts.atria(self.hearts.weights())
        offset = time - mu[0, -1]
        width = np.where(offset < 0, rise[0, -1], fall[0, -1])
        ta = seen[0, :, -1:] * np.exp(-0.5 * np.square(offset / width))
        return np.asarray(expand_matrix() @ ta)

    @cached_property
    def p_signal(self) -> Array:
        """P wave of twelve leads between its onset and offset, mV, (12, times)."""
        heart = self.hearts
        time = np.arange(heart.p_onset_s[0], heart.p_offset_s[0], _STEP_S).astype(np.float32)
        kernels = shapes(heart, self.t_centre_s, time)[:, P_KERNELS]
        return (expand_matrix() @ heart.weights()[:, :, P_KERNELS] @ kernels)[0]

    @cached_property
    def t_height_mv(self) -> Array:
        """Largest deflection about the T peak, signed, (12,)."""
        centre, (start, end) = float(self.t_centre_s[0]), self.t_span_s
        time = np.arange(max(start, centre - 0.06), min(end, centre + 0.06), _STEP_S)
        return _largest(self.at(time))

    def measurements(self, rr_mean_ms: float) -> dict[str, float]:
        """Values under the names of `cofe_widgets.measure`, in ms, mV and degrees."""
        heart, lead = self.hearts, self._leads
        p_on, p_off = float(heart.p_onset_s[0]), float(heart.p_offset_s[0])
        qt, rr_s = 1000 * (self.t_span_s[1] - self.onset), rr_mean_ms / 1000
        ii = lead.loc["II"]
        qrs = self.deflections.signal[0]
        time = np.arange(*self.t_span_s, _STEP_S)
        nan = float("nan")
        values = {
            "p_duration_ms": 1000 * (p_off - p_on),
            "pr_ms": 1000 * (self.onset - p_on),
            "qrs_ms": 1000 * (self.offset - self.onset),
            **{name: float(ii[name]) for name in _LEAD_II},
            "qt_ms": qt if self.has_t else nan,
            "qtc_bazett_ms": qt / np.sqrt(rr_s) if self.has_t else nan,
            "qtc_fridericia_ms": qt / np.cbrt(rr_s) if self.has_t else nan,
            "qtc_framingham_ms": qt + 154 * (1 - rr_s) if self.has_t else nan,
            "p_axis_deg": axis_deg(self.p_signal) if self.has_p else nan,
            "qrs_axis_deg": axis_deg(qrs),
            "t_axis_deg": axis_deg(self.at(time)) if self.has_t else nan,
        }
        r, s = lead.r_amplitude_mv.fillna(0.0), -_negative(lead)
        values["sokolow_lyon_mv"] = s["V1"] + max(r["V5"], r["V6"])
        values["lewis_mv"] = (r["I"] + s["III"]) - (r["III"] + s["I"])
        values["cornell_mv"] = r["aVL"] + s["V3"]
        return {name: float(value) for name, value in values.items()}

    def lead_measurements(self) -> pd.DataFrame:
        """Values of each lead under the names of ``measure(record, per="lead")``."""
        return self._leads.copy()

    @cached_property
    def _leads(self) -> pd.DataFrame:
        height, spans = self.deflections.heights_mv[0], 1000 * self.deflections.spans_s[0]
        length = spans[..., 2] - spans[..., 0]
        j, st = self.at(np.array([self.offset, self.offset + _ST_S])).T
        p = _largest(self.p_signal) if self.has_p else np.full(12, np.nan)
        t = self.t_height_mv if self.has_t else np.full(12, np.nan)
        q, r, s = height[:, 0], height[:, 1], height[:, 2]
        table = {
            "p_amplitude_mv": p,
            "q_amplitude_mv": q,
            "q_duration_ms": length[:, 0],
            "r_amplitude_mv": r,
            "r_duration_ms": length[:, 1],
            "s_amplitude_mv": s,
            "s_duration_ms": length[:, 2],
            "rs_ratio": r / -s,
            "qrs_ms": length[:, 3],
            "j_amplitude_mv": j,
            "st_amplitude_mv": st,
            "st_slope_mv_per_s": (st - j) / _ST_S,
            "t_amplitude_mv": t,
            "t_polarity": np.where(np.abs(t) < 0.05, 0.0, np.sign(t)),
        }
        return pd.DataFrame(table, index=pd.Index(LEADS, name="lead"), dtype=float)


_LEAD_II = (
    "p_amplitude_mv",
    "q_amplitude_mv",
    "q_duration_ms",
    "r_amplitude_mv",
    "s_amplitude_mv",
    "rs_ratio",
    "j_amplitude_mv",
    "st_amplitude_mv",
    "st_slope_mv_per_s",
    "t_amplitude_mv",
    "t_polarity",
)


def axis_deg(signal: Array) -> float:
    """Frontal axis of the net area in leads I and aVF, degrees, of twelve leads (12, times)."""
    area = signal.sum(axis=1)
    return float(np.degrees(np.arctan2(area[LEADS.index("aVF")] * 2 / np.sqrt(3), area[0])))


def _negative(lead: pd.DataFrame) -> pd.Series:
    """The deepest deflection of each lead, S or a QS complex, 0 where there is none."""
    no_r = lead.r_amplitude_mv.isna()
    deep = lead.s_amplitude_mv.where(~no_r, lead.q_amplitude_mv)
    return deep.fillna(0.0)


def _largest(signal: Array) -> Array:
    """The value of each lead furthest from zero."""
    furthest = np.abs(signal).argmax(axis=1)[:, None]
    return np.take_along_axis(signal, furthest, 1)[:, 0]
