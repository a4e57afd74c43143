"""Recipe: the generator, adversarially, with an encoder beside it (``cofe-widgets train generator``).

Two stages in one run. First G and E learn to redraw simulated and real ECGs, which gives styles
their meaning: in the simulator P, PR, QRS, ST and T vary on their own. Then StyleGAN2's game begins
(non-saturating loss, lazy R1, EMA), on what E encodes and on samples of the prior.
"""

from __future__ import annotations

import argparse
import copy
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..models import WEIGHTS, save
from ..models.discriminator import Discriminator
from ..models.encoder import Encoder
from ..models.filters import BandPass
from ..models.generator import NOISE_INPUT, Generator, Latent, agreement
from ..models.phase import pad_beats
from ..simulate import draw
from .checkpoint import Run, average
from .data import RealRecords, clean
from .options import add_options, start

R1_EVERY, R1_WEIGHT = 16, 0.1
#: Weight of the game against reconstruction in the second stage.
GAME_WEIGHT = 0.02
SIMULATED_MIX = {"NSR": 0.3, "SB": 0.1, "STach": 0.1, "SA": 0.15, "AF": 0.35}


@dataclass(frozen=True)
class Examples:
    """A batch: band-passed signals ``(n, 8, 2500)``, beats, and f-waves where they are known."""

    signals: Tensor
    r_s: Tensor
    f_wave: Tensor
    simulated: Tensor


class Source:
    """Endless batches, half simulated and half real (all simulated where there is no real data)."""

    def __init__(self, real: RealRecords | None, seed: int, device: torch.device) -> None:
        self.rng = np.random.default_rng(seed)
        self.device = device
        self.band_pass = BandPass()
        self.real: tuple[Tensor, Tensor] | None = None
        if real is not None and len(real):
            self.real = filtered(real)

    def batch(self, size: int) -> Examples:
        """``size`` examples; real ones with a random gain."""
        n_real = size // 2 if self.real else 0
        parts = [self.simulated(size - n_real)]
        if self.real and n_real:
            signals, r_s = self.real
            rows = torch.from_numpy(self.rng.integers(0, len(signals), n_real))
            gain = torch.from_numpy(self.rng.uniform(0.8, 1.25, (n_real, 1, 1)).astype(np.float32))
            none = torch.zeros(n_real, 640)
            parts.append(Examples(signals[rows] * gain, r_s[rows], none, torch.zeros(n_real)))
        joined = [torch.cat([getattr(p, k) for p in parts]) for k in Examples.__dataclass_fields__]
        return Examples(*(t.to(self.device) for t in joined))

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


def filtered(real: RealRecords) -> tuple[Tensor, Tensor]:
    """Band-passed signals and R-peaks of the records fit to learn morphology from."""
    if not len(real):
        raise ValueError(
            "no real record falls into one of the splits (train 64 %, val 16 %, test 20 %): --data "
            "needs a folder with more records"
        )
    signals = torch.cat([BandPass()(part) for part in torch.from_numpy(real.signals).split(128)])
    keep = torch.from_numpy(clean(real, signals.numpy()))
    return signals[keep], torch.from_numpy(real.r_s)[keep]


def encode(encoder: nn.Module, examples: Examples) -> tuple[Latent, Tensor]:
    """Latents of a batch and the loss of the f-wave branch, which only the simulator teaches."""
    latent = encoder(examples.signals, examples.r_s)
    known = examples.simulated[:, None]
    f_loss = ((latent.f_wave - examples.f_wave).square() * known).sum() / (known.sum() * 640 + 1)
    f_wave = torch.where(known > 0, examples.f_wave, latent.f_wave.detach())
    return replace(latent, f_wave=f_wave), f_loss


def reconstruction_loss(drawn: Tensor, signals: Tensor, r_s: Tensor) -> Tensor:
    """Squared error of the signal, of its slope, and of P, ST and T alone, each relative to its power.

    The QRS holds most of an ECG's power: without the last term its small waves would go undrawn.
    """

    def relative(a: Tensor, b: Tensor, floor: float) -> Tensor:
        return ((a - b).square().mean(dim=(1, 2)) / (b.square().mean(dim=(1, 2)) + floor)).mean()

    slope = relative(drawn.diff(dim=2), signals.diff(dim=2), 1e-5)
    time_s = torch.arange(signals.shape[2], device=signals.device) / 250.0
    away = (time_s - r_s.nan_to_num(-1e3)[..., None]).abs().min(dim=1).values[:, None]
    quiet = ((away - 0.04) / 0.03).clamp(0, 1)
    small = relative(drawn * quiet, signals * quiet, 5e-4)
    return relative(drawn, signals, 2e-3) + 0.4 * slope + 0.4 * small


