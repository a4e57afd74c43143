"""Recipe: the amplitude of one wave in twelve leads (``cofe-widgets train amplitudes --wave p``).

The regression models of the sanity checks of Wagner et al. 2024 (section 2.3): what such a model
must look at is known, so its attribution maps can be wrong. Twelve linear outputs, mean squared
error, 100 Hz, random crops of 2.5 s; answers are means over the crops of a record. The paper learned
from the measurements of a commercial program in 21,799 records of PTB-XL; here half of every batch
is simulated, with the true amplitudes, and half real, with those that `cofe_widgets.measure` finds.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...ecg import LEADS, expand_matrix
from ...models.architectures.lenet import LeNet1d
from ...models.architectures.xresnet import XResNet1d
from ...steps import Step
from ..core import card, loop, metrics
from ..core.options import start
from ..core.progress import follow
from ..data.amplitudes import FS, WAVES, Amplitudes, measured, simulated
from ..data.examples import Examples
from ..data.records import RealRecords

ARCHITECTURES = ("lenet", "xresnet1d50")
#: Length of a crop, s, and in samples.
CROP_S, CROP = 2.5, 250
#: Simulated hearts to learn from, and to be judged by at the end.
POOL, JUDGED = 10_000, 960
#: Largest factor on all leads of an ECG, and on its amplitudes; its inverse is the smallest.
GAIN = 1.25
#: Share of xresnet1d50's last features that are left out in training: less than in classification
#: (0.5), where a value may be any number without harm.
DROPOUT = 0.1
#: R2 of the paper (its table 3) of LeNet and XResNet.
OF_PAPER = {
    "p": {"lenet": 0.77, "xresnet1d50": 0.78},
    "r": {"lenet": 0.97, "xresnet1d50": 0.95},
    "t": {"lenet": 0.94, "xresnet1d50": 0.93},
}


def crops(part: Amplitudes) -> Examples:
    """The crops of each record, one after the other, each with its record's amplitudes."""
    twelve = expand_matrix() @ part.signals
    many = twelve.shape[2] // CROP
    cut = twelve[:, :, : many * CROP].reshape(len(part), len(LEADS), many, CROP)
    rows = np.repeat(np.arange(len(part)), many)
    signals = cut.transpose(0, 2, 1, 3).reshape(-1, len(LEADS), CROP)
    return Examples(signals.astype(np.float32), part.truth[rows], part.patients[rows])


