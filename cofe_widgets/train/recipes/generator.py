"""Recipe: the generator, adversarially, with an encoder beside it (``cofe-widgets train generator``).

Two stages in one run. First G and E learn to redraw simulated and real ECGs, which gives styles
their meaning: in the simulator P, PR, QRS, ST and T vary on their own. Then StyleGAN2's game begins
(non-saturating loss, lazy R1 and path length, EMA), on what E encodes and on samples of the prior,
which from the start is drawn to where E encodes.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...models import WEIGHTS, load, save
from ...models.architectures.discriminator import Discriminator
from ...models.architectures.encoder import Encoder
from ...models.architectures.generator import (
    LAYERS,
    NOISE_INPUT,
    STYLE,
    Generator,
    Latent,
)
from ...steps import Step
from ..core.checkpoint import Run
from ..core.gan_losses import (
    PATH_EVERY,
    R1_EVERY,
    Memory,
    blurred,
    crops,
    discriminator_loss,
    path_length,
    r1,
    sliced_wasserstein,
)
from ..core.moving_average import moving_average, updates_done
from ..core.options import add_options, shipped, start
from ..core.parallel import (
    agree,
    average_gradients,
    join,
    leave,
    processes,
    rank,
    share,
)
from ..core.progress import follow
from ..core.reconstruction import encode, quality, reconstruction_loss
from ..data.records import RealRecords
from ..data.source import Examples, Source, filtered
from ..data.tables import provenance

#: Weight against reconstruction of the game, and of the distance of the prior from what E encodes.
GAME_WEIGHT, PRIOR_WEIGHT = 0.03, 10.0
#: Styles compared in one step, and how often two samples of the prior share a record's layers.
COMPARED, MIXED = 256, 0.5
#: Learning rate of G in the second stage against the first.
GAME_PACE = 0.35
#: Decay of the moving averages of G's and E's weights.
DECAY = 0.998
#: Steps that D has to learn in before the game counts in full.
LEAD = 200


def autoencoding_loss(
    generator: nn.Module, encoder: nn.Module, examples: Examples
) -> tuple[Tensor, Latent]:
    """Loss and latents of one batch through E and G, drawn without noise."""
    latent, f_loss = encode(encoder, examples)
    drawn = generator(latent)
    size = latent.styles.square().mean() + latent.codes.square().mean()
    loss = reconstruction_loss(drawn, examples.signals, examples.r_s) + 0.3 * f_loss + 2e-3 * size
    return loss, latent


class Trainer:
    """G, E, D, their averages and optimizers, and one step of either stage.

    Parameters
    ----------
    source : Source
    device : torch.device
    lr, d_lr : float
        Learning rates of G (E takes half) and of D.
    gamma : float
        Weight of R1.
    """

    def __init__(
        self, source: Source, device: torch.device, lr: float, d_lr: float, gamma: float
    ) -> None:
        self.source, self.lr, self.gamma = source, lr, gamma
        self.G, self.E, self.D = (
            Generator().to(device),
            Encoder().to(device),
            Discriminator().to(device),
        )
        self.memory = Memory(LAYERS * STYLE).to(device)
        average_g, self.G_mean = moving_average(self.G, DECAY)
        average_e, self.E_mean = moving_average(self.E, DECAY)
        self.averages = average_g, average_e
        drawing = [p for n, p in self.G.named_parameters() if not n.startswith("mapping.")]
        groups = [drawing, self.E.parameters(), self.G.mapping.parameters()]
        self.opt_ge = torch.optim.Adam([{"params": list(g)} for g in groups], betas=(0.9, 0.99))
        self.opt_d = torch.optim.Adam(self.D.parameters(), lr=d_lr, betas=(0.0, 0.99))

    @property
    def modules(self) -> dict[str, nn.Module]:
        """Everything that a checkpoint holds."""
        names = ("G", "E", "D", "G_mean", "E_mean", "memory")
        return {name: getattr(self, name) for name in names}

    def resumed(self, step: int) -> None:
        """Go on as after ``step`` steps, with the modules of a checkpoint."""
        for average in self.averages:
            updates_done(average, step)

    def finetune(self) -> None:
        """Begin with the shipped generator and encoder."""
        for pair, name in (
            ((self.G, self.G_mean), "generator"),
            ((self.E, self.E_mean), "encoder"),
        ):
            for module in pair:
                module.load_state_dict(load(name).module.state_dict())

    def pace(self, share: float, playing: bool) -> None:
        """Set the learning rates to ``share`` of their own."""
        lr = self.lr * share * (GAME_PACE if playing else 1.0)
        for group, own in zip(self.opt_ge.param_groups, (lr, 0.5 * lr, 1e-3 * share), strict=True):
            group["lr"] = own

    def autoencode(self, size: int) -> dict[str, float]:
        """One step of the first stage."""
        examples = self.source.batch(size)
        loss, latent = autoencoding_loss(self.G, self.E, examples)
        apart = self._prior_distance(latent, examples)
        self._apply(self.opt_ge, loss + PRIOR_WEIGHT * apart)
        self._after()
        return {"loss": loss.item(), "prior": apart.item()}

    def play(self, size: int, step: int, fade: float, weight: float = 1.0) -> dict[str, float]:
        """One step of the adversarial stage: D, then G and E.

        ``fade`` is the share of the instance noise that is left, ``weight`` the share of the game's
        weight that is reached.
        """
        examples = self.source.batch(size)
        loss, latent = autoencoding_loss(self.G, self.E, examples)
        apart = self._prior_distance(latent, examples)
        fake = crops(self.G(self._fakes(latent, examples), noise=True))
        real = blurred(crops(examples.real()), fade)

        d_loss = discriminator_loss(self.D, real, blurred(fake.detach(), fade))
        penalty = r1(self.D, real, self.gamma) if step % R1_EVERY == 0 else torch.zeros(())
        self._apply(self.opt_d, d_loss + penalty.to(d_loss))

        g_loss = F.softplus(-self.D(blurred(fake, fade))).mean()
        total = loss + PRIOR_WEIGHT * apart + weight * GAME_WEIGHT * g_loss
        if step % PATH_EVERY == 8:
            total = total + self._path_penalty(latent)
        self._apply(self.opt_ge, total)
        self._after()
        names = {"loss": loss, "prior": apart, "d": d_loss, "g": g_loss}
        return {name: value.item() for name, value in names.items()}

    def _fakes(self, latent: Latent, examples: Examples) -> Latent:
        """Of the real records, half as E encodes them, half with their beats and the prior's styles."""
        rows = torch.nonzero(examples.simulated == 0)[:, 0]
        rows = rows if len(rows) else torch.arange(len(latent.r_s), device=latent.r_s.device)
        chosen = {k: getattr(latent, k)[rows].detach() for k in Latent.__dataclass_fields__}
        encoded = len(rows) // 2
        z = torch.randn(2, len(rows) - encoded, NOISE_INPUT, device=rows.device)
        styles, other = self.G.mapping(z[0]), self.G.mapping(z[1])
        layer = torch.arange(LAYERS, device=rows.device)
        # Style mixing (Karras et al. 2019): from a random layer on, the style of another sample.
        cut = torch.randint(1, LAYERS, (len(styles), 1), device=rows.device)
        mixed = (torch.rand(len(styles), 1, device=rows.device) < MIXED) & (layer >= cut)
        styles = torch.where(mixed[..., None], other, styles)
        return Latent(**{**chosen, "styles": torch.cat((chosen["styles"][:encoded], styles))})

    def _prior_distance(self, latent: Latent, examples: Examples) -> Tensor:
        """How far the mapping network draws from what E lately encoded of real records."""
        styles = latent.styles[examples.simulated == 0] if self.source.real else latent.styles
        self.memory.push(styles.flatten(1))
        z = torch.randn(COMPARED, NOISE_INPUT, device=styles.device)
        drawn = self.G.mapping(z).flatten(1)
        return sliced_wasserstein(drawn, self.memory.draw(COMPARED))

    def _path_penalty(self, latent: Latent) -> Tensor:
        few = {k: getattr(latent, k)[:4].detach() for k in Latent.__dataclass_fields__}
        z = torch.randn(len(few["styles"]), NOISE_INPUT, device=few["styles"].device)
        few["styles"] = self.G.mapping(z)
        penalty, mean = path_length(self.G(Latent(**few)), few["styles"], self.memory.path_mean)
        self.memory.path_mean.copy_(mean)
        return penalty

    def _apply(self, optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        for group in optimizer.param_groups:
            average_gradients(group["params"])
            nn.utils.clip_grad_norm_(group["params"], 5.0)
        optimizer.step()

    def _after(self) -> None:
        for average, model in zip(self.averages, (self.G, self.E), strict=True):
            average.update_parameters(model)
        with torch.no_grad():
            z = torch.randn(32, NOISE_INPUT, device=self.G_mean.w_mean.device)
            self.G.w_mean.lerp_(self.G_mean.mapping(z).mean(dim=0), 0.02)


def steps(options: argparse.Namespace) -> Iterator[Step[Any]]:
    """Train G (and E, D beside it); resumes from ``--run`` when it holds a checkpoint."""
    device = join(options.device)
    yield Step(0.0, f"reading {options.data}")
    real = start(options)
    train = real.where(real.splits == "train") if real else None
    trainer = Trainer(
        Source(train, options.seed, device), device, options.lr, options.d_lr, options.r1
    )
    run = Run(options.run, trainer.modules, {"ge": trainer.opt_ge, "d": trainer.opt_d})
    state = run.resume()
    if state is None and options.finetune:
        trainer.finetune()
    share(trainer.modules.values())
    first = state["step"] if state else 0
    trainer.resumed(first)
    trainer.source.rng = np.random.default_rng([options.seed, first, rank()])
    torch.manual_seed(options.seed + 1000 * rank() + first)
    held = filtered(real.where((real.splits == "val") & real.millivolts)) if real else None
    began, warm = time.monotonic(), round(options.warmup * options.steps)
    size = max(2, options.batch // processes())
    for step in range(first + 1, options.steps + 1):
        playing = step > warm
        left = (options.steps - step + 1) / options.steps
        trainer.pace(min(1.0, left / 0.25, step / 200), playing)
        fade = max(0.0, 1 - 2 * (step - warm) / max(1, options.steps - warm))
        weight = min(1.0, (step - warm) / LEAD)
        losses = trainer.play(size, step, fade, weight) if playing else trainer.autoencode(size)
        stop = agree(time.monotonic() - began > 60 * options.minutes, device)
        if step % options.every == 0 or step == options.steps or stop:
            if rank() == 0:
                fit = _validate(trainer, held, device)
                speed = (time.monotonic() - began) / (step - first)
                run.log(**_row(step, losses, trainer), **fit, s_per_step=speed)
            run.save(step)
        if stop:
            yield run.cut_off(step, options.steps)
            return leave()
        yield run.at(step, options.steps)
    leave()  # what follows takes minutes, and is for one alone
    if rank() == 0:
        _ship(trainer, real, options)
        yield shipped(options.out)


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    """The recipe's options from the words of a command line."""
    parser = argparse.ArgumentParser(prog="cofe-widgets train generator", description=__doc__)
    add_options(parser, "generator", 12000)
    parser.add_argument(
        "--warmup", type=float, default=0.5, help="share of steps before the game begins"
    )
    parser.add_argument("--lr", type=float, default=2e-3, help="learning rate of G; E takes half")
    parser.add_argument("--d-lr", type=float, default=1e-3, help="learning rate of D")
    parser.add_argument("--r1", type=float, default=0.3, help="weight of R1: raise it if d nears 0")
    parser.add_argument(
        "--finetune", action="store_true", help="begin with the shipped generator and encoder"
    )
    parser.add_argument("--out", type=Path, default=WEIGHTS / "generator.safetensors")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Run the recipe from a command line."""
    options = parse(argv)
    follow(steps(options), options.run.name)


def _validate(
    trainer: Trainer, held: tuple[Tensor, Tensor] | None, device: torch.device
) -> dict[str, float]:
    if held is None:
        return {"val_r": float("nan"), "val_rmse_uv": float("nan")}
    r, rmse = quality(trainer.G_mean, trainer.E_mean, *(t.to(device) for t in held))
    return {"val_r": r, "val_rmse_uv": rmse}


def _row(step: int, losses: dict[str, float], trainer: Trainer) -> dict[str, float]:
    """A line of the log; the losses of the game are NaN before it begins."""
    noise = [
        v.detach().abs().mean() for n, v in trainer.G.named_parameters() if "noise_strength" in n
    ]
    none = float("nan")
    names = ("loss", "prior", "d", "g")
    return {
        "step": step,
        **{name: losses.get(name, none) for name in names},
        "noise": float(torch.stack(noise).mean()),
    }


def _ship(trainer: Trainer, real: RealRecords | None, options: argparse.Namespace) -> None:
    """Write the averaged generator with its card."""
    trainer.G_mean.cpu(), trainer.E_mean.cpu()
    metrics: dict[str, object] = {"real records": "none: trained on simulated ECGs only"}
    data, licences = "simulated ECGs only", "none: no recording was used"
    if real is not None:
        train = real.where(real.splits == "train")
        counted, licences = provenance(train.datasets.tolist())
        data = (
            f"half simulated ECGs (cofe_widgets.simulate), half {len(train)} real records, less "
            f"those full of artefact: {counted}"
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
        "licences": licences,
        "recipe": f"cofe-widgets train generator --steps {options.steps} --warmup {options.warmup} "
        f"--batch {options.batch}{options.note and '; ' + options.note}",
        "seed": options.seed,
        "metrics": metrics,
        "limits": [
            "A small network, trained briefly: what it draws is smoother and simpler than real ECGs.",
            "Draws 0.5-40 Hz; baseline wander and what it cannot draw stay in the record's residual.",
            "Beats that differ much from their neighbours (ventricular ectopics) are drawn poorly.",
        ],
    }
    save(trainer.G_mean, options.out, card)


if __name__ == "__main__":
    main()
