"""Measurements that cannot be right: every real record whose numbers contradict its label or its device.

Of the complete bundle branch blocks those with a QRS under 120 ms, of first-degree block those with a
PR under 200 ms, of fibrillation and flutter those with P waves, of paced hearts those with a narrow
QRS; of files that carry the device's own numbers, those that differ by more than 20 ms (QRS) or 40 ms
(PR, QT); of the records that cardiologists marked (LUDB), the same. What is left over was looked at as
a picture, and says what was seen there.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite
from pathlib import Path

import numpy as np

from cofe_widgets.ecg import Record
from cofe_widgets.errors import EcgError
from cofe_widgets.io import read
from cofe_widgets.signals import Measured, measured
from cofe_widgets.signals.measurements.device import AGREE, disagreements, of_device

from .marked import SHARED, Marked, load, rows

#: Data sets to scale that carry labels.
DATASETS = ("ludb", "cinc2021", "cpsc2018", "sph", "ptbxl", "g12ec_250hz", "code15")
WIDE_MS, LONG_PR_MS, SOME_P = 120.0, 200.0, 0.1
#: By how much ours may differ from marks or a device, ms.
FAR_MS = {"qrs_ms": AGREE["qrs_ms"], "pr_ms": AGREE["pr_ms"], "qt_ms": AGREE["qt_ms"]}

#: What was seen in the pictures of those left over.
SEEN = {
    "ludb/20": "P begins 192 ms before the QRS: within the error of 200",
    "ludb/61": "P begins 194 ms before the QRS: within the error of 200",
    "cinc2021/A0006": "RBBB pattern whose S in I and R' in V1 end 114 ms after the onset",
    "cinc2021/A4075": "rSR' with left axis, over after 114 ms; the late part of V1 is noise",
    "cinc2021/A5760": "QS in V1, broad R in I and V6, J is seen at 110 ms",
    "cinc2021/Q0033": "QRS of 100 ms, Q absent in I and V6: an incomplete block, if one",
    "cinc2021/Q1805": "152 a minute, R' in V1 ends after 94 ms; ST falls from there",
    "g12ec_250hz/E06142": "broad R in I, V6 and QS in V1, J is seen at 112 ms",
    "code15/358121": "rSR' in V1, S in I, J is seen at 112 ms",
    "cinc2021/A0007": "P waves before every beat at 142 ms, some early: sinus with atrial beats",
    "cinc2021/HR00003": "PR of 134 ms in every lead; the other label says normal",
    "cinc2021/JS00011": "PR of 162 ms in every lead",
    "ludb/95": "the last half is conducted, narrow: that beat was measured, the paced were counted",
    "129DYPRG.XML": "the device's own bounds lie 96 ms apart, its mean of groups is 96; J is seen at 102",
    "repbeats_example.xml": "the same recording as 129DYPRG.XML",
}


def labelled(shared: Path) -> Iterator[tuple[str, frozenset[str], Record]]:
    """Name, labels and record of what is to scale; what is refused is left out."""
    for dataset in DATASETS:
        for row in rows(shared, dataset):
            labels = frozenset(row["labels"].split(";"))
            if labels & {"LBBB", "RBBB", "PR", "PVC", "VPB", "AF", "AFL", "IAVB", "CHB"}:
                try:
                    record = read(shared / "records" / dataset / f"{row['record']}.hea")
                except EcgError as error:
                    print(f"  not read: {error}")
                    continue
                yield f"{dataset}/{row['record']}", labels, record


def contradicts(labels: frozenset[str], found: Measured) -> dict[str, str]:
    """What a label asks for that the numbers deny: the kind of contradiction -> in words."""
    values, out = found.values, {}
    blocked = labels & {"LBBB", "RBBB"} and not labels & {"ILBBB", "IRBBB"}
    if blocked and values["qrs_ms"] < WIDE_MS:
        out["QRS < 120 ms in complete block"] = f"QRS {values['qrs_ms']:.0f}"
    if "PR" in labels and values["qrs_ms"] < WIDE_MS:
        out["QRS < 120 ms in paced hearts"] = f"QRS {values['qrs_ms']:.0f}"
    if "IAVB" in labels and values["pr_ms"] < LONG_PR_MS:
        out["PR < 200 ms in first-degree block"] = f"PR {values['pr_ms']:.0f}"
    if labels & {"AF", "AFL"} and values["p_presence"] > SOME_P:
        out["P waves in fibrillation or flutter"] = f"P in {100 * values['p_presence']:.0f} %"
    return out


def asked(labels: frozenset[str]) -> dict[str, str]:
    """The measurement that each group of labels is judged by."""
    groups = {
        "complete block": ("qrs_ms", labels & {"LBBB", "RBBB"}),
        "paced": ("qrs_ms", labels & {"PR"}),
        "first-degree block": ("pr_ms", labels & {"IAVB"}),
        "fibrillation, flutter": ("p_presence", labels & {"AF", "AFL"}),
        "ventricular beats": ("qrs_ms", labels & {"PVC", "VPB"}),
        "third-degree block": ("qrs_ms", labels & {"CHB"}),
    }
    return {name: key for name, (key, has) in groups.items() if has}


def against_labels(shared: Path) -> int:
    """Print the contradictions; how many nobody has explained."""
    count: dict[str, list[int]] = {}
    unexplained = 0
    print("\nlabels: every contradiction, and what the picture shows")
    for name, labels, record in labelled(shared):
        found = measured(record)
        for group, key in asked(labels).items():
            tally = count.setdefault(group, [0, 0, 0])
            tally[0] += 1
            if not isfinite(found.values[key]) and key in found.reasons:
                tally[1] += 1
                print(f"  {group:<36}{name:<22}not given   {found.reasons[key]}")
            tally[2] += found.n_other > 0
        for kind, words in contradicts(labels, found).items():
            unexplained += name not in SEEN
            print(f"  {kind:<36}{name:<22}{words:<12}{SEEN.get(name, 'NOT EXPLAINED')}")
    for group, (n, withheld, others) in count.items():
        print(
            f"  {group:<24}{n:>4} records, {withheld} without the number and with its reason, ",
            end="",
        )
        print(f"{others} with beats of another shape")
    return unexplained


def against_devices(shared: Path) -> int:
    """Print where ours and the device's numbers differ; how many nobody has explained."""
    files = sorted(path for path in (shared / "formats").glob("*/*") if path.is_file())
    unexplained = n = 0
    print("\ndevices: every difference beyond 20 ms (QRS), 40 ms (PR, QT), 5 a minute")
    for path in files:
        try:
            record = read(path)
        except EcgError:
            continue
        theirs = of_device(record.meta)
        if not theirs:
            continue
        n += 1
        found = measured(record)
        said = disagreements(found.values, record.meta)
        for sentence in said.values():
            unexplained += path.name not in SEEN
            print(f"  {path.name:<40}{sentence:<52}{SEEN.get(path.name, 'NOT EXPLAINED')}")
        for key in FAR_MS.keys() & found.reasons.keys() & theirs.keys():
            print(
                f"  {path.name:<40}{key} not given: {found.reasons[key]}; device {theirs[key]:.0f}"
            )
    print(f"  {n} files carry the device's own numbers")
    return unexplained


