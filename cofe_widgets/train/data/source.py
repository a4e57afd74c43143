"""Batches for the generator and the encoder: simulated hearts beside real records."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ...generative.time_warp import cubic
from ...models.architectures.generator import SAMPLES
from ...models.filters import BandPass
from ...models.phase import pad_beats
from ...simulate import draw
from .records import RealRecords, clean

#: Half of the simulated hearts are healthy or fibrillate; the rest give styles something to say of
#: wide, tall, low and displaced waves.
SIMULATED_MIX = {
    code: share
    for codes, share in {
        "NSR AF": 0.21,
        "SB STach SA": 0.07,
        "RBBB LBBB HYPERK": 0.05,
        "IAVB LVH": 0.04,
        "LQRSV": 0.04,
        "LAFB HYPOK AMI IMI LQT": 0.02,
    }.items()
    for code in codes.split()
}
#: Longest stretch of a real record in time, and largest shift of an R-peak, s.
STRETCH, SHIFT_S = 1.1, 0.008
#: Records that validate or describe a model at most, and how often unfit records are replaced.
MOST, TRIES = 2048, 50


@dataclass(frozen=True)
class Examples:
    """A batch.

    Attributes
    ----------
    signals : (n, 8, 2500) mV, 0.5-40 Hz
    r_s : (n, 40) R-peak times in s, NaN after the last
    f_wave : (n, 640) fibrillatory waves where they are known
    simulated : (n,) 1 where simulated, 0 where real
    """

    signals: Tensor
    r_s: Tensor
    f_wave: Tensor
    simulated: Tensor

    def real(self) -> Tensor:
        """Signals of the real examples; of all where none is real."""
        chosen = self.simulated == 0
        return self.signals[chosen] if bool(chosen.any()) else self.signals


class Source:
    """Endless batches, half simulated and half real (all simulated where there is no real data).

    Parameters
    ----------
    real : RealRecords or None
    seed : int or sequence of int
    device : torch.device
        Where batches go.
    shift : bool
        Whether the R-peaks of a record err at random, all alike by up to `SHIFT_S`, as those of
        another detector or lead do.
    """

    def __init__(
        self,
        real: RealRecords | None,
        seed: int | list[int],
        device: torch.device,
        shift: bool = False,
    ) -> None:
        self.rng = np.random.default_rng(seed)
        self.device, self.shift = device, shift
        self.band_pass = BandPass()
        self.real = real if real is not None and len(real) else None

    def batch(self, size: int) -> Examples:
        """``size`` examples; real ones with a random gain, stretched in time at random."""
        n_real = size // 2 if self.real else 0
        parts = [self.simulated(size - n_real)]
        if self.real and n_real:
            x, r = self._stretched(*self._drawn(self.real, n_real))
            parts.append(Examples(x, r, torch.zeros(n_real, 640), torch.zeros(n_real)))
        joined = [torch.cat([getattr(p, k) for p in parts]) for k in Examples.__dataclass_fields__]
        examples = Examples(*(t.to(self.device) for t in joined))
        if self.shift:
            examples.r_s.add_((torch.rand_like(examples.r_s[:, :1]) * 2 - 1) * SHIFT_S)
        return examples

    def simulated(self, n: int) -> Examples:
        """``n`` simulated examples of varied morphology."""
        names = self.rng.choice(list(SIMULATED_MIX), n, p=list(SIMULATED_MIX.values()))
        noise = float(self.rng.choice([0.0, 0.5, 1.0]))
        batch = draw(names, int(self.rng.integers(2**31)), noise=noise, variety=0.7)
        r = batch.rhythms.r_s
        r = np.stack([pad_beats(times[(times >= 0) & (times < 10.0)]) for times in r])
        f_wave = np.pad(batch.f_waves.reshape(n, 625, 4).mean(axis=2), ((0, 0), (0, 15)))
        signals = self.band_pass(torch.from_numpy(batch.signals))
        return Examples(signals, torch.from_numpy(r), torch.from_numpy(f_wave), torch.ones(n))

    def _drawn(self, real: RealRecords, n: int) -> tuple[Tensor, Tensor]:
        """``n`` real records fit to learn from, each with a gain of its own, and their R-peaks."""
        kept: list[tuple[Tensor, Tensor]] = []
        for _ in range(TRIES):
            chosen = real.where(self.rng.integers(0, len(real), n))
            x, r = filtered(chosen)
            gain = self.rng.uniform(0.8, 1.25, (len(x), 1, 1)).astype(np.float32)
            kept.append((x * torch.from_numpy(gain), r))
            if sum(len(x) for x, _ in kept) >= n:
                break
        else:
            raise ValueError(
                f"among {TRIES * n} of the training records there are no {n} fit to learn "
                "from: are they ECGs of 12 leads in mV, free of artefact?"
            )
        x, r = (torch.cat(parts)[:n] for parts in zip(*kept, strict=True))
        return x, r

    def _stretched(self, x: Tensor, r_s: Tensor) -> tuple[Tensor, Tensor]:
        """Each record's tempo slowed by up to `STRETCH`, beginning at a random place; half as they are."""
        n = len(x)
        factor = np.where(self.rng.random(n) < 0.5, 1.0, self.rng.uniform(1.0, STRETCH, n))
        spare = (SAMPLES - 1) * (1 - 1 / factor)
        start = torch.from_numpy((spare * self.rng.random(n)).astype(np.float32))[:, None]
        slow = torch.from_numpy(factor.astype(np.float32))[:, None]
        places = start + torch.arange(SAMPLES) / slow
        r_new = (r_s - start / 250.0) * slow
        inside = (r_new >= 0) & (r_new < SAMPLES / 250.0)
        rows = [pad_beats(times[keep].numpy()) for times, keep in zip(r_new, inside, strict=True)]
        fit = torch.tensor([np.isfinite(row).sum() >= 4 for row in rows])[:, None]
        return (
            torch.where(fit[..., None], cubic(x, places), x),
            torch.where(fit, torch.from_numpy(np.stack(rows)), r_s),
        )


def filtered(real: RealRecords, most: int = MOST) -> tuple[Tensor, Tensor]:
    """Band-passed signals and R-peaks of the records fit to learn morphology from.

    Of more than ``most`` records, that many evenly spaced ones.
    """
    if not len(real):
        raise ValueError(
            "no real record falls into one of the splits (train 64 %, val 16 %, test 20 %): --data "
            "needs a folder with more records"
        )
    some = real.where(np.linspace(0, len(real) - 1, min(most, len(real))).astype(int))
    band_pass = BandPass()
    signals = torch.cat(
        [band_pass(x) for x in torch.from_numpy(np.asarray(some.signals)).split(128)]
    )
    keep = torch.from_numpy(clean(some, signals.numpy()))
    return signals[keep], torch.from_numpy(some.r_s)[keep]
