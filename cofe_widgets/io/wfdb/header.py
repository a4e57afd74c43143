"""The text header (``.hea``) of a WFDB record: parsed, and refused where it contradicts itself.

Source: the WFDB Applications Guide, header(5).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..source import Source
from .fields import FieldError, Numbers, gain, is_integer, said, stored

NAME = "WFDB"
MAX_SIGNALS = 256
MAX_SEGMENTS = 20_000
MAX_HEADER_BYTES = 4 * 1024**2
#: Gain and rate that the standard prescribes where a header gives none.
DEFAULT_GAIN = 200.0
DEFAULT_FS = 250.0
#: Segment of a record, or file of a signal, in which nothing was recorded.
NOTHING = "~"

#: Formats read here, "0" being that of nothing, and those that are compressed.
FORMATS = ("0", "8", "16", "24", "32", "61", "80", "160", "212", "310", "311")
_FLAC = ("508", "516", "524")


@dataclass(frozen=True)
class Signal:
    """One signal line of a header."""

    file: str
    format: str
    per_frame: int
    skew: int
    offset: int
    gain: float
    baseline: int
    unit: str
    first: int
    checksum: int | None
    name: str
    calibrated: bool


@dataclass(frozen=True)
class Header:
    """A header, its signals or its segments in order.

    ``fs`` is None and ``samples`` (frames) 0 where it does not give them; ``segments`` holds names
    and frames; ``odd`` says which fields had to be assumed.
    """

    fs: float | None
    samples: int
    when: str
    signals: tuple[Signal, ...]
    segments: tuple[tuple[str, int], ...]
    comments: tuple[str, ...]
    odd: tuple[str, ...]


@dataclass(frozen=True)
class _RecordLine:
    segments: int | None
    signals: int
    fs: float | None
    samples: int
    when: str


def is_header(source: Source) -> bool:
    """Whether a file is a header: text, a name, a number of signals, and a line for the first."""
    lines = [words for _, words in _lines(source.head)[0][:2]]
    try:
        line = _record_line(lines[0], Numbers()) if lines else None
    except FieldError:  # to be said by `parse`, where the next line shows that it is a header
        at = _place_of_format(lines[1]) if len(lines) > 1 else None
        return at is not None and _is_called_header(source)
    if line is None:
        return False
    if len(lines) == 1:
        return line.signals == 0 or _is_called_header(source)
    is_signal = _place_of_format(lines[1]) is not None and not is_integer(lines[1][0])
    return line.segments is not None or is_signal or _is_called_header(source)


def _is_called_header(source: Source) -> bool:
    return source.name.lower().endswith(".hea")


def segments_of(source: Source) -> set[str]:
    """Names of the segments that a header lists, whatever else is wrong with it; empty for others."""
    lines = _lines(source.read(MAX_HEADER_BYTES))[0]
    try:
        line = _record_line(lines[0][1], Numbers()) if lines else None
    except FieldError:
        line = None
    if line is None or line.segments is None:
        return set()
    return {words[0].rpartition("/")[2] for _, words in lines[1:]}


def parse(source: Source) -> Header:
    """The header's fields; a contradiction inside it is refused, by line and field."""
    if source.size > MAX_HEADER_BYTES:
        raise source.refuse(NAME, f"the header has {source.size / 1e6:.0f} MB: it is damaged")
    lines, comments = _lines(source.read(MAX_HEADER_BYTES))
    numbers, number = Numbers(), 1
    try:
        if not lines:
            raise FieldError("there is nothing in it")
        number = lines[0][0]
        line = _record_line(lines[0][1], numbers)
        count = line.signals if line.segments is None else line.segments
        what = "signals" if line.segments is None else "segments"
        most = MAX_SIGNALS if line.segments is None else MAX_SEGMENTS
        if count == 0 or count > most or len(lines) != count + 1:
            raise source.refuse(
                NAME, f"the header announces {count} {what} and describes {len(lines) - 1}"
            )
        signals, segments = [], []
        for number, words in lines[1:]:  # noqa: B007 - the message says the line
            if line.segments is None:
                signals.append(_signal(words, numbers))
            else:
                segments.append(_segment(words, numbers))
    except FieldError as error:
        raise source.refuse(NAME, f"line {number} of the header: {error}") from None
    if not any(signal.checksum for signal in signals):  # programs that know none write zeros
        signals = [replace(signal, checksum=None) for signal in signals]
    odd = tuple(dict.fromkeys(f"in the header, {text}" for text in numbers.odd))
    return Header(line.fs, line.samples, line.when, tuple(signals), tuple(segments), comments, odd)


