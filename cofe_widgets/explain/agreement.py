"""Where a map and a counterfactual point at the same samples, and where only one of them does."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import ExplainError

if TYPE_CHECKING:
    from .attribution import Attribution
    from .counterfactual import Counterfactual

#: The share of all samples, those of the largest |map|, at which a map is said to look.
LOOKED = 0.2
#: A sample is altered when it changes by more than this, mV: a line's width on paper.
ALTERED_MV = 0.03
#: Map and change are averaged over so long: single samples are not readable, s.
SMOOTH_S = 0.04
#: What `Agreement.where` is made of: both bits where map and counterfactual agree.
MAP, CHANGE = 1, 2
BOTH = MAP | CHANGE


@dataclass(frozen=True, eq=False)
class Agreement:
    """Map and counterfactual, sample by sample.

    Attributes
    ----------
    where : ndarray of int8, shape (leads, samples)
        0 where neither points, `MAP` where only the map does, `CHANGE` where only the counterfactual
        does, `BOTH` where they agree.
    fs : float
    leads : tuple of str
    """

    where: NDArray[np.int8]
    fs: float
    leads: tuple[str, ...]

    @property
    def overlap(self) -> float:
        """Of the samples at which the map looks, the share that the counterfactual alters; NaN without any."""
        looked = (self.where & MAP) > 0
        return float(((self.where & CHANGE) > 0)[looked].mean()) if looked.any() else nan

    @property
    def chance(self) -> float:
        """The same of a map that looks at as many samples of each lead, at any time.

        The mean over all shifts of the map in time: which leads it looks at is kept, when is not.
        """
        looked, altered = ((self.where & bit) > 0 for bit in (MAP, CHANGE))
        per_lead = looked.sum(axis=1)
        return float(per_lead @ altered.mean(axis=1) / per_lead.sum()) if per_lead.any() else nan

    @property
    def altered(self) -> float:
        """The share of all samples that the counterfactual alters."""
        return float(((self.where & CHANGE) > 0).mean())


def agreement(attribution: Attribution, cf: Counterfactual) -> Agreement:
    """Where a map looks and a counterfactual alters the ECG, as the model sees both.

    The map looks at the fifth of all samples (over all leads) at which it is largest, averaged over 40 ms,
    whatever its sign; the counterfactual alters what differs from the original at the same time by more
    than 0.03 mV, averaged over 40 ms. A beat that comes at another time alters both where it was and where
    it is.

    Parameters
    ----------
    attribution : Attribution
    cf : Counterfactual
        Of the same ECG and target, its model at hand.

    Raises
    ------
    ExplainError
        For another target, or a counterfactual whose model is not at hand.
    """
    if attribution.target != cf.target:
        raise ExplainError(
            f"the map is of {attribution.target}, and the counterfactual of {cf.target}: ask both of one"
        )
    if cf.predictor is None:
        raise ExplainError("the model of the counterfactual is not at hand: load it with f=")
    before, after = (cf.predictor.seen(one) for one in (cf.original, cf.record(1.0)))
    samples = min(attribution.values.shape[1], before.samples)
    change = np.abs(after.signal - before.signal)[:, :samples]
    where = compared(attribution.values[:, :samples], change, attribution.fs)
    return Agreement(where, attribution.fs, attribution.leads)


def compared(
    values: NDArray[np.floating], change_mv: NDArray[np.floating], fs: float
) -> NDArray[np.int8]:
    """`Agreement.where` of a map and the size of a change, each ``(leads, samples)``."""
    from scipy.ndimage import uniform_filter1d

    width = max(1, round(SMOOTH_S * fs))
    size = np.abs(uniform_filter1d(np.asarray(values, float), width, axis=-1))
    many = round(LOOKED * size.size)
    looked = np.zeros(size.size, bool)
    looked[np.argsort(-size, axis=None, kind="stable")[:many]] = True
    looked &= size.ravel() > 0
    altered = uniform_filter1d(np.asarray(change_mv, float), width, axis=-1) > ALTERED_MV
    return (MAP * looked.reshape(size.shape) + CHANGE * altered).astype(np.int8)
