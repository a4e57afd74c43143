"""The baseline: jumps of an electrode, and how far it wanders."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

#: The trace is reduced to medians of so long a time.
BLOCK_S = 0.02
#: A jump is a difference between the medians of so long before and after it ...
SIDE_S = 0.16
#: ... of so many mV, and so many times what the lead's waves show in their usual second.
LEAST_STEP_MV, TIMES_WAVES = 0.8, 2.5
#: It is over within this.
JUMP_S = 0.03
#: It stays, for so long; a wide beat is back by then. So near to an end nobody can tell.
STAYS_S, APART_S = 0.8, 0.15
#: ... at no less and no more than these shares of its height.
STAYS = (0.6, 1.6)
#: A baseline that wanders further than this is worth a word.
LEAST_DRIFT_MV = 2.0
#: What is slower than so long is baseline.
SLOW_S = 1.0


class Steps(NamedTuple):
    """Jumps of the baseline.

    Attributes
    ----------
    at : list of (row, sample, mV)
    levelled : ndarray, shape (leads, samples)
        The signal with each taken back.
    """

    at: list[tuple[int, int, float]]
    levelled: NDArray[np.float64]


def find_steps(signal: NDArray[np.float64], fs: float) -> Steps:
    """Jumps of the baseline in ``signal`` (leads, samples), which has no gaps."""
    from scipy.ndimage import median_filter

    block, reach = max(1, round(BLOCK_S * fs)), round(SIDE_S / BLOCK_S)
    blocks = _medians(signal, block)
    if blocks.shape[1] < 4 * reach:
        return Steps([], signal)
    level = median_filter(blocks, size=(1, reach + 1), mode="nearest")
    half = reach // 2 + 1
    change = np.zeros(level.shape)
    change[:, half:-half] = np.abs(level[:, 2 * half :] - level[:, : -2 * half])
    second = max(1, round(1 / BLOCK_S))
    count = max(1, change.shape[1] // second)
    usual = np.median(
        change[:, : count * second].reshape(len(change), count, -1).max(axis=2), axis=1
    )
    bar = np.maximum(LEAST_STEP_MV, TIMES_WAVES * usual)[:, None]
    at: list[tuple[int, int, float]] = []
    levelled = signal
    for row in np.flatnonzero((change > bar).any(axis=1)):
        found = _jumps(signal[row], change[row] > bar[row], change[row], block, fs)
        if found and levelled is signal:
            levelled = signal.copy()
        for sample, height in found:
            at.append((int(row), sample, height))
            _take_back(levelled[row], sample, height, fs)
    return Steps(at, levelled)


def _medians(signal: NDArray[np.float64], block: int) -> NDArray[np.float64]:
    """Medians of the blocks of each lead."""
    count = signal.shape[1] // block
    blocks = signal[:, : count * block].reshape(len(signal), count, block)
    return np.asarray(np.median(blocks, axis=2))


def _jumps(
    trace: NDArray[np.float64],
    high: NDArray[np.bool_],
    change: NDArray[np.float64],
    block: int,
    fs: float,
) -> list[tuple[int, float]]:
    """Sample and height of the jumps in one lead: where it is steepest, if it is steep enough."""
    from ...ecg import runs

    found = []
    side, jump = round(SIDE_S * fs), max(1, round(JUMP_S * fs))
    for first, last in runs(high).tolist():
        middle = (first + int(change[first:last].argmax())) * block
        near = slice(max(0, middle - side), min(len(trace) - jump, middle + side))
        if near.stop - near.start < jump:
            continue
        rise = trace[near.start + jump : near.stop + jump] - trace[near]
        sample = near.start + int(np.abs(rise).argmax()) + jump // 2
        before, after = trace[: sample - jump][-jump:], trace[sample + jump :][:jump]
        if len(before) == 0 or len(after) == 0:
            continue
        height = float(np.median(after) - np.median(before))
        # A slower rise is no jump, and a beat does not stay.
        if abs(height) > 0.6 * change[first:last].max() and _stays(trace, sample, height, fs):
            found.append((sample, height))
    return found


def _stays(trace: NDArray[np.float64], sample: int, height: float, fs: float) -> bool:
    """Whether the level of a trace is another after a jump than before it, for long."""
    apart, stays = round(APART_S * fs), round(STAYS_S * fs)
    before = trace[max(0, sample - apart - stays) : max(0, sample - apart)]
    after = trace[sample + apart : sample + apart + stays]
    if min(len(before), len(after)) < stays / 2:
        return False
    share = (float(np.median(after)) - float(np.median(before))) / height
    return STAYS[0] < share < STAYS[1]


def _take_back(trace: NDArray[np.float64], sample: int, height: float, fs: float) -> None:
    """Level the trace after a jump, and bridge the jump itself."""
    reach = max(1, round(JUMP_S * fs))
    first, last = max(0, sample - reach), min(len(trace) - 1, sample + reach)
    trace[sample:] -= height
    trace[first : last + 1] = np.linspace(trace[first], trace[last], last - first + 1)


def wander_mv(signal: NDArray[np.float64], fs: float) -> NDArray[np.float64]:
    """How far the baseline of each lead wanders, highest to lowest: ``(leads,)``."""
    slow = _medians(signal, max(1, min(signal.shape[1], round(SLOW_S * fs))))
    return np.asarray(np.ptp(slow, axis=1))
