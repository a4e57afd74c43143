"""What can ail a heart: the conditions, which of them go together, and what they do to its waves.

A condition turns the kernels of a healthy heart towards those of an ill one, as far as its
severity says; the person's own rotation, voltage and variation stay.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..vocabulary.diagnoses import require, title
from .adults import DIPOLES
from .beat import ventricles
from .heart import (
    LATE,
    P_KERNELS,
    P_SD,
    QRS_KERNELS,
    ST,
    Array,
    Hearts,
    People,
    Q,
    R,
    S,
    T,
    U,
    directions,
    stretch_qrs,
)


class Condition(NamedTuple):
    """What a condition acts on (two of one kind exclude each other), and whether it has degrees."""

    code: str
    kind: str
    graded: bool = True

    @property
    def words(self) -> str:
        """What people call it."""
        return title(self.code)


#: Conditions that are simulated, by code; each has a row in `vocabulary.diagnoses`.
CONDITIONS = {
    one.code: one
    for one in (
        Condition("NSR", "rhythm", False),
        Condition("SB", "rhythm"),
        Condition("STach", "rhythm"),
        Condition("SA", "rhythm"),
        Condition("AF", "rhythm", False),
        Condition("AFL", "rhythm", False),
        Condition("IAVB", "conduction"),
        Condition("MoI", "conduction", False),
        Condition("PAC", "atrial ectopy"),
        Condition("PVC", "ventricular ectopy"),
        Condition("LBBB", "bundle"),
        Condition("RBBB", "bundle"),
        Condition("LAFB", "fascicle"),
        Condition("LVH", "voltage"),
        Condition("LQRSV", "voltage"),
        Condition("AMI", "infarction"),
        Condition("IMI", "infarction"),
        Condition("SMI", "infarction"),
        Condition("STEMI_A", "acute"),
        Condition("STEMI_I", "acute"),
        Condition("STEMI_L", "acute"),
        Condition("LQT", "repolarisation"),
        Condition("HYPERK", "potassium"),
        Condition("HYPOK", "potassium"),
    )
}
require(CONDITIONS, "simulate/conditions.py")
#: Pairs that medicine does not combine: these need the sinus node's P waves, or hide each other.
_EXCLUDED = [
    ({"AF", "AFL"}, {"IAVB", "MoI", "PAC"}),
    ({"MoI"}, {"PAC", "PVC"}),
    ({"LBBB"}, {"LAFB", "AMI", "IMI", "SMI", "LVH"}),
]
_LEAST_PR_SEGMENT_S = 0.010
#: Potassium in mmol/L at severity 0 and 1.
POTASSIUM = {"HYPERK": (5.5, 8.8), "HYPOK": (3.5, 2.0)}


def parse(condition: str) -> tuple[str, ...]:
    """Codes of ``"AF+LBBB"``, checked.

    Raises
    ------
    ValueError
        For an unknown code, naming those there are, or codes that exclude each other.
    """
    codes = tuple(dict.fromkeys(code.strip() for code in condition.split("+")))
    unknown = sorted(set(codes) - set(CONDITIONS))
    if unknown:
        raise ValueError(
            f"unknown condition {', '.join(map(repr, unknown))}: "
            f"expected one of {', '.join(CONDITIONS)}, or several joined by '+'"
        )
    kinds = [CONDITIONS[code].kind for code in codes]
    for kind in kinds:
        same = [code for code in codes if CONDITIONS[code].kind == kind]
        if len(same) > 1:
            raise ValueError(f"{' and '.join(same)} exclude each other: a heart has one {kind}")
    for some, others in _EXCLUDED:
        if some & set(codes) and others & set(codes):
            pair = sorted(some & set(codes)) + sorted(others & set(codes))
            raise ValueError(f"{' and '.join(pair)} are not simulated together")
    return codes


class _Form(NamedTuple):
    """Kernels of an ill heart: dipoles in mV; centre, rise and fall (s) where they differ."""

    vectors: dict[int, tuple[float, float, float]]
    times: dict[int, tuple[float, float, float]]


# Initial, main and terminal QRS forces, ST and T point as vectorcardiography describes them in each
# condition (Macfarlane & Lawrie 2010, chs. 12-16); their sizes were set by hand, beside real ECGs.
# A later form has the last word on times: bundle branch blocks come after what they outlast.
_FORMS = {
    # Initial forces down and right, then up and left: axis beyond -45 degrees.
    "LAFB": _Form(
        {
            Q: (-0.40, 0.50, -0.35),
            R: (0.95, -0.66, 0.20),
            S: (0.05, -0.42, 0.36),
            LATE: (-0.18, -0.34, 0.42),
        },
        {LATE: (0.0240, 0.0125, 0.0125)},
    ),
    # Tall leftward and backward forces that take longer.
    "LVH": _Form(
        {
            Q: (-0.14, -0.14, -0.50),
            R: (2.00, 0.78, 0.98),
            S: (0.28, 0.12, 1.15),
            LATE: (-0.25, -0.10, 0.95),
        },
        {R: (0.0, 0.0120, 0.0120), S: (0.0140, 0.0090, 0.0090), LATE: (0.024, 0.0125, 0.0125)},
    ),
    # No septal q; the main forces slow, leftwards and backwards, notched; ST and T oppose them.
    "LBBB": _Form(
        {
            Q: (0.14, 0.05, 0.24),
            R: (0.62, 0.32, 0.86),
            S: (0.25, 0.10, 1.00),
            LATE: (0.86, 0.20, 0.55),
            ST: (-0.14, -0.04, -0.24),
            T: (-0.32, -0.06, -0.36),
        },
        {
            Q: (-0.036, 0.0095, 0.0095),
            R: (0.0, 0.0155, 0.0155),
            S: (0.025, 0.0165, 0.0165),
            LATE: (0.056, 0.0145, 0.0145),
            ST: (0.080, 0.0200, 0.1000),
        },
    ),
    # Normal until 50 ms; then slow forces rightwards and forwards; T opposes them in V1-V3.
    "RBBB": _Form(
        {
            S: (0.05, 0.05, 0.14),
            LATE: (-0.34, -0.05, -0.70),
            ST: (0.02, 0.00, 0.04),
            T: (0.28, 0.18, 0.28),
        },
        {S: (0.017, 0.0095, 0.0095), LATE: (0.058, 0.0178, 0.0178)},
    ),
    # Old infarctions: the first 40 ms point away from the scar, T too.
    "AMI": _Form(
        {
            Q: (-0.12, 0.02, 0.85),
            R: (0.66, 0.52, 0.46),
            S: (0.10, 0.12, 0.34),
            LATE: (-0.10, -0.04, 0.36),
            ST: (0.0, -0.02, -0.10),
            T: (-0.02, 0.14, 0.30),
        },
        {Q: (-0.0150, 0.0110, 0.0110)},
    ),
    "IMI": _Form(
        {Q: (0.02, -0.68, -0.22), R: (1.00, 0.48, 0.17), T: (0.26, -0.17, -0.18)},
        {Q: (-0.0190, 0.0098, 0.0098)},
    ),
    "SMI": _Form(
        {Q: (0.08, 0.02, 0.34), R: (1.02, 0.64, 0.30), T: (0.28, 0.14, 0.03)},
        {Q: (-0.0170, 0.0105, 0.0105)},
    ),
    # Acute injury: ST, high from J into T, towards the territory and away from the opposite one.
    "STEMI_A": _Form(
        {ST: (0.16, -0.14, -0.36), T: (0.40, 0.12, -0.42)}, {ST: (0.040, 0.014, 0.140)}
    ),
    "STEMI_I": _Form({ST: (-0.08, 0.36, 0.17), T: (0.10, 0.50, 0.04)}, {ST: (0.040, 0.014, 0.140)}),
    "STEMI_L": _Form({ST: (0.38, -0.17, 0.18), T: (0.58, 0.02, 0.10)}, {ST: (0.040, 0.014, 0.140)}),
}
#: The strain of a severe hypertrophy: ST and T turn away from the QRS.
_STRAIN = _Form({ST: (-0.13, -0.06, -0.13), T: (-0.22, -0.10, -0.16)}, {})
#: QRS of low voltage spans less than this (mV, limb and chest leads) at severities 0.6 and 1.
_LOW_LIMB_MV, _LOW_CHEST_MV = (0.48, 0.30), (0.98, 0.65)
#: Spread of a form's dipoles between people, as a share of their size.
_SPREAD = 0.12


def apply_conditions(
    hearts: Hearts,
    has: dict[str, NDArray[np.bool_]],
    severity: Array,
    people: People,
    rng: np.random.Generator,
) -> Hearts:
    """The hearts under their conditions.

    Parameters
    ----------
    has : mapping of code to (n,) bool
    severity : (n,)
    """
    individual = rng.normal(size=hearts.vectors.shape).astype(np.float32)
    for code, form in _FORMS.items():
        if code in has and has[code].any():
            hearts = _towards(hearts, form, severity * has[code], individual)
    if "LVH" in has:
        strain = ((severity - 0.65) / 0.35).clip(0) * has["LVH"]
        hearts = _towards(hearts, _STRAIN, strain, individual)
    if "LQRSV" in has:
        hearts = _low_voltage(hearts, severity * has["LQRSV"])
    if "LQT" in has:
        long = has["LQT"] * severity
        rise = hearts.rise.copy()
        rise[:, T] *= 1 + 0.35 * long * np.abs(individual[:, T, 0]).clip(0, 1.5)
        qtc = (hearts.qtc_s + 0.16 * long).astype(np.float32)
        hearts = replace(hearts, rise=rise, qtc_s=qtc)
    if "IAVB" in has:
        delay = has["IAVB"] * (0.203 + 0.10 * severity**3 - pr_s(hearts)).clip(min=0)
        mu = hearts.mu.copy()
        mu[:, P_KERNELS] -= delay[:, None]
        hearts = replace(hearts, mu=mu)
    hearts = _potassium(hearts, people.potassium)
    # A Q wave or a broad P takes its time from a PR segment that stays.
    mu = hearts.mu.copy()
    gap = hearts.qrs_onset_s - hearts.p_offset_s
    mu[:, P_KERNELS] -= (_LEAST_PR_SEGMENT_S - gap).clip(min=0)[:, None]
    return replace(hearts, mu=mu)


def _low_voltage(hearts: Hearts, severity: Array) -> Hearts:
    """QRS that span under 0.5 mV in the limb leads and 1 mV in the chest, from severity 0.6."""
    time = np.linspace(-0.05, 0.08, 66, dtype=np.float32)
    span = np.ptp(ventricles(hearts, hearts.qtc_s, time), axis=2)
    gain = np.ones(len(span), np.float32)
    for leads, (mild, severe) in ((slice(0, 6), _LOW_LIMB_MV), (slice(6, 12), _LOW_CHEST_MV)):
        largest = span[:, leads].max(axis=1)
        aim = np.interp(severity, (0.6, 1.0), (mild, severe)) / largest
        gain = np.minimum(gain, 1 + (aim - 1) * (severity / 0.6).clip(0, 1))
    vectors = hearts.vectors.copy()
    vectors[:, QRS_KERNELS] *= gain[:, None, None]
    for kernels in (P_KERNELS, slice(ST, None)):
        vectors[:, kernels] *= np.sqrt(gain)[:, None, None]
    return replace(hearts, vectors=vectors.astype(np.float32))


def r_delay_s(healthy: Hearts, hearts: Hearts, has: dict[str, NDArray[np.bool_]]) -> Array:
    """How much later than in the healthy hearts R comes, (n,), so that P and QRS onset stay in place.

    Q waves of an infarction come before an R that stays.
    """
    delay = healthy.qrs_onset_s - hearts.qrs_onset_s
    for code in ("AMI", "IMI", "SMI"):
        if code in has:
            delay = np.where(has[code], 0.0, delay)
    return delay.astype(np.float32)


def pr_s(hearts: Hearts) -> Array:
    """PR interval, onset of P to onset of QRS, (n,)."""
    return hearts.qrs_onset_s - hearts.p_onset_s


def _towards(hearts: Hearts, form: _Form, severity: Array, individual: Array) -> Hearts:
    """Turn the kernels that a condition changes towards its form; what is the person's own stays."""
    mu, rise, fall = hearts.mu.copy(), hearts.rise.copy(), hearts.fall.copy()
    vectors, part = hearts.vectors.copy(), severity[:, None].astype(np.float32)
    # A person of high voltage has high voltage ill, too.
    gain = np.linalg.norm(vectors[:, R], axis=1, keepdims=True) / 1.38
    for kernel, dipole in form.vectors.items():
        ill = np.array(dipole, np.float32)
        spread = individual[:, kernel] * np.float32(_SPREAD * np.linalg.norm(ill))
        voltage = gain.clip(0.6, 1.5) if kernel < ST else 0.5 + 0.5 * gain.clip(0.6, 1.5)
        vectors[:, kernel] += part * (ill - DIPOLES[kernel] + spread) * voltage
    for kernel, times in form.times.items():
        for value, ill_time in zip((mu, rise, fall), times, strict=True):
            value[:, kernel] += severity * (ill_time - value[:, kernel])
    out = replace(hearts, vectors=vectors.astype(np.float32), mu=mu, rise=rise, fall=fall)
    if form.times:
        # A slow QRS begins as long after P as before; a Q wave takes its time from the PR instead.
        if R in form.times:
            mu[:, P_KERNELS] += (out.qrs_onset_s - hearts.qrs_onset_s)[:, None]
        # The ST level is reached by the new end of QRS, T ends as much later.
        longer = out.qrs_offset_s - hearts.qrs_offset_s
        mu[:, ST] += 0 if ST in form.times else longer
        widening = (out.qrs_offset_s - out.qrs_onset_s) - (hearts.qrs_offset_s - hearts.qrs_onset_s)
        out = replace(out, qtc_s=(hearts.qtc_s + 0.8 * widening).astype(np.float32))
    return out


