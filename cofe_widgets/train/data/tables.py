"""What tables beside recordings say: labels, patients and units, in the form of three collections.

``labels.csv``, this project's own (one row a record: dataset, record, labels, patient, units);
``record_list.csv`` of MIMIC-IV-ECG; ``ptbxl_database.csv`` of PTB-XL.
"""

from __future__ import annotations

import ast
import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ...vocabulary.diagnoses import FROM_SCP

TABLES = ("labels.csv", "record_list.csv", "ptbxl_database.csv")

_PTBXL_NUMBER = re.compile(r"(?:HR)?(\d{5})(?:_|$)")
#: Licences of collections; of all others the card says that its reader must ask the source.
LICENCES = {
    **dict.fromkeys(("ludb", "cinc2011", "cinc2011_250hz"), "ODC-BY 1.0"),
    **dict.fromkeys(("cinc2021", "code15", "g12ec_250hz", "cpsc2018", "sph"), "CC BY 4.0"),
    **dict.fromkeys(("ptbxl", "ptbxl_zscore"), "CC BY 4.0"),
    "mimic-iv-ecg": "ODbL 1.0",
}


@dataclass(frozen=True)
class Said:
    """What is known of a record beside its signal.

    Attributes
    ----------
    dataset : str
    patient : str
        Whose it is; the record's own name where nobody knows.
    labels : str
        Codes joined by ``;``.
    millivolts : bool
        Whether the amplitudes are the source's own (no z-scores).
    """

    dataset: str
    patient: str
    labels: str = ""
    millivolts: bool = True


def find_headers(folder: Path) -> list[Path]:
    """WFDB headers to train on, in order; of PTB-XL's two rates the higher one."""
    found = sorted(p for p in folder.rglob("*.hea") if "original_headers" not in p.parts)
    fine = {p.stem.removesuffix("_hr") for p in found if p.stem.endswith("_hr")}
    return [p for p in found if not (p.stem.endswith("_lr") and p.stem[:-3] in fine)]


def read_tables(folder: Path, headers: list[Path]) -> list[Said]:
    """What the tables of ``folder`` say of each header, by name alone where they say nothing."""
    by_path: dict[Path, Said] = {}
    for name, reader in (("record_list.csv", _mimic), ("ptbxl_database.csv", _ptbxl)):
        for table in folder.rglob(name):
            by_path.update(reader(table))
    own = _own(folder / "labels.csv")
    return [
        own.get((path.parent.name, path.stem))
        or by_path.get(path.with_suffix(""))
        or Said(path.parent.name, path.stem)
        for path in headers
    ]


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as lines:
        yield from csv.DictReader(lines)


def _mimic(path: Path) -> Iterator[tuple[Path, Said]]:
    for row in _rows(path):
        yield path.parent / row["path"], Said("mimic-iv-ecg", row["subject_id"])


def _ptbxl(path: Path) -> Iterator[tuple[Path, Said]]:
    for row in _rows(path):
        likely = {k: v for k, v in ast.literal_eval(row["scp_codes"]).items() if k}
        said = Said(
            "ptbxl",
            "ptbxl" + str(round(float(row["patient_id"]))),
            ";".join(FROM_SCP.get(code, code) for code in likely),
        )
        for column in ("filename_hr", "filename_lr"):
            yield path.parent / row[column], said


def _own(path: Path) -> dict[tuple[str, str], Said]:
    """Of ``labels.csv``, by folder and record name."""
    if not path.exists():
        return {}
    table = {(row["dataset"], row["record"]): row for row in _rows(path)}
    patients = _patients(table)
    return {
        key: Said(key[0], patients[key], row["labels"], "z-score" not in row.get("units", ""))
        for key, row in table.items()
    }


def _patients(table: dict[tuple[str, str], dict[str, str]]) -> dict[tuple[str, str], str]:
    """Group of each record: its patient; the same PTB-XL number is one ECG under several names."""
    number: dict[tuple[str, str], str] = {}
    for dataset, name in table:
        match = _PTBXL_NUMBER.match(name)
        if match and (dataset.startswith("ptbxl") or name.startswith("HR")):
            number[dataset, name] = match.group(1)
    patient_of_number = {
        number[key]: row["patient"]
        for key, row in table.items()
        if key in number and row["patient"]
    }
    return {
        key: patient_of_number.get(number.get(key, ""), "")
        or row["patient"]
        or number.get(key, key[1])
        for key, row in table.items()
    }


def provenance(datasets: list[str]) -> tuple[str, str]:
    """How many records of each collection, and their licences, for a card."""
    counts = Counter(datasets)
    counted = ", ".join(f"{name} {n}" for name, n in counts.most_common())
    licences: dict[str, list[str]] = {}
    for name in counts:
        licences.setdefault(LICENCES.get(name, "see the source"), []).append(name)
    return counted, "; ".join(f"{what} ({', '.join(who)})" for what, who in licences.items())
