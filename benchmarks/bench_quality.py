"""Numbers of simulated hearts whose recording has a fault, at three levels: right, or not given.

A number is wrong when it is given and differs by more than the measurement's own error from the truth and
from what the same recording without the fault gives. Heart rate also stands beside what two R-peak
detectors alone make of lead II: sleepecg, and neurokit2 where it is installed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.util import find_spec
from math import isfinite

import numpy as np

from cofe_widgets.ecg import Record, runs
from cofe_widgets.signals import measure, quality
from cofe_widgets.simulate import Simulated, simulate
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


def wrong(key: str, now: float, right: tuple[float, ...], irregular: bool) -> bool:
    """Whether a number that is given is further from every right one than its own error."""
    if not isfinite(now):
        return False
    return all(not isfinite(one) or MEASUREMENTS[key].differ(one, now, irregular) for one in right)


def right(heart: Simulated, record: Record) -> dict[str, tuple[float, ...]]:
    """What may be said of a faulty recording: the truth, or what the clean one gives.

    Of RR intervals, the truth about those that no dead stretch cuts.
    """
    clean, true = (
        measure(faulty(heart.record, "none", 0, np.random.default_rng(0))),
        heart.truth.measurements,
    )
    found = {key: (true.get(key, float("nan")), clean[key]) for key in KEYS}
    blind = runs(np.asarray(quality(record).dead.all(axis=0))) / record.fs
    peaks = np.asarray(heart.truth.r_peaks_s, float)
    seen = np.diff(peaks) * 1000
    if len(blind):
        before, after = peaks[:-1, None] - 0.06, peaks[1:, None] + 0.06
        seen = seen[~((blind[:, 1] > before) & (blind[:, 0] < after)).any(axis=1)]
        found["rr_sd_ms"] = (seen.std(ddof=1),)
        found["heart_rate_bpm"] = (60000 / seen.mean(), *found["heart_rate_bpm"])
    return found


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
        said, off = 0, dict.fromkeys(others, 0)
        for k, condition in enumerate(CONDITIONS):
            heart = simulate(
                condition, 1, seed=SEED + k, severity=1.0 if condition == "PVC" else None
            )[0]
            rng = np.random.default_rng([SEED, k, names.index(name)])
            record = faulty(heart.record, kind, float(level), rng)
            known = right(heart, record)
            start = time.perf_counter()
            after = measure(record)
            seconds += time.perf_counter() - start
            irregular = heart.truth.measurements["rr_rmssd_ms"] > 80
            said += not quality(record).ok
            one_wrong = False
            for key in KEYS:
                counts[key][1] += isfinite(known[key][-1]) and not isfinite(after[key])
                if wrong(key, after[key], known[key], irregular):
                    counts[key][0] += 1
                    one_wrong = True
                    expected = " or ".join(f"{one:.5g}" for one in known[key])
                    listed.append(f"{name}, {condition}: {key} {after[key]:.5g}, not {expected}")
            total, bad = total + 1, bad + one_wrong
            for other, detector in others.items():
                rate = rate_by(detector, record)
                off[other] += wrong("heart_rate_bpm", rate, known["heart_rate_bpm"], irregular)
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