def _potassium(hearts: Hearts, potassium: Array) -> Hearts:
    """What serum potassium does (Mattu et al., Am J Emerg Med 2000;18:721; Surawicz 1995).

    From 5.5 mmol/L T grows tall, narrow and symmetric; from 6.5 QRS widens and P flattens, PR
    lengthens; at 8 P is gone; at 9 QRS lasts nearly twice as long. Below 3.5 T flattens, ST sinks,
    U grows and QT(U) lengthens.
    """
    high = ((potassium - 5.2) / 3.8).clip(0, 1.2).astype(np.float32)
    severe = ((potassium - 6.2) / 2.8).clip(0, 1.2).astype(np.float32)
    low = ((3.6 - potassium) / 1.6).clip(0, 1).astype(np.float32)
    if not (high.any() or low.any()):
        return hearts
    hearts = stretch_qrs(hearts, 1 + 0.95 * severe)
    vectors, mu = hearts.vectors.copy(), hearts.mu.copy()
    rise, fall = hearts.rise.copy(), hearts.fall.copy()
    width = 1 - 0.5 * high
    rise[:, T] = rise[:, T] * width + 0.004 * high
    fall[:, T] *= 1 - 0.3 * high
    # T grows along its own direction; one that is flat or inverted turns upright and forwards.
    tall = np.array([0.55, 0.42, -0.45], np.float32)
    t_size = np.linalg.norm(vectors[:, T], axis=1, keepdims=True)
    own = vectors[:, T] / np.maximum(t_size, 1e-6)
    vectors[:, T] += high[:, None] * (0.6 * tall + 1.6 * t_size.clip(0.15, 0.5) * own)
    flat = (1 - (potassium - 6.0) / 2.0).clip(0, 1) * (high > 0) + (high == 0)
    vectors[:, P_KERNELS] *= flat.astype(np.float32)[:, None, None]
    rise[:, P_KERNELS] *= (1 + 0.35 * severe)[:, None]
    fall[:, P_KERNELS] *= (1 + 0.35 * severe)[:, None]
    mu[:, P_KERNELS] -= (0.05 * severe)[:, None]
    mu[:, 0] -= 2 * P_SD * 0.1 * severe * rise[:, 0]
    vectors[:, T] *= (1 - 0.62 * low)[:, None]
    vectors[:, ST] += low[:, None] * np.array([-0.09, -0.07, 0.06], np.float32)
    vectors[:, U] += low[:, None] * np.array([0.08, 0.05, -0.11], np.float32)
    fall[:, T] *= 1 + 0.15 * low
    qtc = hearts.qtc_s + 0.02 * low + 0.035 * severe
    return replace(
        hearts, vectors=vectors, mu=mu, rise=rise, fall=fall, qtc_s=qtc.astype(np.float32)
    )


