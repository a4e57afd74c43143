"""What becomes of a record that is longer, or a few samples shorter, than a model needs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: A record that is shorter than what a model needs by no more than this is continued at its end.
SLACK_S = 0.02


def first_samples(signal: NDArray[np.float32], samples: int) -> NDArray[np.float32]:
    """The first ``samples`` of a signal (leads, time), its last value repeated where it is shorter."""
    signal = signal[:, :samples]
    short = samples - signal.shape[1]
    return np.pad(signal, ((0, 0), (0, short)), "edge") if short else signal


def help_for_short(layout: str) -> str:
    """What to do about a record that is shorter than a model of one's own takes."""
    return (
        ": say in wrap() what becomes of shorter ones, pad='zero', or how much the model takes at "
        f"once, window=2.5 (and layout= where it takes samples before leads; now {layout!r})"
    )
