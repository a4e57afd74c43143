"""The samples of a WFDB record, decoded from its signal files and turned into millivolts.

They are decoded by the format's own library, wfdb, in a folder of its own under names of our own, so
that no name in a header reaches another file. Source: the WFDB Applications Guide, signal(5).
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...ecg import lead_name
from ..source import MAX_BYTES, Source
from .header import BYTES_PER_SAMPLE, DEFAULT_GAIN, NAME, TO_MV, Header, Signal, is_lead


def signal_files(source: Source, header: Header) -> dict[str, Source]:
    """The signal files of a header, by name; a missing one, or one in another folder, is refused."""
    names = list(dict.fromkeys(signal.file for signal in header.signals))
    files: dict[str, Source] = {}
    for name in names:
        if "/" in name or "\\" in name or name.startswith(".") or name == "-":
            raise source.refuse(NAME, f"the header points outside its own folder: {name!r}")
        companion = source.companion(name)
        others = [other for other in source.uploads if not other.endswith(".hea")]
        if companion is None and len(names) == len(others) == 1:
            companion = source.companion(others[0])  # renamed by a browser: "1 (2).dat"
        if companion is None:
            verb = "upload it together with the header" if source.path is None else "put it there"
            raise source.refuse(NAME, f"its signal file {name} is not beside it: {verb}")
        files[name] = companion
    if [name for name, _ in groupby(signal.file for signal in header.signals)] != names:
        raise source.refuse(NAME, "the signals of one file are not listed together")
    return files


def checked_against(source: Source, header: Header, files: dict[str, Source]) -> Header:
    """The header with its length, once every file is known to hold what the header promises."""
    samples = header.samples
    for name, file in files.items():
        signals = [signal for signal in header.signals if signal.file == name]
        first = signals[0]
        if len({(signal.format, signal.offset) for signal in signals}) > 1:
            raise source.refuse(NAME, f"{name} is described in more than one signal format")
        if file.size > MAX_BYTES:
            raise file.refuse(
                NAME, f"{file.size / 1e6:.0f} MB: cut out the minute to look at, e.g. with wfdb"
            )
        frame = sum(signal.per_frame for signal in signals)
        there = math.floor((file.size - first.offset) / (frame * BYTES_PER_SAMPLE[first.format]))
        samples = samples or max(there, 0)
        if there < samples or samples < 1:
            raise source.refuse(
                NAME,
                f"{name} is cut off: the header promises {samples} samples of {len(signals)} "
                f"signals, its {file.size} bytes hold {max(there, 0)}",
            )
        if any(signal.skew >= samples for signal in signals):
            raise source.refuse(NAME, f"a skew in {name} is longer than the record")
    return Header(header.fs, samples, header.when, header.signals, header.comments)


def decode(
    source: Source, header: Header, files: dict[str, Source]
) -> list[NDArray[np.floating[Any]]]:
    """Samples of every signal as stored (integers in float64), NaN where marked as invalid."""
    import wfdb

    with tempfile.TemporaryDirectory(prefix="cofe-widgets-") as folder:
        ours = {name: f"signals{number}.dat" for number, name in enumerate(files)}
        lines = [f"ecg {len(header.signals)} {header.fs:g} {header.samples}"]
        for number, signal in enumerate(header.signals):
            frame = f"x{signal.per_frame}" if signal.per_frame > 1 else ""
            skew = f":{signal.skew}" if signal.skew else ""
            offset = f"+{signal.offset}" if signal.offset else ""
            # Gain 1, baseline 0: what comes back as physical is the stored integer.
            lines.append(
                f"{ours[signal.file]} {signal.format}{frame}{skew}{offset} 1(0)/mV 0 0 "
                f"{signal.first} 0 0 s{number}"
            )
        (Path(folder) / "ecg.hea").write_text("\n".join(lines) + "\n")
        for name, file in files.items():
            file.place(Path(folder) / ours[name])
        try:
            record = wfdb.rdrecord(str(Path(folder) / "ecg"), smooth_frames=False)
        except Exception as error:
            # wfdb raises whatever its arithmetic meets; the header was sound, so it is the samples.
            raise source.refuse(NAME, f"its samples cannot be decoded: {error}") from error
    return list(record.e_p_signal)


def checksum_failures(header: Header, digital: Sequence[NDArray[np.floating[Any]]]) -> list[str]:
    """Signals whose samples do not add up, modulo 2**16, to what the header says."""
    return [
        signal.name or signal.file
        for signal, samples in zip(header.signals, digital, strict=True)
        if signal.checksum is not None
        and np.isfinite(samples).all()
        and (int(samples.sum()) - signal.checksum) % 65536
    ]


def millivolts(
    source: Source,
    signals: Sequence[Signal],
    digital: Sequence[NDArray[np.floating[Any]]],
    chosen: Sequence[int],
) -> tuple[NDArray[np.floating[Any]], list[str]]:
    """Millivolts of the chosen signals, and what is doubtful about them."""
    stored = np.stack([digital[row] for row in chosen])
    gain = np.array([signal.gain for signal in signals])[:, None]
    baseline = np.array([signal.baseline for signal in signals], float)[:, None]
    unit = np.array([TO_MV.get(signal.unit, 1.0) for signal in signals])[:, None]
    physical = (stored - baseline) / gain * unit
    warnings = []
    if not all(signal.calibrated for signal in signals):
        warnings.append(
            f"no gain is given: the standard's {DEFAULT_GAIN:g} units per mV is assumed"
        )
    if _every_lead_is_one_tall(physical) and len(np.unique(gain)) > 1:
        if not _einthoven_holds([signal.name for signal in signals], stored):
            raise source.refuse(
                NAME,
                "its gains make every lead exactly 1 mV tall, so the true amplitudes are lost: "
                "get a header with the recorder's gain",
            )
        physical = stored / 1000.0
        warnings.append(
            "the header's gains make every lead exactly 1 mV tall (the published LUDB headers do); "
            "read at 1 µV per unit, with which III = II - I"
        )
    return physical, warnings


def _every_lead_is_one_tall(physical: NDArray[np.floating[Any]]) -> bool:
    """Whether gains were made of the leads' own ranges, as in the published LUDB headers."""
    # fmax and fmin skip NaN in silence; a lead of nothing but NaN fails the comparison.
    spans = np.fmax.reduce(physical, axis=1) - np.fmin.reduce(physical, axis=1)
    return len(spans) > 2 and bool(np.all(np.abs(spans - 1.0) < 0.01))


def _einthoven_holds(names: Sequence[str], stored: NDArray[np.floating[Any]]) -> bool:
    """Whether III = II - I in stored units, i.e. one gain served all leads."""
    rows = {lead_name(name): row for name, row in zip(names, stored, strict=True) if is_lead(name)}
    if not {"I", "II", "III"} <= set(rows):
        return False
    error = rows["III"] - rows["II"] + rows["I"]
    return float(np.nanstd(error)) < 0.02 * float(np.nanstd(rows["II"]))