def ectopic_hearts(hearts: Hearts, rng: np.random.Generator) -> Hearts:
    """The ectopic foci of each heart: its premature ventricular beats, and premature P waves.

    Wide and bizarre QRS with T opposed, from one focus a heart, right ventricular (LBBB-like) or
    left (RBBB-like) with any axis; P from elsewhere than the sinus node.
    """
    n = len(hearts.mu)
    mu, rise = hearts.mu.copy(), hearts.rise.copy()
    vectors = np.zeros_like(hearts.vectors)
    # Three in five from the right ventricle's outflow (LBBB-like, tall in the inferior leads), the
    # others from the left ventricle (RBBB-like, superior axis).
    right = (rng.random(n) < 0.6)[:, None]
    main = np.where(right, [0.45, 0.80, 0.60], [-0.50, -0.55, -0.75]) + rng.normal(0, 0.2, (n, 3))
    main *= (rng.uniform(1.4, 2.1, n) / np.linalg.norm(main, axis=1))[:, None]
    turn = directions(n, rng) * 0.25 * np.linalg.norm(main, axis=1, keepdims=True)
    vectors[:, Q], vectors[:, R] = 0.25 * main + 0.3 * turn, 0.85 * main
    vectors[:, S], vectors[:, LATE] = 0.45 * main + turn, 0.25 * main
    vectors[:, ST], vectors[:, T] = -0.12 * main, -0.34 * main + 0.1 * turn
    p_turn = np.array([0.5, -0.4, 1.2], np.float32) + rng.normal(0, 0.3, (n, 1, 3))
    vectors[:, P_KERNELS] = hearts.vectors[:, P_KERNELS] * p_turn
    w = rng.uniform(0.88, 1.15, n).astype(np.float32)
    for kernel, centre, width in (
        (Q, -0.036, 0.0110),
        (R, 0.0, 0.0190),
        (S, 0.034, 0.0170),
        (LATE, 0.062, 0.0120),
    ):
        mu[:, kernel], rise[:, kernel] = centre * w, width * w
    fall = hearts.fall.copy()
    fall[:, QRS_KERNELS] = rise[:, QRS_KERNELS]
    mu[:, ST], rise[:, ST] = 0.075 * w, 0.022 * w
    return replace(
        hearts,
        vectors=vectors.astype(np.float32),
        mu=mu,
        rise=rise,
        fall=fall,
        qtc_s=(hearts.qtc_s + 0.045).astype(np.float32),
    )
