"""The signal files of a header: found beside it, and believed only where they can be its own."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from ..recognise import format_of, is_text
from ..source import Source
from .header import NAME, NOTHING, Header, Signal

#: A text file of fewer bytes could be samples.
_SURELY_TEXT = 64
#: Bits a sample; of formats 310 and 311 three samples share four bytes.
BITS = {
    "8": 8, "16": 16, "24": 24, "32": 32, "61": 16, "80": 8, "160": 16, "212": 12,
}  # fmt: skip
#: Number types of a MATLAB 4 matrix that hold what a WFDB format says.
_MATLAB_4 = {"32": 2, "16": 3, "160": 4, "80": 5}


def signal_files(source: Source, header: Header) -> dict[str, tuple[Source, bool]]:
    """The signal files of a header by the names that it gives them, and whether the names agree."""
    names = list(dict.fromkeys(s.file for s in header.signals if s.file != NOTHING))
    files = {name: _signal_file(source, name, len(names) == 1) for name in names}
    listed = [name for name, _ in groupby(s.file for s in header.signals) if name != NOTHING]
    if listed != names:
        raise source.refuse(NAME, "the signals of one file are not listed together")
    for name, (file, agrees) in files.items():
        _check_kind(source, file, [s for s in header.signals if s.file == name], agrees)
    return files


def _signal_file(source: Source, name: str, alone: bool) -> tuple[Source, bool]:
    """One signal file, never outside the header's folder, and whether it has the header's name for it."""
    parts = name.split("/")
    if "\\" in name or ":" in name or any(p in ("", ".", "..", "-") or p[0] == "." for p in parts):
        raise source.refuse(NAME, f"the header points outside its own folder: {name[:80]!r}")
    own = parts[-1]  # some collections name the folder that the files once lay in
    found = source.companion(own, f"{own}.dat", f"{own}.mat")
    if found is not None and found.name != source.name:
        return found, True
    stem, end = source.name.rpartition(".")[0], own.rpartition(".")[2]
    candidates = [f"{stem}.{end}", f"{stem}.dat", f"{stem}.mat"] if alone and stem else []
    found = source.companion(*candidates)
    others = [other for other in source.uploads if not other.lower().endswith(".hea")]
    if found is None and alone and len(others) == 1:
        found = source.companion(others[0])  # renamed by a browser: "1 (2).dat"
    if found is None:
        verb = "upload it together with the header" if source.path is None else "put it there"
        raise source.refuse(NAME, f"its signal file {own[:80]} is not beside it: {verb}")
    return found, False


def _check_kind(source: Source, file: Source, signals: Sequence[Signal], agrees: bool) -> None:
    """Refuse what is no signal file by its first bytes: text, another format, another MATLAB.

    Two or three bytes of a format may begin samples too: of a file whose name ``agrees`` only what
    cannot be samples is held against it.
    """
    first = signals[0]
    if len({(signal.format, signal.offset) for signal in signals}) > 1:
        raise source.refuse(NAME, f"{file.name} is described in more than one signal format")
    head = file.head
    what = format_of(file)
    if what == "MATLAB 5":
        raise source.refuse(
            NAME,
            f"{file.name} is a MATLAB 5 file, whose samples lie elsewhere than the header says: "
            "save it for MATLAB 4 (-v4), or as a .dat in format 16",
        )
    if len(head) >= 20 and first.offset >= 20 and what == "MATLAB 4":
        kind, rows, columns, _, length = np.frombuffer(head, "<i4", 5).tolist()
        if kind // 10 % 10 != _MATLAB_4.get(first.format) or first.offset != 20 + length:
            raise source.refuse(
                NAME,
                f"{file.name} is a MATLAB 4 file of {rows} x {columns} values that are not stored "
                f"as the header says (format {first.format} from byte {first.offset})",
            )
    elif what in ("XML", "CSV") or (what not in ("", "MATLAB 4") and not agrees):
        raise source.refuse(
            NAME, f"{file.name} beside it is {what}, not its signal file {first.file[:80]}"
        )
    elif len(head) >= _SURELY_TEXT and is_text(head):
        raise source.refuse(NAME, f"{file.name} is text, not the samples of {first.file[:80]}")


def frames_in(file: Source, signals: Sequence[Signal]) -> int:
    """How many frames (one sample of every signal, or more) a signal file holds."""
    how, size = signals[0].format, max(file.size - signals[0].offset, 0)
    fours, rest = divmod(size, 4)
    three = {"310": (0, 0, 1, 1), "311": (0, 0, 1, 2)}.get(how)
    samples = 3 * fours + three[rest] if three else size * 8 // BITS[how]
    return int(samples // sum(signal.per_frame for signal in signals))
