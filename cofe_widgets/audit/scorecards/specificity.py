"""Where a map of a model that measures one wave in one lead looks: Wagner et al. 2024, section 2.3.

A model that answers the amplitude of a wave in a lead should look at that lead (spatial specificity)
and at that wave (temporal specificity). Pure numpy: maps in, numbers out.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
#: A beat is cut from 0.3 s before its R-peak to 0.5 s after.
BEFORE_S, AFTER_S = 0.3, 0.5


def spatial_specificity(maps: NDArray[Any], lead: int) -> Array:
    """Share of a lead in a map: the Euclidean norm over time in it over the sum of all leads' norms.

    Parameters
    ----------
    maps : ndarray, shape (..., leads, samples)
        Attributions for the output that answers for ``lead``; signs do not matter.
    lead : int
        Row of the lead that the output answers for.

    Returns
    -------
    ndarray, shape (...)
        0 to 1; by chance 1 / leads. NaN where a map is zero throughout.

    Notes
    -----
    The paper's formula is "the ratio between temporally aggregated attribution in the target lead
    and all leads" with the vector of norms over time, one a lead. It is read as a share, the sum of
    that vector below the line: a ratio that is close to one if only that lead is looked at, and that
    the leads share out. (Its Euclidean norm below the line would be 0.29 for an even map of twelve
    leads, and the leads' ratios would add up to more than one.)
    """
    norms = np.linalg.norm(np.asarray(maps, float), axis=-1)
    total = norms.sum(axis=-1)
    return np.asarray(
        np.where(total > 0, norms[..., lead] / np.where(total > 0, total, 1.0), np.nan)
    )


def beat_times_s(fs: float) -> Array:
    """Times after R of the samples of a cut beat, s: 80 of them at 100 Hz."""
    return np.arange(-round(BEFORE_S * fs), round(AFTER_S * fs)) / fs


def temporal_specificity(maps: NDArray[Any], r_peaks_s: NDArray[Any], fs: float) -> Array:
    """When in the beat a record's maps look: the mean over outputs, of the mean over beats, over leads' norm.

    Parameters
    ----------
    maps : ndarray, shape (outputs, leads, samples)
        A map for each output (in the paper: for each of the twelve leads' amplitudes).
    r_peaks_s : ndarray, shape (beats,)
        R-peaks from the first sample of the maps, s. Beats that are not whole inside are left out.
    fs : float
        Hz.

    Returns
    -------
    ndarray, shape (times,)
        On `beat_times_s`; NaN throughout where no beat is whole.
    """
    maps = np.asarray(maps, float)
    offsets = np.round(beat_times_s(fs) * fs).astype(int)
    at = np.round(np.asarray(r_peaks_s, float) * fs).astype(int)
    whole = (at + offsets[0] >= 0) & (at + offsets[-1] < maps.shape[-1])
    if not whole.any():
        return np.full(len(offsets), np.nan)
    beats = maps[..., at[whole][:, None] + offsets]  # (outputs, leads, beats, times)
    return np.asarray(np.linalg.norm(beats, axis=1).mean(axis=1).mean(axis=0))


def curve(specificities: NDArray[Any]) -> tuple[Array, Array, Array]:
    """Median and quartiles over records of `temporal_specificity`, in units of the median's norm.

    Parameters
    ----------
    specificities : ndarray, shape (records, times)
        Each is first scaled to a norm of one, so that a record with steep gradients counts no more
        than another. Records of NaN, and of zeros, are left out.

    Returns
    -------
    median, lower, upper : ndarray, shape (times,)
        NaN where no record is left.
    """
    given = np.asarray(specificities, float)
    size = np.linalg.norm(given, axis=1)
    known = given[np.isfinite(size) & (size > 0)]
    if not len(known):
        nothing = np.full(given.shape[1], np.nan)
        return nothing, nothing, nothing
    known = known / np.linalg.norm(known, axis=1, keepdims=True)
    lower, median, upper = np.percentile(known, [25, 50, 75], axis=0)
    norm = float(np.linalg.norm(median)) or 1.0
    return median / norm, lower / norm, upper / norm


def largest_is_inside(
    median: NDArray[Any], times_s: NDArray[Any], span_s: tuple[float, float]
) -> bool:
    """Whether a curve is largest within a span: the paper's necessary condition of a sensible map.

    Parameters
    ----------
    median, times_s : ndarray, shape (times,)
    span_s : tuple of float
        Where the wave that the model measures begins and ends, s after R.

    Returns
    -------
    bool
        False where the curve is not known.
    """
    if not np.isfinite(median).all():
        return False
    at = float(times_s[int(np.argmax(median))])
    return span_s[0] <= at <= span_s[1]
