"""ECGs at 100 Hz with the amplitudes of their P, R and T waves in twelve leads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

from ...ecg import LEADS, Record, expand_matrix
from ...errors import EcgError
from ...signals import measure
from ...simulate import draw
from ...simulate.truth import Truth
from .cache import CACHE, kept, of_array
from .condition_sampling import combine
from .records import RealRecords

FS, SAMPLES = 100.0, 1000
#: Wave -> its measurement of a lead.
WAVES = {"p": "p_amplitude_mv", "r": "r_amplitude_mv", "t": "t_amplitude_mv"}
#: What ails the simulated hearts, menu by menu.
MENUS = (
    {"SB": 0.08, "STach": 0.12, "SA": 0.08, "AF": 0.10},
    {"IAVB": 0.10},
    {"PAC": 0.05},
    {"PVC": 0.05},
    {"LBBB": 0.08, "RBBB": 0.08},
    {"LAFB": 0.06},
    {"LVH": 0.14, "LQRSV": 0.08},
    {"AMI": 0.04, "IMI": 0.05, "SMI": 0.03},
    {"STEMI_A": 0.03, "STEMI_I": 0.03, "STEMI_L": 0.02},
    {"LQT": 0.05, "HYPERK": 0.05, "HYPOK": 0.05},
)
#: Nothing that lies further from the baseline is a wave, mV.
MOST_MV = 6.0
_ROOMS = ("simulate", "signals", "train/data/amplitudes.py")
#: Hearts drawn together, all with one level of noise.
_TOGETHER = 100


@dataclass(frozen=True)
class Amplitudes:
    """``n`` ECGs and the heights of their waves.

    Attributes
    ----------
    signals : (n, 8, 1000) float32 mV, independent leads at 100 Hz
    truth : (n, 3, 12) float32 mV, of P, R and T in twelve leads; NaN where unknown or absent. Of a
        QRS without an R wave R is 0, as the paper's measurements (University of Glasgow) have it
    patients : (n,) str
    """

    signals: NDArray[np.float32]
    truth: NDArray[np.float32]
    patients: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.truth)

    def of(self, wave: str) -> Amplitudes:
        """One wave, ``truth`` of shape (n, 12), of the ECGs in which a lead of it is known."""
        truth = self.truth[:, list(WAVES).index(wave)]
        known = np.isfinite(truth).any(axis=1)
        return Amplitudes(self.signals[known], truth[known], self.patients[known])


def simulated(n: int, seed: int, cache: Path = CACHE) -> Amplitudes:
    """Simulated hearts with their true amplitudes, those of the conducted beat."""

    def make() -> dict[str, NDArray[np.float32]]:
        rng = np.random.default_rng(seed)
        parts = [_drawn(rng, min(_TOGETHER, n - k)) for k in range(0, n, _TOGETHER)]
        signals, truth = (np.concatenate(one) for one in zip(*parts, strict=True))
        return {"signals": signals, "truth": truth}

    found = kept("amplitudes-simulated", f"{n} {seed}", _ROOMS, make, cache)
    return Amplitudes(found["signals"], found["truth"], np.arange(n).astype(str))


def _drawn(rng: np.random.Generator, n: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    made = draw(
        ["+".join(codes) for codes in combine(rng, n, MENUS)],
        int(rng.integers(2**31)),
        fs=FS,
        noise=float(rng.uniform(0.3, 1.5)),
        variety=0.8,
        severity=rng.uniform(0.2, 1.0, n),
    )
    tables = (Truth(made, row).lead_measurements for row in range(n))
    truth = np.stack(
        [table.loc[list(LEADS), list(WAVES.values())].to_numpy().T for table in tables]
    )
    truth[:, 1] = np.nan_to_num(truth[:, 1])  # of a simulated lead all is known: no R is an R of 0
    return made.signals.astype(np.float32), truth.astype(np.float32)


def measured(real: RealRecords, cache: Path = CACHE) -> Amplitudes:
    """Real records with the amplitudes that `measure` finds in them."""

    def make() -> dict[str, NDArray[np.float32]]:
        truth = np.full((len(real), len(WAVES), len(LEADS)), np.nan)
        for k in range(len(real)):
            try:
                record = Record(expand_matrix() @ real.signals[k], 250.0, LEADS)
            except EcgError:  # an artefact taller than any ECG
                continue
            table = measure(record, per="lead").loc[list(LEADS)]
            truth[k] = table[list(WAVES.values())].to_numpy().T
            no_r = np.isnan(truth[k, 1]) & np.isfinite(table.qrs_ms.to_numpy())
            truth[k, 1, no_r] = 0.0
        truth[np.abs(truth) > MOST_MV] = np.nan
        signals = np.asarray(real.signals)
        signals = resample_poly(signals, 2, 5, axis=2, padtype="line").astype(np.float32)
        return {"signals": signals[:, :, :SAMPLES], "truth": truth.astype(np.float32)}

    found = kept("amplitudes-real", of_array(real.names), _ROOMS, make, cache)
    return Amplitudes(found["signals"], found["truth"], real.patients)
