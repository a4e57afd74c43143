"""Hearts: the electrical waves of a person as kernels of a moving dipole.

Every wave is a sum of bell-shaped kernels in time, each with a dipole vector (x left, y foot,
z back, mV) that eight independent leads see through Dower's lead matrix. Kernel times are relative
to the R-peak, so a heart is a beat; `rhythm` says when the beats come, `conditions` what ails it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .adults import BEYOND_MEAN, BEYOND_SD, COMPONENTS, DIPOLES

Array = NDArray[np.float32]

#: Leads I, II, V1..V6 from the Frank dipole (x, y, z).
#: Dower, Machado & Osborne, Clin Cardiol 1980;3:87.
DOWER = np.array(
    [
        [0.632, -0.235, 0.059],
        [0.235, 1.066, -0.132],
        [-0.515, 0.157, -0.917],
        [0.044, 0.164, -1.387],
        [0.882, 0.098, -1.277],
        [1.213, 0.127, -0.601],
        [1.125, 0.127, -0.086],
        [0.831, 0.076, 0.230],
    ],
    dtype=np.float32,
)

#: Kernels of a beat.
KERNELS = ("P_right", "P_left", "Q", "R", "S", "late", "ST", "T", "U")
P_KERNELS, QRS_KERNELS, REPOLARISATION = slice(0, 2), slice(2, 6), slice(6, 9)
Q, R, S, LATE, ST, T, U = range(2, 9)
#: A Gaussian has no end: a wave's bounds lie so many widths outside its outer kernels, where
#: cardiologists mark the bounds of such waves (`signals.measure` agrees with the marks of LUDB, and
#: with these): at 7 % of the height of P, 1 % of QRS, 6 % of T.
P_SD, QRS_SD, T_SD = 2.3, 3.0, 2.4
#: A kernel is seen that reaches this share of the largest of its wave.
SEEN = 0.04
#: P ends sooner than it began: the atria's recovery has set in.
P_END_SD = 1.9
#: Size of the mean dipole of each kernel, mV.
_SIZE = np.linalg.norm(DIPOLES, axis=1)
#: The atria recover, too: a slow wave opposite to P (Ta), under PR, QRS and ST.
TA_SHARE, TA_DELAY_S, TA_RISE_S, TA_FALL_S = -0.30, 0.070, 0.050, 0.090


@dataclass(frozen=True)
class Hearts:
    """Waves of ``n`` hearts (times in s relative to the R-peak, dipoles in mV).

    Attributes
    ----------
    vectors : (n, kernels, 3) dipole of each kernel
    mu : (n, kernels) centre; of T and U at an RR interval of 1 s
    rise, fall : (n, kernels) width before and after the centre
    beyond : (n, 8, kernels) what a lead sees of a kernel of mean size beyond its dipole, mV: a heart
        is not one dipole, nor two chests alike
    lead_matrix : (n, 8, 3) Dower's matrix
    qtc_s : (n,) Fridericia-corrected QT
    """

    vectors: Array
    mu: Array
    rise: Array
    fall: Array
    beyond: Array
    lead_matrix: Array
    qtc_s: Array

    @property
    def qrs_onset_s(self) -> Array:
        """Onset of QRS before the R-peak, (n,), negative."""
        return self._bounds(QRS_KERNELS, QRS_SD, QRS_SD)[0]

    @property
    def qrs_offset_s(self) -> Array:
        """Offset of QRS after the R-peak (J-point), (n,)."""
        return self._bounds(QRS_KERNELS, QRS_SD, QRS_SD)[1]

    @property
    def p_onset_s(self) -> Array:
        """Onset of P before the R-peak, (n,), negative."""
        return self._bounds(P_KERNELS, P_SD, P_END_SD)[0]

    @property
    def p_offset_s(self) -> Array:
        """Offset of P before the R-peak, (n,), negative."""
        return self._bounds(P_KERNELS, P_SD, P_END_SD)[1]

    def _bounds(self, kernels: slice, before: float, after: float) -> tuple[Array, Array]:
        """Onset and offset of a wave, over those of its kernels that can be seen."""
        size = np.linalg.norm(self.vectors[:, kernels], axis=2)
        active = size > np.maximum(SEEN * size.max(axis=1, keepdims=True), 1e-6)
        starts = self.mu[:, kernels] - before * self.rise[:, kernels]
        ends = self.mu[:, kernels] + after * self.fall[:, kernels]
        onset = np.where(active, starts, np.inf).min(axis=1)
        offset = np.where(active, ends, -np.inf).max(axis=1)
        nothing = ~active.any(axis=1)
        onset[nothing], offset[nothing] = starts.min(axis=1)[nothing], ends.max(axis=1)[nothing]
        return onset.astype(np.float32), offset.astype(np.float32)

    def t_centre_s(self, rr_s: Array) -> Array:
        """Centre of T for preceding RR intervals ``(n, beats)``: QT = QTc RR^(1/3) (Fridericia)."""
        qt = self.qtc_s[:, None] * np.cbrt(np.clip(rr_s, 0.3, 1.6))
        return qt + (self.qrs_onset_s - T_SD * self.fall[:, T])[:, None]

    def weights(self) -> Array:
        """What each lead sees of each kernel, mV, ``(n, 8, kernels)``."""
        seen = np.matmul(self.lead_matrix, np.swapaxes(self.vectors, 1, 2)) + self.seen_beyond
        return seen.astype(np.float32)

    @cached_property
    def seen_beyond(self) -> Array:
        """What each lead sees of each kernel beyond its dipole, mV, ``(n, 8, kernels)``."""
        size = np.linalg.norm(self.vectors, axis=2) / _SIZE
        return (self.beyond * np.minimum(size, 2)[:, None]).astype(np.float32)

    def atria(self, weights: Array) -> tuple[Array, Array, Array, Array]:
        """Centres, rises, falls (n, 3) and what leads see (n, 8, 3) of P and of the atria's recovery."""
        p = weights[:, :, P_KERNELS]
        seen = np.concatenate((p, TA_SHARE * p.sum(axis=2, keepdims=True)), axis=2)

        def with_ta(value: Array, ta: Array | float) -> Array:
            last = np.broadcast_to(ta, (len(value),)).astype(np.float32)[:, None]
            return np.concatenate((value[:, P_KERNELS], last), axis=1)

        centre = with_ta(self.mu, self.p_offset_s + TA_DELAY_S)
        return centre, with_ta(self.rise, TA_RISE_S), with_ta(self.fall, TA_FALL_S), seen

    def take(self, rows: NDArray[np.int64]) -> Hearts:
        """The hearts of the given rows."""
        return Hearts(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})


