"""Small valid files of every format read, made here: no recording of a person is in the project."""

from __future__ import annotations

import base64
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cofe_widgets.ecg import LEADS, expand_matrix

FS = 250


def counts(samples: int = 500) -> NDArray[np.int16]:
    """A pulse train of about a millivolt at 5 µV a count, Einthoven exact: (12, samples)."""
    t = np.arange(samples) / FS
    beat = np.exp(-(((t % 0.8) - 0.3) ** 2) / 2e-4) + 0.2 * np.sin(2 * np.pi * 1.3 * t)
    heights = np.array([80, 160, -60, 40, 120, 180, 160, 120])
    shifts = np.arange(8)[:, None] * np.sin(2 * np.pi * 0.4 * t)
    eight = 2 * np.round(heights[:, None] * beat + 3 * shifts)
    return (expand_matrix() @ eight).astype(np.int16)


def muse(
    rows: dict[str, NDArray[Any]] | None = None, unit: str = "MICROVOLTS", **more: str
) -> bytes:
    """A MUSE export of I, II and V1 to V6 at 5 µV a count."""
    if rows is None:
        rows = dict(zip(LEADS, counts(), strict=True))
        rows = {lead: rows[lead] for lead in ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")}
    leads = ""
    for lead, row in rows.items():
        data = row.astype("<i2").tobytes()
        leads += (
            f"<LeadData><LeadByteCountTotal>{len(data)}</LeadByteCountTotal>"
            f"<LeadSampleCountTotal>{len(row)}</LeadSampleCountTotal>"
            f"<LeadAmplitudeUnitsPerBit>5</LeadAmplitudeUnitsPerBit>"
            f"<LeadAmplitudeUnits>{unit}</LeadAmplitudeUnits><LeadID>{lead}</LeadID>"
            f"{more.get('lead_' + lead, '')}"
            f"<LeadSampleSize>2</LeadSampleSize><LeadDataCRC32>{zlib.crc32(data)}</LeadDataCRC32>"
            f"<WaveFormData>{base64.b64encode(data).decode()}</WaveFormData></LeadData>"
        )
    return (
        '<?xml version="1.0" encoding="ISO-8859-1"?><!DOCTYPE RestingECG SYSTEM "restecg.dtd">'
        "<RestingECG><MuseInfo><MuseVersion>9</MuseVersion></MuseInfo><PatientDemographics>"
        "<PatientID>4711</PatientID><PatientLastName>Müller</PatientLastName>"
        "<PatientAge>61</PatientAge><AgeUnits>YEARS</AgeUnits><Gender>FEMALE</Gender>"
        "</PatientDemographics><TestDemographics><AcquisitionDevice>MAC55</AcquisitionDevice>"
        "<AcquisitionTime>08:30:00</AcquisitionTime><AcquisitionDate>03-14-2019</AcquisitionDate>"
        f"</TestDemographics>{more.get('measurements', '')}"
        "<Diagnosis><DiagnosisStatement><StmtFlag>ENDSLINE</StmtFlag>"
        "<StmtText>Normal sinus rhythm</StmtText></DiagnosisStatement></Diagnosis>"
        "<Waveform><WaveformType>Rhythm</WaveformType><SampleBase>250</SampleBase>"
        "<SampleExponent>0</SampleExponent><HighPassFilter>5</HighPassFilter>"
        f"<LowPassFilter>150</LowPassFilter>{leads}</Waveform></RestingECG>"
    ).encode("latin-1")


def xli(rows: NDArray[Any]) -> bytes:
    """Rows packed as Sierra packs them: residuals of the limb leads, deltas, LZW of 10 bits."""
    rows = rows.astype(np.int64).copy()
    one, two = rows[0].copy(), rows[1].copy()
    three = rows[2].copy()
    rows[2] = two - one - three
    rows[3] = -rows[3] - (one + two) // 2
    rows[4] = (one - three) // 2 - rows[4]
    rows[5] = (two + three) // 2 - rows[5]
    packed = b""
    for row in rows:
        deltas = row.copy()
        # z = 2y - x - last, last = delta - 64: the delta kept at i gives the sample at i + 1.
        second = 2 * row[1:-1] - row[:-2] - row[2:]
        first = int(second[0])
        deltas[2:-1] = second[1:] + 64
        deltas[-1] = 64
        words = deltas.astype(np.int16).view(np.uint16)
        data = bytes(np.concatenate([words >> 8, words & 255]).astype(np.uint8))
        body = _lzw(data)
        packed += (
            len(body).to_bytes(4, "little") + b"\0\0" + first.to_bytes(2, "little", signed=True)
        )
        packed += body
    return packed


def _lzw(data: bytes) -> bytes:
    """LZW with codes of 10 bits and a table that is never cleared."""
    table = {bytes([n]): n for n in range(256)}
    codes, word = [], b""
    for byte in data:
        longer = word + bytes([byte])
        if longer in table:
            word = longer
            continue
        codes.append(table[word])
        if len(table) < 1023:
            table[longer] = len(table)
        word = bytes([byte])
    codes.append(table[word])
    bits = "".join(f"{code:010b}" for code in codes)
    bits += "1" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def philips(
    rows: NDArray[Any] | None = None,
    packed: bytes | None = None,
    attributes: dict[str, str] | None = None,
) -> bytes:
    """A Sierra 1.04 export in UTF-16 whose strip ends with the device's 1 mV pulse."""
    if rows is None:
        pulse = np.repeat([0, 200, 0], 25).astype(np.int16)
        rows = np.concatenate([counts(), np.tile(pulse, (12, 1))], axis=1)
    packed = xli(rows) if packed is None else packed
    said = {
        "dataencoding": "Base64",
        "compression": "XLI",
        "numberofleads": "12",
        "leadlabels": " ".join(LEADS),
        "durationperchannel": str(rows.shape[1] * 1000 // FS),
        "samplespersecond": str(FS),
        "resolution": "5",
        "signalsigned": "True",
        "bitspersample": "16",
        "hipass": "0.05",
        "lowpass": "150",
        **(attributes or {}),
    }
    inside = " ".join(f'{name}="{value}"' for name, value in said.items())
    return (
        '<?xml version="1.0" encoding="UTF-16"?><restingecgdata xmlns="http://www3.medical.philips.com">'
        "<documentinfo><documenttype>PhilipsECG</documenttype>"
        "<documentversion>1.04</documentversion></documentinfo>"
        '<dataacquisition date="2019-03-14" time="08:30:00"><machine>PageWriter</machine>'
        "<signalcharacteristics><samplingrate>250</samplingrate><resolution>5</resolution>"
        "<acquisitiontype>STD-12</acquisitiontype><leadset>STD-12</leadset>"
        "</signalcharacteristics></dataacquisition>"
        "<patient><generalpatientdata><patientid>4711</patientid><name><lastname>Müller</lastname>"
        "</name><age><years>61</years></age><sex>Female</sex></generalpatientdata></patient>"
        '<interpretations><interpretation date="2019-03-14" time="08:30:00"><statement>'
        "<statementcode>SR</statementcode><leftstatement>Sinus rhythm</leftstatement>"
        "<rightstatement>V-rate 50-99</rightstatement></statement></interpretation>"
        "</interpretations>"
        f"<waveforms><parsedwaveforms {inside}>{base64.b64encode(packed).decode()}"
        "</parsedwaveforms></waveforms></restingecgdata>"
    ).encode("utf-16")


def wfdb(
    rows: NDArray[Any] | None = None,
    names: tuple[str, ...] = LEADS,
    gain: str = "200(0)/mV",
    comments: str = "#Age: 61\n#Sex: Female\n#Dx: 426783006,low voltage\n",
    record: str = "",
    stored: str = "16",
) -> dict[str, bytes]:
    """The two files of a WFDB record in format 16, at 5 µV a count."""
    rows = counts() if rows is None else rows
    lines = [record or f"ecg {len(rows)} {FS} {rows.shape[1]} 08:30:00 14/03/2019"]
    for name, row in zip(names, rows, strict=True):
        checksum = int(row.astype(np.int64).sum()) & 0xFFFF
        checksum -= 0x10000 if checksum > 0x7FFF else 0
        lines.append(f"ecg.dat {stored} {gain} 16 0 {row[0]} {checksum} 0 {name}")
    header = "\n".join(lines) + "\n" + comments
    return {"ecg.hea": header.encode(), "ecg.dat": rows.T.astype("<i2").tobytes()}


def put(folder: Path, files: dict[str, bytes]) -> Path:
    """Write files into a folder and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder
