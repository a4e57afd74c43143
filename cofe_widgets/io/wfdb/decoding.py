"""The samples of a WFDB signal file from its bytes, in any of the formats that are not compressed.

Source: the WFDB Applications Guide, signal(5).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..source import Source
from .header import Signal

#: Samples that are decoded at a time.
_CHUNK = 1 << 21
_PLAIN = {"16": "<i2", "61": ">i2", "32": "<i4"}
#: What stands for a sample that is not valid.
_INVALID = {
    "16": -(2**15), "24": -(2**23), "32": -(2**31), "61": -(2**15), "80": -(2**7), "160": -(2**15),
    "212": -(2**11), "310": -(2**9), "311": -(2**9),
}  # fmt: skip


def chunks(
    file: Source, signals: Sequence[Signal], first: int, last: int
) -> Iterator[tuple[int, NDArray[np.int64], int | None]]:
    """Frames ``first`` to ``last`` (exclusive) of a file, some at a time.

    Yields
    ------
    start : int
        Number of the first frame.
    frames : ndarray, shape (frames, samples a frame)
        What is stored, signal after signal.
    invalid : int or None
        The number that stands for an invalid sample.
    """
    how = signals[0].format
    frame = sum(signal.per_frame for signal in signals)
    if how == "8":  # differences: the beginning is needed for what follows
        yield 0, _differences(file, signals, last), None
        return
    step = max(1, _CHUNK // frame)
    for start in range(first, last, step):
        count = min(step, last - start)
        samples = _samples(file, how, signals[0].offset, start * frame, count * frame)
        yield start, samples.reshape(count, frame), _INVALID.get(how)


def _differences(file: Source, signals: Sequence[Signal], last: int) -> NDArray[np.int64]:
    """Format 8: every byte is the difference from the sample before."""
    frame = sum(signal.per_frame for signal in signals)
    data = file.read(last * frame, signals[0].offset)
    steps = np.frombuffer(data, np.int8).astype(np.int64).reshape(last, frame)
    at = 0
    for signal in signals:
        mine = steps[:, at : at + signal.per_frame]
        mine[:] = np.cumsum(mine.ravel()).reshape(mine.shape) + signal.first
        at += signal.per_frame
    return steps


def _samples(file: Source, how: str, offset: int, first: int, count: int) -> NDArray[np.int64]:
    """``count`` samples from the ``first`` on."""
    if how in _PLAIN:
        return _read(file, _PLAIN[how], offset, first, count).astype(np.int64)
    if how == "80":
        return _read(file, "u1", offset, first, count).astype(np.int64) - 128
    if how == "160":
        return _read(file, "<u2", offset, first, count).astype(np.int64) - 32768
    if how == "24":
        bytes_ = np.frombuffer(file.read(3 * count, offset + 3 * first), np.uint8).reshape(-1, 3)
        return _signed(bytes_.astype(np.int64) @ np.array([1, 1 << 8, 1 << 16]), 24)
    if how == "212":
        return _twelve_bits(file, offset, first, count)
    return _ten_bits(file, how, offset, first, count)


def _read(file: Source, dtype: str, offset: int, first: int, count: int) -> NDArray[Any]:
    size = np.dtype(dtype).itemsize
    return np.frombuffer(file.read(size * count, offset + size * first), dtype)


def _twelve_bits(file: Source, offset: int, first: int, count: int) -> NDArray[np.int64]:
    """Format 212: two samples in three bytes, the second's high bits in the middle byte's upper half."""
    pair = first // 2
    pairs = (first + count + 1) // 2 - pair
    data = file.read(3 * pairs, offset + 3 * pair)
    low, middle, high = np.frombuffer(data.ljust(3 * pairs, b"\0"), np.uint8).reshape(-1, 3).T
    both = np.empty((pairs, 2), np.int64)
    both[:, 0] = low + ((middle & 0x0F).astype(np.int64) << 8)
    both[:, 1] = high + ((middle & 0xF0).astype(np.int64) << 4)
    return _signed(both.ravel()[first - 2 * pair :][:count], 12)


def _ten_bits(file: Source, how: str, offset: int, first: int, count: int) -> NDArray[np.int64]:
    """Formats 310 and 311: three samples in four bytes, packed in two ways."""
    three = first // 3
    threes = -(-(first + count) // 3) - three
    data = file.read(4 * threes, offset + 4 * three).ljust(4 * threes, b"\0")
    out = np.empty((threes, 3), np.int64)
    if how == "310":
        left, right = np.frombuffer(data, "<u2").astype(np.int64).reshape(-1, 2).T
        out[:, 0], out[:, 1] = left >> 1, right >> 1
        out[:, 2] = (left >> 11) | ((right >> 11) << 5)
    else:
        word = np.frombuffer(data, "<u4").astype(np.int64)
        out[:, 0], out[:, 1], out[:, 2] = word, word >> 10, word >> 20
    return _signed(out.ravel()[first - 3 * three :][:count] & 0x3FF, 10)


def _signed(values: NDArray[np.int64], bits: int) -> NDArray[np.int64]:
    """Numbers of some bits in two's complement."""
    half = 1 << (bits - 1)
    return ((values + half) & ((1 << bits) - 1)) - half