@dataclass(frozen=True)
class People:
    """Whose hearts they are: ``age`` in years, ``female``, ``potassium`` in mmol/L, all (n,)."""

    age: Array
    female: NDArray[np.bool_]
    potassium: Array


def draw_people(n: int, rng: np.random.Generator) -> People:
    """Adults of 18 to 90 years, half of them women, with a normal potassium of 3.6-5.0 mmol/L."""
    age = rng.normal(56, 17, n).clip(18, 90)
    potassium = rng.normal(4.2, 0.3, n).clip(3.6, 5.0)
    return People(age.astype(np.float32), rng.random(n) < 0.5, potassium.astype(np.float32))


def draw_hearts(
    n: int, rng: np.random.Generator, variety: float = 0.0, people: People | None = None
) -> Hearts:
    """Draw ``n`` adult hearts.

    Healthy ranges (mean, SD) follow Rijnbeek et al., J Electrocardiol 2014;47:914 (PR 155 (20) ms,
    QRS 92 (9) ms, P duration 104 (10) ms) and Mason et al., J Electrocardiol 2007;40:228 (QTc
    Fridericia 409 (18) ms; 399 here, between that and the recordings below). Dipole directions are
    those of the normal vectorcardiogram (Macfarlane & Lawrie, Comprehensive Electrocardiology, 2010,
    ch. 12); kernel times and dipoles, and how these vary together, were fitted to healthy adults
    (`adults`).

    Parameters
    ----------
    variety : float, 0..1
        Share of hearts with altered morphology (wide or notched QRS, low or high voltage, flat or
        inverted T, ST shift, rotated axes): unnamed variation for training, not diagnoses.
    people : People, optional
        Age and sex act on the intervals and voltages (`_grow`).
    """

    def normal(mean: float, sd: float, low: float, high: float) -> Array:
        return np.clip(rng.normal(mean, sd, n), low, high).astype(np.float32)

    altered = rng.random((n, 6)) < variety * np.array([0.25, 0.15, 0.35, 0.25, 0.35, 0.3])
    wide, low, t_changed, st_changed, rotated, tall = altered.T

    qrs = normal(0.094, 0.009, 0.072, 0.117) + np.where(wide, rng.uniform(0.015, 0.07, n), 0)
    w = (qrs / 0.092).astype(np.float32)
    p_dur, pr = normal(0.104, 0.010, 0.080, 0.125), normal(0.155, 0.020, 0.118, 0.215)
    pr = np.maximum(pr, p_dur + 0.015)
    mu, rise, fall = (np.zeros((n, len(KERNELS)), np.float32) for _ in range(3))

    mu[:, Q], rise[:, Q] = normal(-0.0170, 0.0013, -0.020, -0.014) * w, 0.0076 * w
    mu[:, R], rise[:, R] = 0.0, normal(0.0097, 0.0008, 0.008, 0.0115) * w
    mu[:, S], rise[:, S] = normal(0.0110, 0.0015, 0.007, 0.015) * w, 0.0075 * w
    mu[:, LATE], rise[:, LATE] = normal(0.0195, 0.0020, 0.015, 0.024) * w, 0.0106 * w
    fall[:, QRS_KERNELS] = rise[:, QRS_KERNELS]
    qrs_onset = (mu[:, QRS_KERNELS] - QRS_SD * rise[:, QRS_KERNELS]).min(axis=1)
    sigma_p = 0.16 * p_dur
    mu[:, 0] = qrs_onset - pr + P_SD * sigma_p
    mu[:, 1] = mu[:, 0] + p_dur - (P_SD + P_END_SD) * sigma_p
    rise[:, P_KERNELS] = fall[:, P_KERNELS] = sigma_p[:, None]
    # ST climbs slowly into the T wave.
    mu[:, ST], rise[:, ST], fall[:, ST] = 0.097 * w, 0.030 * w, 0.10
    rise[:, T], fall[:, T] = normal(0.049, 0.006, 0.034, 0.07), normal(0.0335, 0.004, 0.025, 0.046)
    mu[:, U], rise[:, U], fall[:, U] = 0.15, 0.070, 0.080  # after the T peak

    vectors = _dipoles(n, rng)
    gain = normal(1.08, 0.08, 0.85, 1.3)
    gain *= np.where(low, rng.uniform(0.35, 0.6, n), 1) * np.where(
        tall, rng.uniform(1.2, 1.9, n), 1
    )
    vectors[:, QRS_KERNELS] *= gain[:, None, None]
    notch = np.where(wide, rng.uniform(0.3, 0.9, n), 0)[:, None]
    vectors[:, LATE] += notch * directions(n, rng) * np.linalg.norm(vectors[:, R], axis=1)[:, None]
    t_gain = np.where(t_changed, rng.uniform(-1.3, 0.6, n), 1.0)
    vectors[:, T] *= t_gain[:, None]
    st = np.where(st_changed, rng.uniform(-0.25, 0.25, n), 0)[:, None]
    vectors[:, ST] += st * (directions(n, rng) + [0.5, 0.3, -0.5])
    vectors[:, 2:] = np.einsum("nij,nkj->nki", _rotations(n, rng, rotated), vectors[:, 2:])

    beyond = BEYOND_MEAN + _within(rng.normal(size=(n, *BEYOND_SD.shape))) * BEYOND_SD
    hearts = Hearts(
        vectors=vectors.astype(np.float32),
        mu=mu,
        rise=rise,
        fall=fall,
        beyond=np.swapaxes(beyond, 1, 2).astype(np.float32),
        lead_matrix=np.broadcast_to(DOWER, (n, 8, 3)),
        qtc_s=normal(0.399, 0.018, 0.35, 0.455),
    )
    return hearts if people is None else _grow(hearts, people)


