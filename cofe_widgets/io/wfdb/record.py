"""A WFDB record from its header: believed only as far as the signal files bear it out."""

from __future__ import annotations

from ...ecg import Record
from ..format import Format
from ..source import Source
from .comments import about
from .header import NAME, header_of, is_header, is_lead, parse
from .signals import checked_against, checksum_failures, decode, millivolts, signal_files


def read(source: Source) -> Record:
    """Read a record from its header and the signal files beside it.

    Raises
    ------
    EcgFormatError
        On a header that contradicts itself or its signal files, a missing signal file, signals
        that are no ECG, or amplitudes that no gain explains.
    """
    header = parse(source)
    files = signal_files(source, header)
    header = checked_against(source, header, files)
    digital = decode(source, header, files)
    damaged = checksum_failures(header, digital)
    chosen = [row for row, signal in enumerate(header.signals) if is_lead(signal.name)] or list(
        range(len(header.signals))
    )
    rates = {header.signals[row].per_frame for row in chosen}
    if len(rates) > 1:
        raise source.refuse(NAME, "its leads are sampled at different rates: resample them to one")
    physical, warnings = millivolts(source, [header.signals[r] for r in chosen], digital, chosen)
    names = [header.signals[row].name for row in chosen]
    if damaged:
        warnings.append(f"{', '.join(damaged)} fails the header's checksum: edited or damaged")
    meta = {**about(header), "warnings": warnings}
    return source.record(NAME, physical, header.fs * rates.pop(), names, meta)


FORMAT = Format(NAME, (".hea", ".dat", ".mat"), is_header, read, header_of)
