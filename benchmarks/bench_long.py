"""A day of one lead: read, beats found, measured, delineated, shown; time and peak memory.

The day is simulated: sinus rhythm, hours of atrial fibrillation and of ventricular extrasystoles,
minutes of noise, gaps. It is written as WFDB into a temporary folder, and looked at in a process of
its own, whose memory is that of the work.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

import cofe_widgets as cw

#: Hz; h; s and GB in all.
FS, HOURS, BAR_S, BAR_GB = 250.0, 24, 60.0, 1.5
#: Hours that are not sinus rhythm.
RHYTHMS = {3: "AF", 4: "AF", 15: "AF", 7: "PVC", 12: "PVC", 20: "PVC"}
#: Hour and s of noise; hour and s of gaps.
NOISE = ((5.5, 120.0), (13.2, 120.0), (22.7, 120.0))
GAPS = ((1.2, 5.0), (9.0, 600.0), (10.5, 1.0), (18.3, 30.0), (23.9, 60.0))


def day(hours: int = HOURS, seed: int = 100) -> NDArray[np.float32]:
    """Lead II of a day, mV."""
    parts = [
        cw.simulate(RHYTHMS.get(hour, "NSR"), seed=seed + hour, fs=FS, seconds=3600)[0].record["II"]
        for hour in range(hours)
    ]
    signal, rng = np.concatenate(parts), np.random.default_rng(seed)
    for places, noise in ((NOISE, True), (GAPS, False)):
        for hour, seconds in places:
            part = signal[round(hour * 3600 * FS) :][: round(seconds * FS)]
            part[:] = part + rng.normal(0, 0.8, len(part)) if noise else np.nan
    return signal


def write(signal: NDArray[np.float32], folder: Path) -> Path:
    """The day as WFDB; a header's path."""
    counts = np.where(np.isnan(signal), -32768, np.rint(1000 * np.nan_to_num(signal)))
    counts.astype("<i2").tofile(folder / "day.dat")
    header = f"day 1 {FS:g} {len(signal)}\nday.dat 16 1000(0)/mV 16 0 0 0 0 II\n"
    (folder / "day.hea").write_text(header)
    return folder / "day.hea"


def look(path: str) -> None:
    """All that is done with the day; prints JSON lines of step, s, processor s, peak GB, outcome."""

    def now() -> tuple[float, float]:
        return time.perf_counter(), time.process_time()

    def said(step: str, began: tuple[float, float], what: str) -> None:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
        wall, processor = (after - before for after, before in zip(now(), began, strict=True))
        print(json.dumps([step, wall, processor, peak, what]), flush=True)

    began = now()
    record = cw.read(path)
    said("read", began, repr(record))
    began = now()
    peaks = cw.r_peaks(record)
    said("r_peaks, with the screening", began, f"{len(peaks)} beats")
    began = now()
    values = cw.measure(record)
    names = ("heart_rate_bpm", "rr_sd_ms", "p_presence", "pr_ms", "qrs_ms", "qt_ms")
    said("measure", began, ", ".join(f"{name} {values[name]:.3g}" for name in names))
    began = now()
    found = cw.delineate(record)
    said("delineate", began, repr(found))
    began = now()
    viewer = cw.EcgViewer(record, delineation=found)
    viewer.start = 12 * 3600.0
    picture = viewer.picture()
    said("show, and turn to noon", began, f"{len(picture) / 1e3:.0f} kB of picture")


def main() -> None:
    """Print a line a step, and the sum against the bars."""
    with TemporaryDirectory() as folder:
        path = write(day(), Path(folder))
        code = f"from benchmarks.bench_long import look; look({str(path)!r})"
        done = subprocess.run(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True
        )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    print(f"{HOURS} h of one lead at {FS:g} Hz")
    for step, seconds, processor, peak, what in lines:
        print(
            f"  {step:<30}{seconds:6.1f} s ({processor:.1f} s of processor)   "
            f"peak {peak:.2f} GB   {what}"
        )
    seconds, peak = sum(line[1] for line in lines[1:]), lines[-1][3]
    met = "met" if seconds <= BAR_S and peak <= BAR_GB else "NOT met"
    print(
        f"  {'measured, delineated, shown':<30}{seconds:6.1f} s   peak {peak:.2f} GB   "
        f"(at most {BAR_S:.0f} s and {BAR_GB} GB: {met})"
    )


if __name__ == "__main__":
    main()