def stretch_qrs(hearts: Hearts, factor: Array) -> Hearts:
    """The hearts with QRS longer by ``factor`` (n,); P keeps its distance from the QRS onset."""
    mu, rise, fall = hearts.mu.copy(), hearts.rise.copy(), hearts.fall.copy()
    span = slice(Q, T)  # the ST level is reached with the QRS
    mu[:, span] *= factor[:, None]
    rise[:, span] *= factor[:, None]
    fall[:, QRS_KERNELS] *= factor[:, None]
    out = replace(hearts, mu=mu, rise=rise, fall=fall)
    mu[:, P_KERNELS] += (out.qrs_onset_s - hearts.qrs_onset_s)[:, None]
    return out


def _grow(hearts: Hearts, people: People) -> Hearts:
    """The hearts at their people's age and sex: women have shorter QRS, longer QTc, smaller R and T.

    Sizes: QRS 96 ms in men, 88 in women, PR and axis by age (Rijnbeek 2014); QTc 10 ms longer in
    women (Rautaharju et al., J Am Coll Cardiol 2009;53:982); voltages fall with age (Macfarlane
    & Lawrie 2010, ch. 13).
    """
    sex = np.where(people.female, 1.0, -1.0).astype(np.float32)
    decades = ((people.age - 50) / 10).astype(np.float32)
    hearts = stretch_qrs(hearts, 1 - 0.043 * sex)
    vectors = hearts.vectors.copy()
    vectors[:, QRS_KERNELS] *= ((1 - 0.06 * sex) * (1 - 0.035 * decades))[:, None, None]
    vectors[:, T] *= ((1 - 0.12 * sex) * (1 - 0.03 * decades))[:, None]
    vectors[:, ST] *= (1 - 0.3 * sex)[:, None]
    # The frontal axis turns some 3 degrees to the left each decade.
    angle = np.deg2rad(-3.0 * decades)
    cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]
    x, y = vectors[:, R:T, 0].copy(), vectors[:, R:T, 1].copy()
    vectors[:, R:T, 0], vectors[:, R:T, 1] = cos * x - sin * y, sin * x + cos * y
    mu = hearts.mu.copy()
    mu[:, P_KERNELS] -= (0.003 * decades)[:, None]  # PR
    return replace(hearts, vectors=vectors, mu=mu, qtc_s=hearts.qtc_s + 0.005 * sex)


