"""ECGs at 100 Hz with PTB-XL's statements: of a PTB-XL folder, of other collections, simulated."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

from ...ecg import expand_matrix
from ...simulate import draw
from ...vocabulary.scp_statements import LEVELS, STATEMENTS
from .cache import CACHE, kept, of_array
from .condition_sampling import combine
from .examples import Examples
from .records import RealRecords
from .scp_labels import classes, diagnosed, of_hearts, simulated_classes, statements

FS, SAMPLES = 100.0, 1000
#: Length of a crop, s, and in samples.
CROP_S, CROP = 2.5, 250
#: What ails the simulated hearts, menu by menu.
MENUS = (
    {"AF": 0.10, "SB": 0.06, "STach": 0.08, "SA": 0.05, "AFL": 0.03, "MoI": 0.03},
    {"IAVB": 0.12},
    {"PAC": 0.04},
    {"PVC": 0.05},
    {"LBBB": 0.12, "RBBB": 0.12},
    {"LAFB": 0.10},
    {"LVH": 0.15, "LQRSV": 0.05},
    {"AMI": 0.08, "SMI": 0.06, "IMI": 0.12, "STEMI_A": 0.03, "STEMI_I": 0.03},
    {"LQT": 0.03, "HYPERK": 0.02, "HYPOK": 0.03},
)
#: Folds of PTB-XL (Wagner et al. 2020): eight to learn from, the ninth validates, the tenth tests.
FOLDS = {**dict.fromkeys(range(1, 9), "train"), 9: "val", 10: "test"}
_ROOMS = ("simulate", "vocabulary/scp_statements.py", "train/data/ptbxl.py")
_PATIENT = re.compile(r"ptbxl_?(\d+)(?:\.0)?")
#: Share of lead III's energy that I and II may leave unexplained.
MOST_LEFT = 0.02
#: Hearts drawn together, all with one level of noise.
_TOGETHER = 100


@dataclass(frozen=True)
class Statements:
    """``n`` ECGs and what is known of each of the 71 statements.

    Attributes
    ----------
    signals : (n, 8, 1000) float32 mV, independent leads at 100 Hz
    truth : (n, 71) float32, 1 or 0 in the order of `STATEMENTS`, NaN where nobody knows
    patients, splits, datasets : (n,) str; ``splits`` is train, val or test
    millivolts : (n,) whether the amplitudes are the source's own (not rescaled z-scores)
    """

    signals: NDArray[np.float32]
    truth: NDArray[np.float32]
    patients: NDArray[np.str_]
    splits: NDArray[np.str_]
    datasets: NDArray[np.str_]
    millivolts: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.truth)

    def where(self, mask: NDArray[np.bool_]) -> Statements:
        """The ECGs that ``mask`` keeps."""
        return Statements(**{name: value[mask] for name, value in vars(self).items()})


def simulated(n: int, seed: int, cache: Path = CACHE) -> Statements:
    """Simulated hearts, several conditions each, of which all is known (`of_hearts`)."""

    def make() -> dict[str, NDArray[np.float32]]:
        rng = np.random.default_rng(seed)
        parts = [_drawn(rng, min(_TOGETHER, n - k)) for k in range(0, n, _TOGETHER)]
        signals, truth = (np.concatenate(one) for one in zip(*parts, strict=True))
        return {"signals": signals, "truth": truth}

    rooms = (*_ROOMS, "train/data/scp_labels.py")
    found = kept("statements-simulated", f"{n} {seed}", rooms, make, cache)
    return Statements(
        found["signals"],
        found["truth"],
        np.arange(n).astype(str),
        np.full(n, "train"),
        np.full(n, "simulated"),
        np.ones(n, bool),
    )


def _drawn(rng: np.random.Generator, n: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    made = draw(
        ["+".join(codes) for codes in combine(rng, n, MENUS)],
        int(rng.integers(2**31)),
        fs=FS,
        noise=float(rng.uniform(0.3, 1.5)),
        variety=0.8,
        severity=rng.uniform(0.3, 1.0, n),
    )
    return made.signals.astype(np.float32), of_hearts(made)


def recorded(real: RealRecords, folder: Path, cache: Path = CACHE) -> Statements:
    """Real records of which a statement is known.

    Parameters
    ----------
    real : RealRecords
        What `load_real` made of ``folder``. Splits are PTB-XL's folds where ``ptbxl_database.csv``
        lies there, for every record of its patients; elsewhere by the patient's name (`split_of`).
    """
    truth = np.array(
        [
            statements(labels, dataset, bool(mv))
            for labels, dataset, mv in zip(
                real.labels.tolist(), real.datasets.tolist(), real.millivolts, strict=True
            )
        ],
        np.float32,
    ).reshape(-1, len(STATEMENTS))
    known = np.flatnonzero(np.isfinite(truth).any(axis=1))
    real, truth = real.where(known), truth[known]

    def make() -> dict[str, NDArray[np.float32]]:
        parts = np.array_split(np.arange(len(real)), max(1, len(real) // 256))
        coarse = (resample_poly(real.signals[p], 2, 5, axis=2, padtype="line") for p in parts)
        signals = np.concatenate([one[:, :, :SAMPLES].astype(np.float32) for one in coarse])
        whole = np.ones(len(real), bool)
        for k in np.flatnonzero(~real.millivolts):
            whole[k] = _restore_limb(signals[k], folder / real.datasets[k] / real.names[k])
        return {"signals": signals, "whole": whole}

    of = of_array(np.char.add(real.datasets, real.names)) + of_array(real.r_s)
    found = kept("statements-real", of, _ROOMS, make, cache)
    fold = folds(folder)
    splits = [
        fold.get(_ptbxl_patient(patient), split)
        for patient, split in zip(real.patients.tolist(), real.splits.tolist(), strict=True)
    ]
    every = Statements(
        found["signals"], truth, real.patients, np.array(splits), real.datasets, real.millivolts
    )
    if not found["whole"].all():
        lost = int((~found["whole"]).sum())
        print(f"{lost} z-scored records left out: without lead III the limb leads are unknown")
    return every.where(found["whole"])


def _restore_limb(signal: NDArray[np.float32], path: Path) -> bool:
    """Give I and II of a z-scored record the ratio that makes III right; whether that could be done.

    III = II - I holds in mV. Of z-scores c III = b II - a I, and a : b is found by least squares
    from the III that was stored; without it the four leads made of I and II would be false.
    """
    import wfdb

    stored = wfdb.rdrecord(str(path))
    leads = dict(zip(stored.sig_name, stored.p_signal.T, strict=True))
    if "III" not in leads:
        return False
    one, two, three = (leads[name] - leads[name].mean() for name in ("I", "II", "III"))
    ratio, left, *_ = np.linalg.lstsq(np.stack((-one, two), axis=1), three, rcond=None)
    if (ratio <= 0).any() or float(left.sum()) > MOST_LEFT * float(three @ three):
        return False
    size = signal[:2].std(axis=1)
    ratio *= np.sqrt(
        np.square(size).sum() / np.square(ratio).sum()
    )  # of the size they had together
    signal[:2] *= (ratio / size).astype(np.float32)[:, None]
    return True


def _ptbxl_patient(name: str) -> str:
    """``ptbxl_15709.0`` and ``ptbxl15709`` are one."""
    match = _PATIENT.fullmatch(name)
    return f"ptbxl{match.group(1)}" if match else name


def folds(folder: Path) -> dict[str, str]:
    """Patient -> split, of every patient in a ``ptbxl_database.csv`` of ``folder``.

    Raises
    ------
    ValueError
        When a fold is none of 1 to 10, or a patient is in two splits.
    """
    out: dict[str, str] = {}
    for table in sorted(folder.rglob("ptbxl_database.csv")):
        with table.open(newline="", encoding="utf-8") as lines:
            for row in csv.DictReader(lines):
                patient = "ptbxl" + str(round(float(row["patient_id"])))
                split = FOLDS.get(round(float(row["strat_fold"])))
                if split is None:
                    raise ValueError(
                        f"{table.name}: strat_fold is {row['strat_fold']!r} in the row of ecg_id "
                        f"{row.get('ecg_id')}: PTB-XL's folds are 1 to 10"
                    )
                if out.setdefault(patient, split) != split:
                    raise ValueError(
                        f"{table.name}: patient {row['patient_id']} is in two splits, {split} and "
                        f"{out[patient]}: a fold holds all of a patient's records"
                    )
    return out


# -- to learn from and to be judged by ------------------------------------------------------------


def examples(part: Statements, members: dict[str, tuple[str, ...]]) -> Examples:
    """Whole records of eight leads, with what is known of each class; those of which something is."""
    if (part.datasets == "simulated").all():
        truth = simulated_classes(part.truth, members)
        known = np.isfinite(truth).any(axis=1)
    else:
        truth, known = classes(part.truth, members), usable(part, members)
    return Examples(part.signals[known], truth[known], part.patients[known])


def usable(part: Statements, members: dict[str, tuple[str, ...]]) -> NDArray[np.bool_]:
    """Which real records, ``(n,)``, say something of the classes."""
    known = np.isfinite(classes(part.truth, members)).any(axis=1)
    if {code for own in members.values() for code in own} <= LEVELS["diagnostic"].keys():
        known &= diagnosed(part.truth)
    return np.asarray(known)


def twelve(part: Examples) -> Examples:
    """The same with twelve leads."""
    return replace(part, signals=(expand_matrix() @ part.signals).astype(np.float32))


def crops(part: Examples) -> Examples:
    """The crops of each record, one after the other, each with its record's truth."""
    many = part.signals.shape[2] // CROP
    cut = part.signals[:, :, : many * CROP].reshape(*part.signals.shape[:2], many, CROP)
    rows = np.repeat(np.arange(len(part)), many)
    signals = np.concatenate(cut.transpose(0, 2, 1, 3))
    return Examples(signals, part.truth[rows], part.patients[rows])
