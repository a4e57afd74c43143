"""The paper's plain method beside ours: same networks, same records, same run.

Plain: 1000 steps of inversion of the record into the latent space of the generator, then up to 500
steps of gradient descent on cross-entropy, no residual (CoFE, section 2.2; step counts and rate are
the defaults of its authors' framework, ExECG 0.1.0). It may move everything that the generator draws
from: W+ styles, beat times, beat codes, fibrillatory wave. Kept from it is the first step that
reaches the level, so that it is judged by its best answer.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

import cofe_widgets as cw
from cofe_widgets import Predictor, Record
from cofe_widgets.audit.numbers import numbers
from cofe_widgets.audit.twins import BEAT_MS, median_of_beats
from cofe_widgets.ecg import INDEPENDENT_LEADS, LEADS
from cofe_widgets.generative.inversion import expansion, invert
from cofe_widgets.generative.networks import networks
from cofe_widgets.models.architectures.generator import FS, Latent
from cofe_widgets.models.filters import BandPass

from .bench_counterfactuals import DATA, held_back
from .bench_signals import Line

INVERSION_STEPS, EDIT_STEPS, RATE = 1000, 500, 5e-4
RECORDS, LEVEL, FASTER = 6, 0.9, 50.0
#: What AF does not ask for, and by how much it must change to be noticed.
OFF_TARGET = {
    "qrs_ms": 10.0,
    "r_amplitude_mv": 0.1,
    "st_amplitude_mv": 0.05,
    "qtc_fridericia_ms": 25.0,
    "qrs_axis_deg": 15.0,
}


@dataclass(frozen=True)
class Answer:
    """One counterfactual of either method: 12 leads at 250 Hz, mV."""

    original: Record
    start: np.ndarray
    end: np.ndarray
    reached: bool
    seconds: float


class Plain(nn.Module):
    """A record's latent as parameters, all of it free to move."""

    def __init__(self, latent: Latent) -> None:
        super().__init__()
        self.start = latent
        self.beats = torch.isfinite(latent.r_s)
        for name in ("styles", "codes", "f_wave"):
            setattr(self, name, nn.Parameter(getattr(latent, name).clone()))
        self.r_s = nn.Parameter(latent.r_s.nan_to_num())

    def forward(self) -> Tensor:
        """Eight leads."""
        r_s = torch.where(self.beats, self.r_s, torch.nan)
        moved = replace(
            self.start, styles=self.styles, codes=self.codes, f_wave=self.f_wave, r_s=r_s
        )
        return networks().generator(moved)


def plain(record: Record, f: Predictor, target: str, level: float = LEVEL) -> Answer:
    """The plain counterfactual of a record, by Adam."""
    began = time.perf_counter()
    inversion = invert([record])
    rows = [LEADS.index(name) for name in INDEPENDENT_LEADS]
    x = torch.from_numpy(inversion.records[0].signal[rows].copy())[None]
    x = BandPass(FS)(x)
    drawing = Plain(inversion.latent)
    optimiser = torch.optim.Adam(drawing.parameters(), lr=RATE)
    for _ in range(INVERSION_STEPS):
        optimiser.zero_grad()
        (drawing() - x).square().mean().backward()
        optimiser.step()
    start = end = drawing().detach()
    optimiser = torch.optim.Adam(drawing.parameters(), lr=RATE)
    goal, wanted, reached = math.log(level / (1 - level)), torch.tensor([f.index(target)]), False
    for _ in range(EDIT_STEPS):
        drawn = drawing()
        raw = f.raw(expansion() @ drawn)
        end = drawn.detach()
        if float(f.score(raw.detach(), target)) >= goal:
            reached = True
            break
        optimiser.zero_grad()
        nn.functional.cross_entropy(raw, wanted).backward()
        optimiser.step()
    twelve = [(expansion() @ one)[0].numpy() for one in (start, end)]
    return Answer(inversion.records[0], *twelve, reached, time.perf_counter() - began)


def ours(
    record: Record, f: Predictor, target: str, level: float = LEVEL, method: str = "refined"
) -> Answer:
    """Our counterfactual of a record, 21 severities."""
    began = time.perf_counter()
    cf = cw.counterfactual(record, f, target, level, method=method)
    seconds = time.perf_counter() - began
    return Answer(cf.original, cf.signals[0], cf.signals[-1], cf.reached, seconds)


def _rms_uv(change: np.ndarray) -> float:
    return 1000 * float(np.sqrt(np.square(change.astype(float)).mean()))


def judged(answer: Answer) -> dict[str, float]:
    """What is reported of one answer."""
    after = Record(answer.end, FS)
    before_n, after_n = numbers(answer.original), numbers(after)
    off = 0
    for name, least in OFF_TARGET.items():
        change = after_n[name] - before_n[name]
        change = (change + 180) % 360 - 180 if name.endswith("deg") else change
        off += not abs(change) <= least  # what can no longer be measured has changed
    beats = [median_of_beats(one.signal, FS, cw.r_peaks(one)) for one in (answer.original, after)]
    qrs = np.abs(BEAT_MS) <= 50
    return {
        "reached": float(answer.reached),
        "seconds": answer.seconds,
        "RMS to the record, uV": _rms_uv(answer.end - answer.original.signal),
        "RMS to its own start, uV": _rms_uv(answer.end - answer.start),
        "start to the record, uV": _rms_uv(answer.start - answer.original.signal),
        "QRS of the median beat changed, uV": _rms_uv((beats[1] - beats[0])[:, qrs]),
        f"off target, of {len(OFF_TARGET)}": float(off),
        "P presence before": before_n["p_presence"],
        "P presence after": after_n["p_presence"],
        "RR SD before, ms": before_n["rr_sd_ms"],
        "RR SD after, ms": after_n["rr_sd_ms"],
    }


def main() -> None:
    """Print the two methods side by side."""
    f = cw.load("af-resnet")
    if DATA.is_dir():
        kind, many = "held-back real", held_back("SR")
    else:
        kind, many = "simulated", [one.record for one in cw.simulate("NSR", RECORDS, seed=5)]
    answers = f.predict(many)
    records = [r for r, a in zip(many, answers, strict=True) if a["AF"] < 0.5][:RECORDS]
    print(
        f"\nthe paper's plain method ({INVERSION_STEPS} + {EDIT_STEPS} steps) and ours: "
        f"{len(records)} {kind} sinus records to p(AF) >= {LEVEL}, {torch.get_num_threads()} threads"
    )
    ours(records[0], f, "AF")  # both find warm networks
    methods = {"plain": plain, "ours": ours, "ours, direction": partial(ours, method="direction")}
    columns = {
        name: pd.DataFrame([judged(method(record, f, "AF")) for record in records])
        for name, method in methods.items()
    }
    shown = pd.DataFrame({name: table.median() for name, table in columns.items()})
    shown.loc["reached"] = [table.reached.mean() for table in columns.values()]
    print(shown.to_string(float_format="{:.2f}".format))
    slow, fast, first = (table.seconds.median() for table in columns.values())
    bar = f">= {FASTER:g}"
    for name, seconds in (("ours, 21 severities", fast), ("ours by direction", first)):
        times = slow / seconds
        print(Line(f"{name}: faster than plain", f"{times:.0f} times", bar, times >= FASTER))


if __name__ == "__main__":
    main()