def _dipoles(n: int, rng: np.random.Generator) -> Array:
    """Dipoles of healthy hearts, (n, kernels, 3), varied as they vary together; R points left and down."""
    drawn = [_within(rng.normal(size=(n, len(part)))) @ part for part in COMPONENTS]
    dipoles = DIPOLES + np.concatenate(drawn, axis=1).reshape(n, len(KERNELS), 3)
    dipoles[:, R, :2] = np.maximum(dipoles[:, R, :2], [0.45, 0.2])
    return dipoles


def _within(scores: NDArray[np.floating]) -> NDArray[np.floating]:
    """Standard normal scores clipped to 1.8: few hearts in the tails are healthy."""
    return np.clip(scores, -1.8, 1.8)


def directions(n: int, rng: np.random.Generator) -> Array:
    """Random unit vectors, (n, 3)."""
    vectors = rng.normal(size=(n, 3))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _rotations(n: int, rng: np.random.Generator, rotated: NDArray[np.bool_]) -> Array:
    """Rotations of the heart in the chest, (n, 3, 3): SD 40 degrees if ``rotated``, else none."""
    angle = rng.normal(size=(n, 3)) * np.where(rotated, 0.7, 0)[:, None]
    theta = np.linalg.norm(angle, axis=1)[:, None, None]
    axis = angle / np.maximum(theta[:, 0], 1e-9)
    cross = np.zeros((n, 3, 3))
    cross[:, [0, 1, 2], [1, 2, 0]] = -axis[:, [2, 0, 1]]
    cross[:, [1, 2, 0], [0, 1, 2]] = axis[:, [2, 0, 1]]
    return np.eye(3) + np.sin(theta) * cross + (1 - np.cos(theta)) * cross @ cross
