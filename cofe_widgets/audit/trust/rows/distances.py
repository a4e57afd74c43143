"""Whether the changed ECG lies among real ones, in the latent space of the encoder."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ....explain.counterfactual.card import TrustRow, Verdict
from ....generative.networks import networks
from ....models.architectures.encoder import Encoder
from ....models.architectures.generator import FS
from ....models.filters import BandPass
from ....models.phase import MAX_BEATS, pad_beats
from ..context import INDEPENDENT_ROWS, Signal, Times, TrustContext

#: Leading components of the styles in which distances are taken.
COMPONENTS = 32


def judge(context: TrustContext) -> list[TrustRow]:
    """Distances of the last frame from the mean ECG and from the nearest real one."""
    names = ("Distance from the mean ECG", "Distance to the nearest real ECG")
    encoder = networks().encoder
    z = coordinates(encoder, np.stack((context.before, context.after)), context.beats_s)
    known = bank(encoder)
    if known is None or not np.isfinite(z).all():
        why = "no beats to encode" if known else "the encoder carries no real ECGs to compare with"
        return [TrustRow.unknown(name, why, "SD") for name in names]
    far = np.linalg.norm(z, axis=1)
    near = distances(z, known.z).min(axis=1)
    return [
        _distance(names[0], far[0], far[1], known.far, "of the mean"),
        _distance(names[1], near[0], near[1], known.nearest, "of another real one"),
    ]


def _distance(
    name: str, before: float, after: float, limits: NDArray[np.float64], what: str
) -> TrustRow:
    usual, rare = limits
    yardstick = f"{usual:.1f}; 95 % of real ECGs are within that {what}"
    verdict: Verdict = "good" if after <= usual else "mind" if after <= rare else "bad"
    if verdict == "good":
        sentence = "As near to real ECGs as they are to each other."
    elif after <= 1.1 * before:
        verdict = "mind"
        sentence = f"The original is as unusual ({before:.1f} SD): the change did not make it so."
    else:
        sentence = f"Few real ECGs lie so far out; the original lies at {before:.1f} SD."
    return TrustRow(name, float(after), "SD", yardstick, verdict, sentence)


def coordinates(
    encoder: Encoder, signals: Signal, beats_s: Sequence[Times], components: int = COMPONENTS
) -> NDArray[np.float64]:
    """Where ECGs lie along the leading components of the styles, in standard deviations.

    Parameters
    ----------
    encoder : Encoder
    signals : (n, 12, samples)
    beats_s : sequence of (beats,)
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
        x = _band_pass()(torch.from_numpy(np.ascontiguousarray(signals[:, INDEPENDENT_ROWS])[fits]))
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
