"""Hearts: the electrical waves of a person as kernels of a moving dipole.

Every wave is a sum of bell-shaped kernels in time, each with a dipole vector (x left, y foot,
z back, mV) that eight independent leads see through Dower's lead matrix. Kernel times are relative
to the R-peak, so a heart is a beat; `rhythm` says when the beats come.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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

#: Kernels of a beat. A wave's onset and offset lie two widths outside its outer kernels: there the
#: tangent at the steepest flank of a Gaussian meets the baseline.
KERNELS = ("P_right", "P_left", "Q", "R", "S", "late", "ST", "T")
WAVES = {"P": ("P_right", "P_left"), "QRS": ("Q", "R", "S", "late"), "T": ("ST", "T")}
P_KERNELS = slice(0, 2)
TANGENT = 2.0


@dataclass(frozen=True)
class Hearts:
    """Waves of ``n`` hearts (times in s relative to the R-peak, dipoles in mV).

    Attributes
    ----------
    vectors : (n, kernels, 3) dipole of each kernel
    mu : (n, kernels) centre; of T at an RR interval of 1 s
    rise, fall : (n, kernels) width before and after the centre
    lead_matrix : (n, 8, 3) Dower's matrix with each person's electrode positions
    qtc_s : (n,) Fridericia-corrected QT
    """

    vectors: Array
    mu: Array
    rise: Array
    fall: Array
    lead_matrix: Array
    qtc_s: Array

    @property
    def qrs_onset_s(self) -> Array:
        """Onset of QRS before the R-peak, (n,), negative."""
        return (self.mu[:, 2:6] - TANGENT * self.rise[:, 2:6]).min(axis=1)

    @property
    def qrs_offset_s(self) -> Array:
        """Offset of QRS after the R-peak (J-point), (n,)."""
        active = np.linalg.norm(self.vectors[:, 2:6], axis=2) > 0
        ends = self.mu[:, 2:6] + TANGENT * self.fall[:, 2:6]
        return np.where(active, ends, -np.inf).max(axis=1).astype(np.float32)

    @property
    def p_onset_s(self) -> Array:
        """Onset of P before the R-peak, (n,), negative."""
        return self.mu[:, 0] - TANGENT * self.rise[:, 0]

    @property
    def p_offset_s(self) -> Array:
        """Offset of P before the R-peak, (n,), negative."""
        return self.mu[:, 1] + TANGENT * self.fall[:, 1]

    def t_centre_s(self, rr_s: Array) -> Array:
        """Centre of T for preceding RR intervals ``(n, beats)``: QT = QTc RR^(1/3) (Fridericia)."""
        qt = self.qtc_s[:, None] * np.cbrt(np.clip(rr_s, 0.3, 1.6))
        return qt + (self.qrs_onset_s - TANGENT * self.fall[:, -1])[:, None]


def draw_hearts(n: int, rng: np.random.Generator, variety: float = 0.0) -> Hearts:
    """Draw ``n`` adult hearts.

    Healthy ranges (mean, SD) follow Rijnbeek et al., J Electrocardiol 2014;47:914 (PR 155 (20) ms,
    QRS 92 (9) ms, P duration 104 (10) ms) and Mason et al., J Electrocardiol 2007;40:228 (QTc
    Fridericia 409 (18) ms). Dipole directions are those of the normal vectorcardiogram
    (Macfarlane & Lawrie, Comprehensive Electrocardiology, 2010, ch. 12).

    Parameters
    ----------
    variety : float, 0..1
        Share of hearts with altered morphology (wide or notched QRS, low or high voltage, flat or
        inverted T, ST shift, rotated axes): unnamed variation for training, not diagnoses.
    """

    def normal(mean: float, sd: float, low: float, high: float) -> Array:
        return np.clip(rng.normal(mean, sd, n), low, high).astype(np.float32)

    altered = rng.random((n, 6)) < variety * np.array([0.25, 0.15, 0.35, 0.25, 0.35, 0.3])
    wide, low, t_changed, st_changed, rotated, tall = altered.T

    qrs = normal(0.092, 0.009, 0.072, 0.115) + np.where(wide, rng.uniform(0.015, 0.07, n), 0)
    w = (qrs / 0.092).astype(np.float32)
    p_dur, pr = normal(0.104, 0.010, 0.080, 0.125), normal(0.155, 0.020, 0.118, 0.215)
    pr = np.maximum(pr, p_dur + 0.015)
    mu, rise, fall = (np.zeros((n, len(KERNELS)), np.float32) for _ in range(3))

    mu[:, 2], rise[:, 2] = -0.025 * w, 0.0085 * w
    mu[:, 3], rise[:, 3] = 0.0, normal(0.0112, 0.0012, 0.008, 0.014) * w
    mu[:, 4], rise[:, 4] = normal(0.026, 0.002, 0.021, 0.031) * w, 0.0115 * w
    mu[:, 5], rise[:, 5] = 0.030 * w, 0.0100 * w
    fall[:, 2:6] = rise[:, 2:6]
    qrs_onset = mu[:, 2] - TANGENT * rise[:, 2]
    sigma_p = p_dur * 0.165
    mu[:, 0] = qrs_onset - pr + TANGENT * sigma_p
    mu[:, 1] = mu[:, 0] + p_dur - 2 * TANGENT * sigma_p
    rise[:, 0:2] = fall[:, 0:2] = sigma_p[:, None]
    mu[:, 6], rise[:, 6], fall[:, 6] = 0.13, 0.035, 0.06
    rise[:, 7], fall[:, 7] = normal(0.060, 0.008, 0.04, 0.085), normal(0.042, 0.005, 0.03, 0.06)

    vectors = _normal_dipoles(n, rng)
    gain = normal(1.0, 0.22, 0.55, 1.6)
    gain *= np.where(low, rng.uniform(0.35, 0.6, n), 1) * np.where(
        tall, rng.uniform(1.2, 1.9, n), 1
    )
    vectors[:, 2:5] *= gain[:, None, None]
    notch = np.where(wide, rng.uniform(0.3, 0.9, n), 0)[:, None]
    vectors[:, 5] = notch * _directions(n, rng) * np.linalg.norm(vectors[:, 3], axis=1)[:, None]
    t_gain = np.where(t_changed, rng.uniform(-1.3, 0.6, n), rng.lognormal(0, 0.3, n))
    vectors[:, 7] *= t_gain[:, None]
    st = np.where(st_changed, rng.uniform(-0.25, 0.25, n), rng.normal(0.02, 0.02, n))[:, None]
    vectors[:, 6] = st * (_directions(n, rng) + [0.5, 0.3, -0.5])
    vectors[:, 2:] = np.einsum("nij,nkj->nki", _rotations(n, rng, rotated), vectors[:, 2:])

    jitter = 1 + rng.normal(0, 0.10, (n, 8, 1)) + rng.normal(0, 0.06, (n, 8, 3))
    return Hearts(
        vectors=vectors.astype(np.float32),
        mu=mu,
        rise=rise,
        fall=fall,
        lead_matrix=(DOWER * jitter).astype(np.float32),
        qtc_s=normal(0.409, 0.018, 0.36, 0.46),
    )


def _normal_dipoles(n: int, rng: np.random.Generator) -> Array:
    """Dipoles of normal hearts, (n, kernels, 3), with each component varied."""
    mean = np.zeros((len(KERNELS), 3))
    mean[0] = [0.045, 0.085, -0.055]
    mean[1] = [0.070, 0.075, 0.045]
    mean[2] = [-0.14, -0.06, -0.24]
    mean[3] = [1.00, 0.78, 0.28]
    mean[4] = [-0.26, -0.20, 0.58]
    mean[7] = [0.27, 0.20, -0.15]
    size = np.linalg.norm(mean, axis=1, keepdims=True)
    spread = np.array([0.22, 0.22, 0.35, 0.18, 0.35, 0, 0, 0.18])[:, None]
    return mean + rng.normal(size=(n, len(KERNELS), 3)) * spread * size


def _directions(n: int, rng: np.random.Generator) -> Array:
    """Random unit vectors, (n, 3)."""
    vectors = rng.normal(size=(n, 3))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _rotations(n: int, rng: np.random.Generator, rotated: NDArray[np.bool_]) -> Array:
    """Small rotations of the heart in the chest, (n, 3, 3): SD 12 degrees; 40 if ``rotated``."""
    angle = rng.normal(size=(n, 3)) * np.where(rotated, 0.7, 0.21)[:, None]
    theta = np.linalg.norm(angle, axis=1)[:, None, None]
    axis = angle / np.maximum(theta[:, 0], 1e-9)
    cross = np.zeros((n, 3, 3))
    cross[:, [0, 1, 2], [1, 2, 0]] = -axis[:, [2, 0, 1]]
    cross[:, [1, 2, 0], [0, 1, 2]] = axis[:, [2, 0, 1]]
    return np.eye(3) + np.sin(theta) * cross + (1 - np.cos(theta)) * cross @ cross
