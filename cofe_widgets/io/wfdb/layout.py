"""A WFDB record's signals in time: one segment or many, of one layout or of layouts that change.

A segment that lacks a signal, or in which nothing was recorded, is a gap. Source: the WFDB
Applications Guide, header(5), "Multi-segment records".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..source import MAX_VALUES, Source
from ..units import to_millivolts
from .decoding import chunks
from .files import frames_in, signal_files
from .header import NAME, NOTHING, Header, Signal, parse

#: Segments may hold segments, which the standard does not allow, but not without end.
_MAX_DEPTH = 3
#: A signal by its name and its number among those of one name.
Key = tuple[str, int]


@dataclass(frozen=True)
class Layout:
    """A header with what its files bear out.

    Attributes
    ----------
    header : Header
        As it was read.
    source : Source
        The header's file.
    files : mapping of str to Source
        Signal files by the header's names for them.
    frames : int
        Length of the record.
    parts : tuple
        Segments: first frame, number of frames, and the layout (None where nothing was recorded).
    notes : tuple of str
        What is doubtful.
    """

    header: Header
    source: Source
    files: Mapping[str, Source]
    frames: int
    parts: tuple[tuple[int, int, Layout | None], ...] = ()
    notes: tuple[str, ...] = ()

    def signals(self) -> dict[Key, Signal]:
        """Every signal of the record or of its segments, in order of appearance."""
        if not self.header.segments:
            return _keyed(self.header.signals)
        found: dict[Key, Signal] = {}
        for _, _, part in self.parts:
            for key, signal in part.signals().items() if part else ():
                found.setdefault(key, signal)
        return found


def load(source: Source, depth: int = 0) -> Layout:
    """The layout of the record of a header: every file found, and known to hold what is promised.

    Raises
    ------
    EcgFormatError
        On a header that contradicts itself or its files, and a file that is missing.
    """
    header = parse(source)
    if header.segments:
        return _of_segments(source, header, depth)
    found = signal_files(source, header)
    files = {name: file for name, (file, _) in found.items()}
    frames, notes = _frames(source, header, files), list(header.odd)
    for name, (file, agrees) in found.items():
        if not agrees:
            notes += _of_another_name(source, header, name, file, frames)
    return Layout(header, source, files, frames, notes=tuple(notes))


def _of_segments(source: Source, header: Header, depth: int) -> Layout:
    """The layout of a record that lists its segments."""
    if depth >= _MAX_DEPTH:
        raise source.refuse(NAME, f"its segments are segmented more than {_MAX_DEPTH} times")
    parts: list[tuple[int, int, Layout | None]] = []
    notes: list[str] = list(header.odd)
    start = 0
    known: dict[str, Layout] = {}
    for name, frames in header.segments:
        part = None
        if name != NOTHING:
            part = known[name] = known.get(name) or _segment(source, header, name, depth)
            if part.frames < frames:
                raise source.refuse(
                    NAME, f"segment {name[:80]} holds {part.frames} samples of {frames} announced"
                )
            notes += part.notes
        parts.append((start, frames, part))
        start += frames
    if header.samples not in (0, start):
        raise source.refuse(
            NAME, f"it announces {header.samples} samples, and its segments hold {start}"
        )
    if start == 0:
        raise source.refuse(NAME, "all of its segments are empty")
    return Layout(header, source, {}, start, tuple(parts), tuple(dict.fromkeys(notes)))


def _segment(source: Source, header: Header, name: str, depth: int) -> Layout:
    """The layout of one segment; the record's files are those of its folder."""
    plain = name.rpartition("/")[2]
    file = None if ".." in name or "\\" in name else source.companion(f"{plain}.hea")
    if file is None or file.name == source.name:
        verb = "upload all segments together" if source.path is None else "put it there"
        raise source.refuse(NAME, f"its segment {name[:80]} is not beside it: {verb}")
    part = load(file, depth + 1)
    if part.header.fs and header.fs and abs(part.header.fs - header.fs) > 1e-3 * header.fs:
        raise source.refuse(
            NAME, f"segment {name[:80]} has {part.header.fs:g} Hz, the record {header.fs:g} Hz"
        )
    return part


def _frames(source: Source, header: Header, files: Mapping[str, Source]) -> int:
    """The length of a record, once every file is known to hold what the header promises."""
    frames = header.samples
    for name, file in files.items():
        signals = [signal for signal in header.signals if signal.file == name]
        there = frames_in(file, signals)
        frames = frames or there
        if there < frames or frames < 1:
            raise source.refuse(
                NAME,
                f"{name[:80]} is cut off: the header promises {frames} samples of {len(signals)} "
                f"signals, its {file.size} bytes hold {there}",
            )
        if any(signal.skew >= frames for signal in signals):
            raise source.refuse(NAME, f"a skew in {name[:80]} is longer than the record")
    return frames