def against_marks(ludb: list[Marked]) -> None:
    """Print the errors against cardiologists' marks by group of labels."""
    print("\nmarks of cardiologists (LUDB): median error, 90 % under, without number, n")
    groups = {
        "sinus": lambda one: bool(one.labels & {"NSR", "SB", "STach", "SA"}),
        "fibrillation, flutter": lambda one: bool(one.labels & {"AF", "AFL"}),
        "bundle branch block": lambda one: bool(one.labels & {"LBBB", "RBBB"}),
        "paced": lambda one: "PR" in one.labels,
        "ventricular beats": lambda one: "PVC" in one.labels,
    }
    found = [measured(one.record).values for one in ludb]
    for name, belongs in groups.items():
        for mark, key in (("pr", "pr_ms"), ("qrs", "qrs_ms"), ("qt", "qt_ms")):
            error = np.array(
                [
                    values[key] - one.interval_ms(mark)
                    for one, values in zip(ludb, found, strict=True)
                    if belongs(one) and isfinite(one.interval_ms(mark))
                ]
            )
            size = np.abs(error[np.isfinite(error)])
            if len(size):
                print(
                    f"  {name:<24}{mark.upper():<5}{np.median(size):5.1f} ms, {np.quantile(size, 0.9):4.0f}"
                    f" ms, {len(error) - len(size)} of {len(error)}"
                )


def main() -> None:
    """Print the lists."""
    if not SHARED.is_dir():
        print(f"\nreal records: skipped, {SHARED} does not exist")
        return
    unexplained = against_labels(SHARED) + against_devices(SHARED)
    against_marks(load(SHARED))
    print(f"\n{unexplained} left unexplained")


if __name__ == "__main__":
    main()