def autoencoding_loss(
    generator: nn.Module, encoder: nn.Module, examples: Examples
) -> tuple[Tensor, Tensor, Latent]:
    """Loss, drawn signals and latents of one batch through E and G."""
    latent, f_loss = encode(encoder, examples)
    drawn = generator(latent, fresh_noise=True)
    size = latent.styles.square().mean() + latent.codes.square().mean()
    # Layers share what they can: a W+ near one w stays where the mapping network draws.
    apart = (latent.styles - latent.styles.mean(dim=1, keepdim=True)).square().mean()
    loss = (
        reconstruction_loss(drawn, examples.signals, examples.r_s)
        + 0.3 * f_loss
        + 2e-3 * size
        + 2e-3 * apart
    )
    return loss, drawn, latent


@torch.no_grad()
def quality(
    generator: nn.Module, encoder: nn.Module, signals: Tensor, r_s: Tensor
) -> tuple[float, float]:
    """Median over records of Pearson r (all leads together) and RMSE in uV of the reconstruction."""
    drawn = torch.cat(
        [generator(encoder(x, r)) for x, r in zip(signals.split(32), r_s.split(32), strict=True)]
    )
    r, rmse = agreement(drawn, signals)
    return float(r.median()), float(rmse.median())


class Trainer:
    """G, E, D, their averages and optimizers, and one step of either stage."""

    def __init__(self, source: Source, lr: float, device: torch.device) -> None:
        self.source = source
        self.G, self.E, self.D = (
            Generator().to(device),
            Encoder().to(device),
            Discriminator().to(device),
        )
        self.G_mean, self.E_mean = copy.deepcopy(self.G), copy.deepcopy(self.E)
        self.taken = 0
        self.opt_ge = torch.optim.Adam(
            [
                {"params": self.G.parameters(), "lr": lr},
                {"params": self.E.parameters(), "lr": 0.5 * lr},
            ],
            betas=(0.9, 0.99),
        )
        self.opt_d = torch.optim.Adam(self.D.parameters(), lr=1e-3, betas=(0.0, 0.99))

    def autoencode(self, size: int) -> dict[str, float]:
        """One step of the first stage."""
        loss, _, latent = autoencoding_loss(self.G, self.E, self.source.batch(size))
        self._apply(self.opt_ge, loss)
        self._after(latent)
        return {"loss": loss.item()}

    def play(self, size: int, step: int) -> dict[str, float]:
        """One step of the adversarial stage: D, then G and E."""
        examples = self.source.batch(size)
        real = examples.signals[examples.simulated == 0] if self.source.real else examples.signals
        loss, drawn, latent = autoencoding_loss(self.G, self.E, examples)
        half = slice(0, None, 2)  # every other record: simulated and real alike
        held = Latent(*(getattr(latent, k).detach()[half] for k in Latent.__dataclass_fields__))
        fake = torch.cat((drawn, self.G(self.prior(held), True)))

        d_loss = F.softplus(self.D(fake.detach())).mean() + F.softplus(-self.D(real)).mean()
        if step % R1_EVERY == 0:
            shown = real.detach().requires_grad_(True)
            (slope,) = torch.autograd.grad(self.D(shown).sum(), shown, create_graph=True)
            penalty = slope.square().sum(dim=(1, 2)).mean()
            d_loss = d_loss + 0.5 * R1_WEIGHT * R1_EVERY * penalty
        self._apply(self.opt_d, d_loss)

        g_loss = F.softplus(-self.D(fake)).mean()
        self._apply(self.opt_ge, loss + GAME_WEIGHT * g_loss)
        self._after(latent)
        return {"loss": loss.item(), "d": d_loss.item(), "g": g_loss.item()}

    def prior(self, latent: Latent) -> Latent:
        """Styles from the mapping network with the beats of a batch, its codes and f-waves shuffled."""
        n = len(latent.r_s)
        z = torch.randn(n, NOISE_INPUT, device=latent.r_s.device)
        mix = torch.randperm(n, device=latent.r_s.device)
        styles = self.G.styles_from_noise(z)
        return replace(latent, styles=styles, codes=latent.codes[mix])

    def _apply(self, optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_([p for g in optimizer.param_groups for p in g["params"]], 5.0)
        optimizer.step()

    def _after(self, latent: Latent) -> None:
        self.taken += 1
        with torch.no_grad():
            w = self.G.mapping(torch.randn(32, NOISE_INPUT, device=latent.styles.device))
            self.G.w_mean.lerp_(w.mean(dim=0), 0.01)
        decay = min(0.998, self.taken / (self.taken + 10))  # a young average follows closely
        average(self.G_mean, self.G, decay)
        average(self.E_mean, self.E, decay)


def main(argv: list[str] | None = None) -> None:
    """Train G (and E, D beside it); resumes from ``--run`` when it holds a checkpoint."""
    parser = argparse.ArgumentParser(prog="cofe-widgets train generator", description=__doc__)
    add_options(parser, "generator", 12000)
    parser.add_argument(
        "--warmup", type=float, default=0.6, help="share of steps before the game begins"
    )
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--out", type=Path, default=WEIGHTS / "generator.safetensors")
    options = parser.parse_args(argv)
    real = start(options)
    device = torch.device(options.device)
    train = real.where(real.splits == "train") if real else None
    trainer = Trainer(Source(train, options.seed, device), options.lr, device)
    modules = {
        "G": trainer.G,
        "E": trainer.E,
        "D": trainer.D,
        "G_mean": trainer.G_mean,
        "E_mean": trainer.E_mean,
    }
    run = Run(options.run, modules, {"ge": trainer.opt_ge, "d": trainer.opt_d})
    state = run.resume() or {"step": 0}
    trainer.taken = state["step"]
    trainer.source.rng = np.random.default_rng([options.seed, state["step"]])
    held_back = filtered(real.where((real.splits == "val") & real.millivolts)) if real else None
    began, warm = time.monotonic(), round(options.warmup * options.steps)
    for step in range(state["step"] + 1, options.steps + 1):
        fade = min(1.0, (options.steps - step + 1) / (0.25 * options.steps)) * min(1.0, step / 200)
        for group, share in zip(trainer.opt_ge.param_groups, (1.0, 0.5), strict=True):
            group["lr"] = options.lr * share * fade * (1.0 if step <= warm else 0.35)
        losses = (
            trainer.autoencode(options.batch) if step <= warm else trainer.play(options.batch, step)
        )
        stop = time.monotonic() - began > 60 * options.minutes
        if step % 250 == 0 or step == options.steps or stop:
            r, rmse = (
                quality(trainer.G_mean, trainer.E_mean, *(t.to(device) for t in held_back))
                if held_back
                else (float("nan"), float("nan"))
            )
            speed = (time.monotonic() - began) / (step - state["step"])
            run.log(
                step=step,
                loss=losses["loss"],
                d=losses.get("d", float("nan")),
                g=losses.get("g", float("nan")),
                val_r=r,
                val_rmse_uv=rmse,
                s_per_step=speed,
            )
            run.save(step)
        if stop:
            return
    _ship(trainer, real, options)


def _ship(trainer: Trainer, real: RealRecords | None, options: argparse.Namespace) -> None:
    """Write the averaged generator with its card."""
    trainer.G_mean.cpu(), trainer.E_mean.cpu()
    metrics: dict[str, object] = {"real records": "none: trained on simulated ECGs only"}
    data = "simulated ECGs only"
    if real is not None:
        train = filtered(real.where(real.splits == "train"))
        data = (
            f"half simulated ECGs (cofe_widgets.simulate), half {len(train[0])} real records of LUDB, "
            "PhysioNet Challenge 2011 and 2021 sources, CODE-15 (halved: scale doubtful), G12EC, "
            "CPSC2018, SPH and PTB-XL (the z-scored set rescaled to typical lead amplitudes)"
        )
        held = filtered(real.where((real.splits == "val") & real.millivolts))
        r, rmse = quality(trainer.G_mean, trainer.E_mean, *held)
        name = f"median reconstruction of {len(held[0])} val records with the encoder of this run"
        metrics = {name: f"r {r:.3f}, RMSE {rmse:.0f} uV"}
    card = {
        "summary": "Generator of 12-lead ECGs, 10 s at 250 Hz: StyleGAN2 in one dimension, rhythm explicit.",
        "architecture": "Generator",
        "arguments": {},
        "data": data,
        "licences": "ODC-BY 1.0 (LUDB, Challenge 2011), CC BY 4.0 (all others)",
        "recipe": f"cofe-widgets train generator --steps {options.steps} --warmup {options.warmup} "
        f"--batch {options.batch}{options.note and '; ' + options.note}",
        "seed": options.seed,
        "metrics": metrics,
        "limits": [
            "A small network, trained briefly: what it draws is smoother and simpler than real ECGs.",
            "What the adversarial stage adds over reconstruction was not measured. Where the log's d ends "
            "near zero, the discriminator won: the mapping network then draws poorly, and cw.sample takes "
            "styles from the encoder's distribution instead.",
            "Draws 0.5-40 Hz; baseline wander and what it cannot draw stay in the record's residual.",
            "Beats that differ much from their neighbours (ventricular ectopics) are drawn poorly.",
        ],
    }
    save(trainer.G_mean, options.out, card)


if __name__ == "__main__":
    main()