def _of_another_name(
    source: Source, header: Header, name: str, file: Source, frames: int
) -> list[str]:
    """Refuse a signal file of another name that is another record's; say that it was taken otherwise."""
    signals = [signal for signal in header.signals if signal.file == name]
    sums = [signal.checksum for signal in signals if signal.checksum is not None]
    if sums:
        total = np.zeros(len(signals), np.int64)
        columns = np.cumsum([0, *(signal.per_frame for signal in signals)])[:-1]
        for _, stored, _ in chunks(file, signals, 0, frames):
            total += np.add.reduceat(stored.sum(axis=0), columns)
        wrong = [
            signal.checksum is not None and int(found - signal.checksum) % 65536 != 0
            for signal, found in zip(signals, total, strict=True)
        ]
        if sum(wrong) == len(sums):
            raise source.refuse(
                NAME,
                f"{file.name} is not its signal file {name[:80]}: the names differ and so do all "
                "checksums, so it belongs to another record",
            )
        return []
    stem, ours = source.name.rpartition(".")[0], file.name.casefold()
    if not any(ours.startswith(s.casefold()) for s in (stem, name.rpartition(".")[0]) if s):
        raise source.refuse(
            NAME,
            f"its signal file is {name[:80]}, not {file.name}, and it has no checksums to tell "
            "whether the two are the same",
        )
    return [f"the header calls its signal file {name[:80]}: {file.name} was read instead"]


def _keyed(signals: Sequence[Signal]) -> dict[Key, Signal]:
    """Signals by name and number."""
    found: dict[Key, Signal] = {}
    for signal in signals:
        number = sum(name == signal.name for name, _ in found)
        found[signal.name, number] = signal
    return found


def millivolts(
    layout: Layout, chosen: Sequence[Key], first: int, last: int
) -> tuple[Sequence[NDArray[np.float32]] | NDArray[np.float32], list[str]]:
    """The chosen signals of a record from frame ``first`` to ``last`` (exclusive), and what is doubtful.

    Returns
    -------
    ndarray, shape (signals, samples), or list of ndarray where rates differ
        Millivolts; NaN where there is nothing.
    list of str
        Signals whose samples do not add up to their checksum.
    """
    known = layout.signals()
    per_frame = [known[key].per_frame for key in chosen]
    if (last - first) * sum(per_frame) > MAX_VALUES:
        raise layout.source.refuse(
            NAME,
            f"{(last - first) * sum(per_frame) / 1e6:.0f} million samples are more than fit: read a "
            "part, read(..., start=0, end=3600) in seconds, or fewer leads, leads=[...]",
        )
    # One block where all have one rate: a day of it is not copied once more.
    if len(set(per_frame)) == 1:
        block = np.full((len(chosen), (last - first) * per_frame[0]), np.nan, np.float32)
        rows: Sequence[NDArray[np.float32]] | NDArray[np.float32] = block
    else:
        rows = [np.full((last - first) * n, np.nan, np.float32) for n in per_frame]
    frames = {key: row.reshape(-1, n) for key, row, n in zip(chosen, rows, per_frame, strict=True)}
    damaged = list(_fill(layout, frames, first, last))
    return rows, list(dict.fromkeys(damaged))


def _fill(
    layout: Layout, out: Mapping[Key, NDArray[np.float32]], first: int, last: int
) -> Iterator[str]:
    """Put millivolts into ``out``, arrays of ``last - first`` frames; yields signals that are damaged."""
    if not layout.header.segments:
        yield from _decode(layout, out, first, last)
        return
    for start, frames, part in layout.parts:
        low, high = max(first, start), min(last, start + frames)
        if part is None or low >= high:
            continue
        there = {key: signal for key, signal in part.signals().items() if key in out}
        for key, signal in there.items():
            if signal.per_frame != out[key].shape[1]:
                raise layout.source.refuse(
                    NAME, f"{key[0] or 'a signal'} has another rate in another segment"
                )
        views = {key: out[key][low - first : high - first] for key in there}
        yield from _fill(part, views, low - start, high - start)


def _decode(
    layout: Layout, out: Mapping[Key, NDArray[np.float32]], first: int, last: int
) -> Iterator[str]:
    """The same for a record that is one segment."""
    keyed = _keyed(layout.header.signals)
    whole = (first, last) == (0, layout.frames)
    for name, file in layout.files.items():
        mine = {key: signal for key, signal in keyed.items() if signal.file == name}
        if not mine.keys() & out.keys():
            continue
        signals = list(mine.values())
        places = np.cumsum([0, *(signal.per_frame for signal in signals)])
        wanted = [(key, n) for n, key in enumerate(mine) if key in out]
        sums = dict.fromkeys(mine, 0)
        reach = min(layout.frames, last + max(mine[key].skew for key, _ in wanted))
        for start, stored, invalid in chunks(file, signals, first, reach):
            for key, n in wanted:
                values = stored[:, places[n] : places[n + 1]]
                sums[key] += int(values.sum()) if whole else 0
                _place(out[key], values, start - first - mine[key].skew, mine[key], invalid)
        for key, n in wanted:
            promised = signals[n].checksum
            if whole and promised is not None and (sums[key] - promised) % 65536:
                yield signals[n].name or signals[n].file


def _place(
    out: NDArray[np.float32],
    stored: NDArray[np.int64],
    at: int,
    signal: Signal,
    invalid: int | None,
) -> None:
    """Millivolts of stored frames into ``out`` from the frame ``at`` on, which may lie before it."""
    stored = stored[max(0, -at) : max(0, len(out) - at)]
    if not len(stored):
        return
    unit = to_millivolts(signal.unit)
    values: NDArray[Any] = (stored - signal.baseline) / signal.gain * (unit or np.nan)
    if invalid is not None:
        values[stored == invalid] = np.nan
    out[max(0, at) :][: len(values)] = values
