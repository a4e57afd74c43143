"""Is an edited ECG still an ECG? Numbers about a change, by signal processing and in latent space."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...ecg import INDEPENDENT_LEADS, LEADS, LIMB_LEADS, limb_matrix
from ...models.architectures.encoder import Encoder
from ...models.architectures.generator import FS
from ...models.filters import BandPass
from ...models.phase import MAX_BEATS, pad_beats

#: A sample counts as changed when it moved by more than this.
CHANGED_MV = 0.02
#: Ripple: content above this frequency, this far from every R-peak.
RIPPLE_HZ, QRS_REACH_S = 25.0, 0.06
#: A change outside the QRS smaller than this has no spectrum worth a word.
LEAST_CHANGE_UV = 2.0
#: A beat stands where it was meant to when it is found this near; cut ones at the ends do not count.
BEAT_TOLERANCE_S, END_S = 0.04, 0.2
#: Leading components of the styles in which distances are taken.
COMPONENTS = 32

_ROWS = [LEADS.index(name) for name in INDEPENDENT_LEADS]
Signal = NDArray[np.float32]
Times = NDArray[np.float64]


class Size(NamedTuple):
    """How large a change is over the eight independent leads.

    Attributes
    ----------
    rms_uv : float
    own_rms_uv : float
        Of the original about its mean.
    share : float
        Samples that moved by more than `CHANGED_MV`, 0 to 1.
    """

    rms_uv: float
    own_rms_uv: float
    share: float


def size(before: Signal, after: Signal) -> Size:
    """How much of an ECG ``(12, samples)`` changed."""
    change = (after - before)[_ROWS].astype(float)
    own = before[_ROWS].std(axis=1, dtype=float)
    rms = 1000 * float(np.sqrt(np.square(change).mean()))
    share = float((np.abs(change) > CHANGED_MV).mean())
    return Size(rms, 1000 * float(np.sqrt(np.square(own).mean())), share)


def einthoven_uv(signal: Signal) -> float:
    """Largest departure of the six limb leads from Einthoven's and Goldberger's laws, uV."""
    limb = signal[[LEADS.index(name) for name in LIMB_LEADS]].astype(float)
    return 1000 * float(np.abs(limb - limb_matrix().astype(float) @ limb[:2]).max())


class Ripple(NamedTuple):
    """Fast content of a change outside the QRS.

    Attributes
    ----------
    share : float
        Of the change's energy there, what lies above 25 Hz; NaN where nothing changed.
    gain : float
        Fast energy of the edited ECG there, as a multiple of the original's: 1 when noise of the
        record itself was moved along, more when something was added.
    """

    share: float
    gain: float


def ripple(before: Signal, after: Signal, beats_s: Times) -> Ripple:
    """How much of a change ``(12, samples)`` is ripple away from all the beats given."""
    from scipy.signal import butter, sosfiltfilt

    time = np.arange(before.shape[1]) / FS
    outside = (np.abs(time[:, None] - beats_s[None]) > QRS_REACH_S).all(axis=1)
    three = np.stack((before, after, after - before))[:, _ROWS].astype(float)
    fast = sosfiltfilt(butter(4, RIPPLE_HZ, "high", fs=FS, output="sos"), three, axis=2)
    old, new, moved = np.square(fast[..., outside]).sum(axis=(1, 2))
    change = np.square(three[2][:, outside])
    if not change.size or change.mean() < (LEAST_CHANGE_UV / 1000) ** 2:
        return Ripple(float("nan"), 1.0)
    return Ripple(float(moved / change.sum()), float(new / max(old, 1e-12)))


def beats_amiss(intended_s: Times, found_s: Times, seconds: float) -> int:
    """How many beats are missing where they were meant to be, or found where none was meant."""

    def whole(times: Times) -> Times:
        return times[(times > END_S) & (times < seconds - END_S)]

    def lonely(some: Times, others: Times) -> int:
        near = np.abs(whole(some)[:, None] - others[None]).min(axis=1, initial=np.inf)
        return int((near > BEAT_TOLERANCE_S).sum())

    return lonely(intended_s, found_s) + lonely(found_s, intended_s)


# -- latent space ---------------------------------------------------------------------------------


def coordinates(
    encoder: Encoder, signals: Signal, beats_s: list[Times], components: int = COMPONENTS
) -> NDArray[np.float64]:
    """Where ECGs lie along the leading components of the styles, in standard deviations.

    Parameters
    ----------
    encoder : Encoder
    signals : (n, 12, samples)
    beats_s : list of (beats,)
        R-peaks of each.
    components : int

    Returns
    -------
    (n, components)
        NaN for an ECG without beats, or with more than the encoder takes.
    """
    fits = [0 < len(beats) <= MAX_BEATS for beats in beats_s]
    z = np.full((len(signals), components), np.nan)
    if any(fits):
        x = _band_pass()(torch.from_numpy(np.ascontiguousarray(signals[:, _ROWS])[fits]))
        r_s = np.stack([pad_beats(beats) for beats, fit in zip(beats_s, fits, strict=True) if fit])
        with torch.no_grad():
            styles = encoder(x, torch.from_numpy(r_s)).styles.flatten(1)
            basis = encoder.style_basis[:components]
            along = (styles - encoder.style_mean) @ basis.T / basis.square().sum(dim=1)
        z[fits] = along.double().numpy()
    return z


@lru_cache(maxsize=1)
@torch.inference_mode(False)  # kept tensors must not forbid later gradients
def _band_pass() -> BandPass:
    return BandPass(FS)


class Bank(NamedTuple):
    """Real ECGs in the latent space, and how they lie among themselves.

    Attributes
    ----------
    z : (n, COMPONENTS)
    far, nearest : (2,)
        95 % and 99 % quantiles of their distances from the mean, and each to the nearest of the
        others, in standard deviations. Real ECGs that nothing was trained on have the same ones.
    """

    z: NDArray[np.float64]
    far: NDArray[np.float64]
    nearest: NDArray[np.float64]


def bank(encoder: Encoder) -> Bank | None:
    """The real ECGs that an encoder carries along; None when it carries none."""
    stored = getattr(encoder, "real_styles", None)
    return None if stored is None or len(stored) < 2 else _bank(stored)


@lru_cache(maxsize=1)
def _bank(stored: Tensor) -> Bank:
    z = stored[:, :COMPONENTS].detach().cpu().double().numpy()
    each = distances(z, z)
    np.fill_diagonal(each, np.inf)
    quantiles = (0.95, 0.99)
    far = np.quantile(np.linalg.norm(z, axis=1), quantiles)
    return Bank(z, far, np.quantile(each.min(axis=1), quantiles))


def distances(some: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """Euclidean distances of rows, ``(some, others)``."""
    from scipy.spatial.distance import cdist

    return np.asarray(cdist(some, others))
