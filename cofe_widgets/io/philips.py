"""Philips Sierra XML (``restingecgdata`` 1.03 to 1.04.02) of PageWriter and TraceMaster."""

from __future__ import annotations

import base64
import re
from typing import Any

import numpy as np

from ..ecg import Record
from .format import Format
from .muse import about, stacked
from .source import Source
from .xml import decoded, screened, text_of

NAME = "Philips Sierra XML"
#: Twelve leads of 10 s at 1000 Hz take a quarter of a megabyte.
MAX_UNPACKED_BYTES = 4 * 1024**2
_WAVEFORM = "parsedwaveforms"
_LZW_END = 1023
_ROOT = re.compile(r"<restingecgdata[\s>]")


def sniff(source: Source) -> bool:
    """Whether a file is of this format."""
    return _ROOT.search(text_of(source.head)) is not None


def read(source: Source) -> Record:
    """Read the rhythm strip of a Sierra export, without the calibration pulse at its end.

    Raises
    ------
    EcgFormatError
        On damaged XML or compression, an unknown version, or leads of different length.
    """
    from ecgdatakit.parsing.parsers.sierra_xml import SierraXMLParser

    _, document = screened(source, NAME)
    _check_compression(source, document)
    ecg = decoded(source, NAME, SierraXMLParser, document)
    signal, fs, names = stacked(source, NAME, ecg)
    end = _calibration_start(signal)
    if end == 0:
        raise source.refuse(NAME, "no ECG inside: every lead holds the same samples")
    return source.record(NAME, signal[:, :end], fs, names, about(ecg, []))


FORMAT = Format(NAME, (".xml",), sniff, read)


def _calibration_start(signal: np.ndarray[Any, Any]) -> int:
    """Sample from which all leads are one and the same: the device ends a strip with a 1 mV pulse.

    Electrodes never agree to the last bit, so the pulse needs no template.
    """
    differs = np.ptp(signal, axis=0) > 0
    if len(signal) < 2 or differs[-1]:
        return signal.shape[1]
    return int(np.flatnonzero(differs)[-1]) + 1 if differs.any() else 0


def _check_compression(source: Source, document: bytes) -> None:
    """Refuse an XLI stream that unpacks to more than any resting ECG, before it is unpacked."""
    from defusedxml.ElementTree import fromstring

    waveform = next(
        (element for element in fromstring(document).iter() if _local(element.tag) == _WAVEFORM),
        None,
    )
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


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


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
