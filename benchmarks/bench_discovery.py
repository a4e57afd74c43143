"""Anterior against inferior infarction found without labels: figure 6 of Wagner et al. 2024.

A network that was taught MI as one class; its records split by beats, by saliency maps and by hidden
features. Simulated hearts, whose truth is known, and the z-scored PTB-XL records there are (train and
validation split; most carry further diagnoses, where the paper took records of MI alone). A group of
anterior infarctions alone stands beside them: nothing should be found in it. Some ten minutes.

``python -m benchmarks discovery --records 50`` simulates fewer of each kind.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np

import cofe_widgets as cw
from cofe_widgets.ecg import LEADS, Record
from cofe_widgets.train.data.records import split_of

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data" / "records"
SET = "ptbxl_zscore"
MODEL, TARGET = "ptbxl-super-lenet", "MI"
REPRESENTATIONS = ("attributions", "beats", "features")
#: Accuracy in the paper (section 3.4.1; XResNet, 702 AMI and 1250 IMI): the best of its grid.
PAPER = {"attributions": 90, "beats": 75, "features": 61}
#: PTB-XL's statements of its sub-diagnostic classes.
AMI = frozenset({"AMI", "ASMI", "ALMI", "INJAS", "INJAL", "INJLA"})
IMI = frozenset({"IMI", "ILMI", "IPLMI", "IPMI", "INJIN", "INJIL"})
#: Records in the source are z-scores a lead; so many millivolts stand for one, so that they look like an ECG.
MV = 0.25


def simulated(n: int) -> tuple[list[Record], list[str]]:
    """Hearts of either infarction, in turn."""
    some = {name: cw.simulate(name, n=n, seed=7) for name in ("AMI", "IMI")}
    return [one.record for rows in some.values() for one in rows], ["AMI"] * n + ["IMI"] * n


def real(folder: Path = SHARED) -> tuple[list[Record], list[str]]:
    """Records with a statement of one of the two alone, of the splits that are no test split."""
    import wfdb

    records, labels = [], []
    with (folder.parent / "records" / "labels.csv").open() as table:
        rows = [row for row in csv.DictReader(table) if row["dataset"] == SET]
    for row in rows:
        said = set(row["labels"].split(";"))
        anterior, inferior = bool(said & AMI), bool(said & IMI)
        if anterior == inferior or split_of(row["patient"]) == "test":
            continue
        found = wfdb.rdrecord(str(folder / SET / row["record"]))
        order = [[one.upper() for one in found.sig_name].index(lead.upper()) for lead in LEADS]
        signal = np.asarray(found.p_signal, np.float32).T[order] * MV
        meta = {"age": float(row["age"] or "nan"), "sex": row["sex"]}
        records.append(Record(signal, float(found.fs), LEADS, meta))
        labels.append("AMI" if anterior else "IMI")
    return records, labels


def table(f: cw.Predictor, records: list[Record], labels: list[str], name: str) -> None:
    """A row a representation: accuracy without labels, the best of the grid, and the paper's."""
    count = ", ".join(f"{labels.count(one)} {one}" for one in sorted(set(labels)))
    answers = [one[TARGET] for one in f.predict(records)]
    print(f"\n{name}: {count}; mean answer for {TARGET} {np.mean(answers):.2f}\n")
    print(
        "| split by | paper | best of the grid (95 %) | chosen without labels | Rand | p of a gap |"
    )
    print("|---|---|---|---|---|---|")
    for by in REPRESENTATIONS:
        found = cw.discover(records, f, TARGET, by, labels=labels)
        assert found.best is not None
        row, own = found.scores.iloc[found.best], found.scores.iloc[found.chosen]
        cells = [
            by,
            f"{PAPER[by]} %",
            f"{_percent(found.accuracy(found.best))}, {_how(row)}",
            f"{_percent(found.accuracy())}, {_how(own)}",
            f"{row['rand']:.2f}, {own['rand']:.2f}",
            f"{found.p:.2f}",
        ]
        print(f"| {' | '.join(cells)} |", flush=True)
        if len(found.failures):
            print(f"\n{len(found.failures)} of {found.seen} could not be aligned\n")
    print(f"\none cluster for all: {100 * found.majority:.0f} %")


def _percent(three: tuple[float, float, float]) -> str:
    return "{:.0f} % ({:.0f}-{:.0f})".format(*(100 * one for one in three))


def _how(row: object) -> str:
    return f"{row['clusterer']}{', whitened' if row['whitened'] else ''}"  # type: ignore[index]


def alone(f: cw.Predictor, n: int) -> None:
    """A group of one kind: how often structure is found in it."""
    print(f"\n{2 * n} simulated AMI alone\n")
    records = [one.record for one in cw.simulate("AMI", n=2 * n, seed=11)]
    for by in REPRESENTATIONS:
        print(f"- {by}: {cw.discover(records, f, TARGET, by)}", flush=True)


def main(given: list[str] | None = None) -> None:
    """Print the tables."""
    given = sys.argv[1:] if given is None else given
    n = int(given[given.index("--records") + 1]) if "--records" in given else 100
    f = cw.load(MODEL)
    table(f, *simulated(n), "Simulated")
    if SHARED.exists():
        table(f, *real(), "Real (z-scored PTB-XL)")
    else:
        print(f"\nno real recordings at {SHARED}: left out")
    alone(f, n // 2)


if __name__ == "__main__":
    main()