class Batches:
    """Random crops of ECGs and the amplitudes of their wave: half simulated, half real.

    Attributes
    ----------
    unit_mv : float
        What amplitudes are learned in: their own standard deviation, as steps that suit R waves are
        too large for P waves.
    """

    def __init__(self, made: Amplitudes, real: Amplitudes | None) -> None:
        self.made, self.real, self.expand = made, real, expand_matrix().astype(np.float32)
        self.unit_mv = float(np.nanstd(made.truth, axis=0).mean())

    def __call__(self, rng: np.random.Generator, size: int) -> tuple[Tensor, Tensor]:
        """``(size, 12, 250)`` mV and truth ``(size, 12)`` in ``unit_mv``, each ECG with a gain."""
        n_real = size // 2 if self.real is not None else 0
        parts = [self._cropped(self.made, rng, size - n_real)]
        if self.real is not None:
            parts.append(self._cropped(self.real, rng, n_real))
        signals, truth = (np.concatenate(one) for one in zip(*parts, strict=True))
        gain = (GAIN ** rng.uniform(-1, 1, size)).astype(np.float32)
        x = self.expand @ (signals * gain[:, None, None])
        return torch.from_numpy(x), torch.from_numpy(truth * (gain[:, None] / self.unit_mv))

    def _cropped(
        self, part: Amplitudes, rng: np.random.Generator, n: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        rows = rng.integers(0, len(part), n)
        first = rng.integers(0, part.signals.shape[2] - CROP + 1, n)
        place = first[:, None] + np.arange(CROP)
        return part.signals[rows[:, None], :, place].transpose(0, 2, 1), part.truth[rows]


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    """The recipe's options from the words of a command line."""
    parser = argparse.ArgumentParser(prog="cofe-widgets train amplitudes", description=__doc__)
    loop.add_recipe_options(parser, "amplitude", 6000, ARCHITECTURES)
    parser.add_argument("--wave", choices=tuple(WAVES), required=True)
    parser.add_argument(
        "--width", type=int, default=64, help="channels of xresnet1d50 (default: %(default)d)"
    )
    # Plain training, as the paper's: no adversarial steps.
    parser.set_defaults(adversarial_rms_uv=0.0, every=100, patience=20)
    options = parser.parse_args(argv)
    return loop.settled(options, f"{options.wave}-amplitude")


def network(options: argparse.Namespace) -> loop.Network:
    """The untrained network that the options name."""
    if options.architecture == "lenet":
        return LeNet1d(len(LEADS), len(LEADS), CROP)
    return XResNet1d(len(LEADS), len(LEADS), width=options.width, dropout=DROPOUT)


def arguments(options: argparse.Namespace) -> dict[str, Any]:
    """What `network` was made with, for the card."""
    known = {"leads": len(LEADS), "outputs": len(LEADS)}
    if options.architecture == "lenet":
        return known | {"samples": CROP}
    return known | {"width": options.width, "dropout": DROPOUT}


def steps(options: argparse.Namespace) -> Iterator[Step[Any]]:
    """Train, stop early, evaluate once on the test split, write weights and card."""
    yield Step(0.0, f"reading {options.data}")
    real = start(options)
    parts = _splits(real, options.wave) if real is not None else {}
    yield Step(0.0, f"simulating {POOL} hearts and reading their amplitudes")
    made = simulated(POOL, options.seed + 1).of(options.wave)
    batches = Batches(made, parts.get("train"))
    held = crops(parts.get("val") or simulated(JUDGED, options.seed + 999).of(options.wave))
    held = replace(held, truth=held.truth / np.float32(batches.unit_mv))
    task = loop.Task(
        LEADS,
        "linear",
        batches,
        held,
        fs=FS,
        seconds=10.0,
        network=lambda: network(options),
    )
    trained = yield from loop.train(task, options)
    if trained is None:
        return
    trained.model.head.weight.data *= batches.unit_mv
    trained.model.head.bias.data *= batches.unit_mv
    rounded = trained._replace(model=trained.model.half().float())  # as it ships
    about = _card(rounded.model, parts, options) | {"arguments": arguments(options)}
    command = f"cofe-widgets train amplitudes --wave {options.wave}"
    if options.architecture != "lenet":
        command += f" --width {options.width}"
    yield card.ship(
        rounded, task, options, command, about | {"window": CROP_S, "menu": False}, half=True
    )


def main(argv: list[str] | None = None) -> None:
    """Run the recipe from a command line."""
    options = parse(argv)
    follow(steps(options), options.run.name)


def _splits(real: RealRecords, wave: str) -> dict[str, Amplitudes]:
    """Records in millivolts with a measured amplitude of the wave, by split."""
    real = real.where(real.millivolts)
    every = measured(real)
    out = {}
    for split in ("train", "val", "test"):
        rows = real.splits == split
        part = Amplitudes(every.signals[rows], every.truth[rows], every.patients[rows]).of(wave)
        if len(part) < 2:
            raise ValueError(
                f"{len(part)} records of the {split} split have a {wave.upper()} wave that can be "
                "measured: more are needed"
            )
        out[split] = part
    return out


# -- judging --------------------------------------------------------------------------------------


def r_squared(answer: NDArray[np.float64], truth: NDArray[np.float64]) -> NDArray[np.float64]:
    """Coefficient of determination of each output, ``(outputs,)``; NaN with fewer than two values."""
    known = np.isfinite(truth)
    count = known.sum(axis=0)
    left = np.where(known, answer - truth, 0.0)
    middle = np.where(known, truth, 0.0).sum(axis=0) / np.maximum(count, 1)
    about = np.where(known, truth - middle, 0.0)
    spread = np.square(about).sum(axis=0)
    sound = (count > 1) & (spread > 0)
    explained = 1 - np.square(left).sum(axis=0) / np.where(sound, spread, 1.0)
    return np.where(sound, explained, np.nan)


def answers(model: nn.Module, part: Amplitudes) -> NDArray[np.float64]:
    """What the model says of each record, ``(n, 12)`` mV: the mean over its crops."""
    each = metrics.raw_outputs(model, crops(part).signals).double().numpy()
    return np.asarray(each.reshape(len(part), -1, each.shape[1]).mean(axis=1))


def accuracy(model: nn.Module, part: Amplitudes) -> dict[str, str]:
    """R2 (mean over the leads) and mean absolute error, with 95 % intervals by patient."""
    answer, truth = answers(model, part), part.truth.astype(float)

    def mean_r2(rows: NDArray[np.intp]) -> float:
        return float(np.nanmean(r_squared(answer[rows], truth[rows])))

    def error(rows: NDArray[np.intp]) -> float:
        return float(np.nanmean(np.abs(answer[rows] - truth[rows])))

    every = np.arange(len(part))
    by_lead = r_squared(answer, truth)
    said = [f"{lead} {value:.2f}" for lead, value in zip(LEADS, by_lead, strict=True)]
    out = {}
    for name, statistic, unit in (("R2, mean of 12 leads", mean_r2, ""), ("MAE", error, " mV")):
        low, high = metrics.interval(statistic, part.patients)
        digits = 3 if unit else 2
        out[name] = (
            f"{statistic(every):.{digits}f} ({low:.{digits}f}-{high:.{digits}f}){unit} "
            f"of {len(part)} records"
        )
    return out | {"R2 by lead": ", ".join(said)}


def _card(
    model: nn.Module, parts: dict[str, Amplitudes], options: argparse.Namespace
) -> dict[str, Any]:
    """What the model is; the test split is read here, once."""
    wave, name = options.wave, options.wave.upper()
    judged = {"simulated, never seen": simulated(JUDGED, options.seed + 4999).of(wave)}
    judged |= {split: parts[split] for split in ("val", "test") if split in parts}
    said = {
        f"{where}: {key}": value
        for where, part in judged.items()
        for key, value in accuracy(model, part).items()
    }
    paper = OF_PAPER[wave][options.architecture]
    said["R2 in the paper (PTB-XL, a commercial program's measurements)"] = f"{paper:.2f}"
    data = f"{POOL} simulated hearts (cofe_widgets.simulate) with their true amplitudes"
    if parts:
        data = (
            f"half {data}, half {len(parts['train'])} real records in mV (LUDB, PhysioNet Challenge "
            "2011 and 2021 sources, G12EC, CPSC2018, SPH, CODE-15, PTB-XL) with the amplitudes that "
            "cofe_widgets.measure finds; split by patient where known, else by record"
        )
    return {
        "summary": f"Amplitude of the {name} wave in 12 leads, mV, from crops of 2.5 s at 100 Hz "
        f"(mean over the crops of 10 s): a model whose reason is known, for checks of attribution "
        "maps (Wagner et al. 2024, section 2.3).",
        "data": data,
        "licences": "ODC-BY 1.0 (LUDB, Challenge 2011), CC BY 4.0 (all others)"
        if parts
        else "none: simulated",
        "metrics": said,
        "limits": [
            "A test object, no instrument: measure an ECG with cofe_widgets.measure.",
            "The real amplitudes are those that one program found, its errors included.",
            "At 100 Hz the peak of an R wave may fall between two samples.",
            "An ECG without this wave was not in training: the answer to it means nothing."
            if wave != "r"
            else "Of a lead without an R wave (QS) it learned 0 mV.",
        ],
    }


if __name__ == "__main__":
    main()