def _lines(data: bytes) -> tuple[list[tuple[int, list[str]]], tuple[str, ...]]:
    """Numbers and words of the lines that are no comment, and the comments without their ``#``."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data.decode("utf-16", errors="replace")
    elif b"\0" in data:
        return [], ()
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("latin-1")
    lines, comments = [], []
    for number, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
        if line.lstrip().startswith("#"):
            comments.append(line.lstrip(" \t#").strip())
        elif line.strip():
            lines.append((number, line.split()))
    return lines, tuple(comments)


def _record_line(words: list[str], numbers: Numbers) -> _RecordLine:
    """Name, number of segments and signals, rate, samples, time and date."""
    # A name may hold spaces, though the standard has none.
    at = next((n for n, word in enumerate(words[1:6], 1) if is_integer(word)), None)
    if at is None:
        raise FieldError("it does not say name, number of signals, rate and samples")
    _, slash, after = words[at - 1].rpartition("/")
    segments = (
        int(after) if slash and after.isascii() and after.isdigit() and len(after) < 9 else None
    )
    rest = words[at + 1 :]
    fs = numbers.number(rest[0].partition("/")[0], "sampling rate") if rest else None
    samples = numbers.integer(rest[1] if len(rest) > 1 else None, "number of samples", 0)
    count = numbers.integer(words[at], "number of signals", 0)
    if min(count, samples) < 0:
        raise FieldError("the number of signals or samples is below zero")
    return _RecordLine(segments, count, fs, samples, " ".join(rest[2:]))


def _segment(words: list[str], numbers: Numbers) -> tuple[str, int]:
    """Name and frames of a segment."""
    if len(words) != 2:
        raise FieldError("a segment is described by its name and its number of samples")
    frames = numbers.integer(words[1], "number of samples", 0)
    if frames < 0:
        raise FieldError("the number of samples is below zero")
    return words[0], frames


def _place_of_format(words: list[str]) -> int | None:
    """Where a signal line names its format: after the file, whose name may hold spaces."""
    for at, word in enumerate(words[1:6], 1):
        how = stored(word)
        if how is not None and how.format in (*FORMATS, *_FLAC):
            return at
        if at == 1 and word[0].isdigit():
            return None  # a format, but none that there is
    return None


def _signal(words: list[str], numbers: Numbers) -> Signal:
    """A signal line; numbers that are missing at its end have the standard's defaults."""
    at = _place_of_format(words) or 1
    how = stored(words[at]) if len(words) > at else None
    if how is None:
        raise FieldError(f"{said(' '.join(words))} names no file and signal format")
    if how.format not in FORMATS:
        kind = "FLAC-compressed, " if how.format in _FLAC else ""
        raise FieldError(
            f"signal format {how.format} is {kind}not read here: write the record again in format 16"
        )
    if (how.format == "0") != (words[0] == NOTHING):
        raise FieldError("signal format 0 is that of the file ~, where nothing is")
    if not 1 <= how.per_frame <= 1000:
        raise FieldError(f"{how.per_frame} samples a frame")
    rest = words[at + 1 :]
    if rest and not any(c in "0123456789(/" for c in rest[0]) and not is_integer(rest[0]):
        rest = ["0", *rest]  # a name where the gain would be
    written, baseline, unit = gain(rest[0]) if rest else ("", None, "mV")
    numeric = rest[1:6]
    end = next((n for n, word in enumerate(numeric) if not is_integer(word)), len(numeric))
    if end < len(numeric) and numeric[end][:1] in "0123456789+-" and len(rest) > 6:
        what = ("bits", "ADC zero", "first value", "checksum", "block size")[end]
        raise FieldError(f"the {what} is {said(numeric[end])}, which is no whole number")
    fields = [*numeric[:end], *[None] * (5 - end)]
    amount = numbers.number(written, "gain") or 0.0
    if amount and not 1e-9 <= abs(amount) <= 1e12:
        raise FieldError(f"a gain of {written} is no gain")
    zero = numbers.integer(fields[1], "ADC zero", 0)
    base = numbers.integer(baseline or None, "baseline", zero)
    if max(abs(zero), abs(base)) > 2**40:
        raise FieldError("the baseline is beyond any converter's range")
    has_sum = fields[3] is not None and fields[3].lower().lstrip("-+")[:1].isdigit()
    return Signal(
        file=" ".join(words[:at]),
        format=how.format,
        per_frame=how.per_frame,
        skew=how.skew,
        offset=how.offset,
        gain=amount or DEFAULT_GAIN,
        baseline=base,
        unit=unit,
        first=numbers.integer(fields[2], "first value", zero),
        checksum=numbers.integer(fields[3], "checksum", 0) if has_sum else None,
        name=" ".join(rest[1 + end :]),
        calibrated=amount != 0,
    )
