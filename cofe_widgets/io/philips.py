"""Philips Sierra XML (``restingecgdata`` 1.03 to 1.04.02) of PageWriter and TraceMaster."""

from __future__ import annotations

import base64
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np

from ..ecg import Record
from .format import Format
from .muse import about, identity_in, stacked
from .source import Source
from .xml import decoded, document, root_of

NAME = "Philips Sierra XML"
#: Twelve leads of 10 s at 1000 Hz take a quarter of a megabyte.
MAX_UNPACKED_BYTES = 1024**2
_WAVEFORM = "parsedwaveforms"
_LZW_END = 1023
#: Who somebody is, and who did what.
_IDENTITY = (
    "patientid mrn uniquepatientid lastname firstname middlename dateofbirth operator operatorid "
    "referringclinician orderingclinician referringphysician orderingphysician attendingphysician "
    "facilityname institutionname departmentname room roomid bed editor reviewer ordernumber "
    "visitnumber encounterid accountnumber"
)


def sniff(source: Source) -> bool:
    """Whether a file is of this format."""
    return root_of(source).lower() == "restingecgdata"


def read(source: Source) -> Record:
    """Read the rhythm strip of a Sierra export, without the calibration pulse at its end.

    Raises
    ------
    EcgFormatError
        On damaged XML or compression, an unknown version, or leads of different length.
    """
    from ecgdatakit.parsing.parsers.sierra_xml import SierraXMLParser

    root, warnings = document(source, NAME)
    _check_compression(source, root)
    ecg = decoded(source, NAME, SierraXMLParser, root)
    rows, rates, names = stacked(source, NAME, ecg)
    signal = np.stack(rows)  # one duration is stated for all leads
    if not signal.shape[1]:
        raise source.refuse(NAME, "no ECG inside: its leads hold no samples")
    end = _calibration_start(signal)
    if end == 0:
        raise source.refuse(NAME, "no ECG inside: every lead holds the same samples")
    meta = {**about(ecg, warnings), "identity": identity_in(root, _IDENTITY)}
    return source.record(NAME, signal[:, :end], rates[0], names, meta)


FORMAT = Format(NAME, (".xml",), sniff, read)


def _calibration_start(signal: np.ndarray[Any, Any]) -> int:
    """Sample from which all leads are one and the same: the device ends a strip with a 1 mV pulse.

    Electrodes never agree to the last bit, so the pulse needs no template.
    """
    differs = np.ptp(signal, axis=0) > 0
    if len(signal) < 2 or differs[-1]:
        return signal.shape[1]
    return int(np.flatnonzero(differs)[-1]) + 1 if differs.any() else 0


def _check_compression(source: Source, root: Element) -> None:
    """Refuse an XLI stream that unpacks to more than any resting ECG, before it is unpacked."""
    waveform = next(root.iter(_WAVEFORM), None)
    if waveform is None:
        raise source.refuse(NAME, "no ECG inside: it has no waveforms")
    if "xli" not in " ".join(waveform.attrib.values()).lower():
        return
    try:
        packed = base64.b64decode("".join((waveform.text or "").split()), validate=True)
    except ValueError as error:
        raise source.refuse(NAME, f"the waveform is damaged: {error}") from None
    if len(packed) > MAX_UNPACKED_BYTES or _unpacked_size(packed) > MAX_UNPACKED_BYTES:
        raise source.refuse(
            NAME,
            f"the waveform unpacks to over {MAX_UNPACKED_BYTES >> 20} MB: no resting ECG",
        )


def _unpacked_size(packed: bytes) -> int:
    """Bytes that an XLI stream unpacks to (chunks of 8 header bytes and 10-bit LZW codes).

    Every code of LZW stands for at most one byte more than the longest before it, so lengths can
    be added up without the strings; damage is left to the decoder to name.
    """
    total = start = 0
    while start + 8 <= len(packed):
        size = int.from_bytes(packed[start : start + 4], "little", signed=True)
        if size <= 0:
            break
        body = np.frombuffer(packed[start + 8 : start + 8 + size], np.uint8)
        start += 8 + size
        bits = np.unpackbits(body)
        codes = bits[: len(bits) // 10 * 10].reshape(-1, 10) @ (1 << np.arange(10)[::-1])
        lengths = [1] * 256
        before = 0
        for code in codes.tolist():
            if code >= _LZW_END:
                break
            length = lengths[code] if code < len(lengths) else before + 1
            if before and len(lengths) < _LZW_END:
                lengths.append(before + 1)
            total, before = total + length, length
            if total > MAX_UNPACKED_BYTES:
                return total
    return total
