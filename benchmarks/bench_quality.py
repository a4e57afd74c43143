"""Numbers of simulated hearts whose recording has a fault, at three levels: right, or not given.

A number is wrong when it is given and differs from that of the same heart without the fault by more than
the measurement's own error. Heart rate also stands beside what two R-peak detectors alone make of lead II:
sleepecg, and neurokit2 where it is installed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.util import find_spec
from math import isfinite

import numpy as np

from cofe_widgets.ecg import Record
from cofe_widgets.signals import measure, quality
from cofe_widgets.simulate import simulate
from cofe_widgets.vocabulary.measurements import MEASUREMENTS

from .faults import FAULTS, faulty

#: Whose hearts: so many of each, by turns; 13 faults at three levels make 507 records.
CONDITIONS = (
    "NSR",
    "AF",
    "LBBB",
    "IAVB",
    "PVC",
    "RBBB",
    "SB",
    "STach",
    "LVH",
    "IMI",
    "AFL",
    "LQT",
    "PAC",
)
KEYS = ("heart_rate_bpm", "rr_sd_ms", "p_presence", "qrs_ms", "qt_ms")
LEVELS, SEED = (1, 2, 3), 11


def rate_by(detector: Callable[[np.ndarray, float], np.ndarray], record: Record) -> float:
    """Heart rate of lead II by an R-peak detector; NaN where it finds none or breaks."""
    lead = np.nan_to_num(record["II"].astype(float))
    try:
        peaks = np.asarray(detector(lead, record.fs))
    except Exception:
        return float("nan")
    return 60 * record.fs / float(np.diff(peaks).mean()) if len(peaks) > 1 else float("nan")


def detectors() -> dict[str, Callable[[np.ndarray, float], np.ndarray]]:
    """R-peak detectors of others, by name."""
    import sleepecg

    found: dict[str, Callable[[np.ndarray, float], np.ndarray]] = {
        "sleepecg": lambda lead, fs: sleepecg.detect_heartbeats(lead, fs)
    }
    if find_spec("neurokit2"):
        import neurokit2

        found["neurokit2"] = lambda lead, fs: neurokit2.ecg_peaks(
            neurokit2.ecg_clean(lead, sampling_rate=int(fs)), sampling_rate=int(fs)
        )[1]["ECG_R_Peaks"]
    return found


def wrong(key: str, was: float, now: float, irregular: bool) -> bool:
    """Whether a number that is given differs from that of the clean recording by more than its error."""
    if not isfinite(now):
        return False
    return not isfinite(was) or MEASUREMENTS[key].differ(was, now, irregular)


def main() -> None:
    """Print a line for every fault and level."""
    others = detectors()
    names = [f"{kind} {level}" for kind in FAULTS for level in LEVELS]
    print(
        "numbers that are wrong / not given, of the records (13 hearts each; 'none' three times):"
    )
    print(
        f"  {'fault':<20}"
        + "".join(f"{key:>16}" for key in KEYS)
        + f"{'said':>7}"
        + "".join(f"{o:>11}" for o in others)
    )
    total, bad, seconds = 0, 0, 0.0
    listed = []
    for name in names:
        kind, level = name.rsplit(" ", 1)
        counts = {key: [0, 0] for key in KEYS}
        said, off, number = 0, dict.fromkeys(others, 0), 0
        for k, condition in enumerate(CONDITIONS):
            heart = simulate(
                condition, 1, seed=SEED + k, severity=1.0 if condition == "PVC" else None
            )[0]
            rng = np.random.default_rng([SEED, k, names.index(name)])
            clean, record = heart.record, faulty(heart.record, kind, float(level), rng)
            before = measure(faulty(clean, "none", 0, rng))
            start = time.perf_counter()
            after = measure(record)
            seconds += time.perf_counter() - start
            irregular = before["rr_rmssd_ms"] > 80
            number += 1
            said += not quality(record).ok
            one_wrong = False
            for key in KEYS:
                counts[key][1] += isfinite(before[key]) and not isfinite(after[key])
                if wrong(key, before[key], after[key], irregular):
                    counts[key][0] += 1
                    one_wrong = True
                    listed.append(
                        f"{name}, {condition}: {key} {before[key]:.5g} -> {after[key]:.5g}"
                    )
            total, bad = total + 1, bad + one_wrong
            for other, detector in others.items():
                rate = rate_by(detector, record)
                off[other] += wrong("heart_rate_bpm", before["heart_rate_bpm"], rate, irregular)
        cells = "".join(f"{f'{w} / {n}':>16}" for w, n in counts.values())
        print(
            f"  {name:<20}{cells}{said:>7}" + "".join(f"{n:>11}" for n in off.values()), flush=True
        )
    print(f"records with every number right or not given: {total - bad} of {total}; bar: all")
    print(f"{1000 * seconds / total:.0f} ms a record")
    for line in listed:
        print("   ", line)


if __name__ == "__main__":
    main()
