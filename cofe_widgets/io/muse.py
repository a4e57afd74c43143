"""GE MUSE XML (``RestingECG``): I, II and V1 to V6 in base64; the other limb leads follow."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element

import numpy as np

from ..ecg import Record
from .format import Format
from .source import Source
from .xml import decoded, document, root_of

NAME = "GE MUSE XML"
#: Tags that the parser looks for in this spelling alone.
_TAGS = (
    "RestingECG MuseInfo PatientDemographics TestDemographics PharmaData Order ExtraQuestions "
    "ExtraQuestion Diagnosis OriginalDiagnosis DiagnosisStatement StmtFlag StmtText Waveform "
    "LeadData PaceSpikes ACFilter RestingECGMeasurements OriginalRestingECGMeasurements "
    "QRSTimesTypes QRS GlobalRR MeasurementMatrix IntervalMeasurements AmplitudeMeasurements "
    "VentricularRate AtrialRate PRInterval QRSDuration QTInterval QTCorrected QTcFrederica "
    "QTcFridericia QTcBazett PAxis RAxis TAxis QRSCount QOnset QOffset POnset POffset TOnset "
    "TOffset ECGSampleBase ECGSampleExponent"
)
#: Remarks on a lead that it begins at a time of its own.
_STARTS = {"LeadTimeOffset", "LeadOffsetFirstSample"}
#: Who somebody is, and who did what.
_IDENTITY = (
    "patientid patientlastname patientfirstname acquisitiontechid acquisitiontechlastname "
    "acquisitiontechfirstname overreaderid overreaderlastname overreaderfirstname referringmdid "
    "referringmdlastname referringmdfirstname orderingmdid orderingmdlastname orderingmdfirstname "
    "attendingmdid attendingmdlastname attendingmdfirstname editorid editorlastname "
    "editorfirstname secondaryid visitnumber ordernumber dateofbirth locationname sitename roomid"
)


def sniff(source: Source) -> bool:
    """Whether a file is of this format."""
    return root_of(source).lower() == "restingecg"


def read(source: Source) -> Record:
    """Read the rhythm strip of a MUSE export.

    Raises
    ------
    EcgFormatError
        On damaged XML, a checksum that does not match, or no unit.
    """
    from ecgdatakit.parsing.parsers.ge_muse_xml import GEMuseXMLParser

    root, warnings = document(source, NAME)
    identity = identity_in(root, _IDENTITY)
    spelt = {tag.lower(): tag for tag in _TAGS.split()}
    for element in root.iter():
        element.tag = spelt.get(element.tag, element.tag)
    ecg = decoded(source, NAME, GEMuseXMLParser, root)
    if ecg.raw_metadata.get("checksum_valid") is False:
        raise source.refuse(NAME, "a lead does not match its checksum: the file is damaged")
    off = [lead.label for lead in ecg.leads if "LeadOff" in lead.annotations]
    warnings += [f"the device noted lead {', '.join(off)} as off"] if off else []
    meta = {**about(ecg, warnings), "identity": identity}
    return source.record(NAME, *stacked(source, NAME, ecg), meta)


FORMAT = Format(NAME, (".xml",), sniff, read)


def identity_in(root: Element, tags: str) -> dict[str, str]:
    """What a document says of persons and places, by tag: to be kept out of everything else."""
    found: dict[str, str] = {}
    wanted = set(tags.split())
    for element in root.iter():
        text = " ".join("".join(element.itertext()).split())[:200] if element.tag in wanted else ""
        if text:
            found[element.tag] = f"{found[element.tag]} {text}" if element.tag in found else text
    return found


def stacked(
    source: Source, format: str, ecg: Any
) -> tuple[list[np.ndarray[Any, Any]], list[float], list[str]]:
    """Millivolts, rates and names of an ``ECGRecord``."""
    lengths = {lead.label: len(lead.samples) for lead in ecg.leads}
    moved = [lead.label for lead in ecg.leads if _STARTS & lead.annotations.keys()]
    if moved and len(set(lengths.values())) > 1:
        said = ", ".join(f"{lead} {length}" for lead, length in lengths.items())
        raise source.refuse(
            format, f"its leads differ in length and do not begin together (samples: {said})"
        )
    to_mv = {"nV": 1e-6, "uV": 1e-3, "mV": 1.0, "V": 1e3}
    unknown = [lead.label for lead in ecg.leads if lead.resolution_unit not in to_mv]
    if unknown:
        raise source.refuse(format, f"no unit of voltage is given for lead {', '.join(unknown)}")
    with np.errstate(all="ignore"):  # absurd scales are refused as amplitudes
        signal = [
            (lead.samples * lead.resolution + lead.offset) * to_mv[lead.resolution_unit]
            for lead in ecg.leads
        ]
    return signal, [float(lead.sampling_rate) for lead in ecg.leads], list(lengths)


def about(ecg: Any, warnings: list[str]) -> dict[str, Any]:
    """What the file says about patient and recording; never a name or a number of a person."""
    filters = ecg.recording.acquisition.filters
    statements = (
        f"{left} ({right})" if right else left for left, right in ecg.interpretation.statements
    )
    return {
        "age": ecg.patient.age,
        "sex": {"M": "M", "F": "F"}.get(ecg.patient.sex),
        "recorded": ecg.recording.date,
        "device": ecg.recording.device.model,
        "statements": tuple(text for text in statements if text),
        "device_measurements": device_measurements(ecg),
        "high_pass_hz": filters.highpass,
        "low_pass_hz": filters.lowpass,
        "warnings": warnings,
    }


#: Measurement -> its field in an ``ECGRecord``, and what it may be: zeros and 32767 mean "not measured".
_OF_DEVICE = {
    "heart_rate_bpm": ("heart_rate", (10, 400)),
    "pr_ms": ("pr_interval", (40, 700)),
    "qrs_ms": ("qrs_duration", (20, 400)),
    "qt_ms": ("qt_interval", (100, 900)),
    "qtc_bazett_ms": ("qtc_bazett", (100, 900)),
    "qtc_fridericia_ms": ("qtc_fridericia", (100, 900)),
    "p_axis_deg": ("p_axis", (-180, 360)),
    "qrs_axis_deg": ("qrs_axis", (-180, 360)),
    "t_axis_deg": ("t_axis", (-180, 360)),
}


def device_measurements(ecg: Any) -> dict[str, float]:
    """What the device measured itself, by our names; angles from -180 (left out) to 180 degrees."""
    found = {}
    for key, (name, (low, high)) in _OF_DEVICE.items():
        value = getattr(ecg.measurements, name)
        if value is not None and low <= value <= high:
            found[key] = float(value)
            if key.endswith("_deg"):
                found[key] = 180.0 - (180.0 - value) % 360.0
    return found
