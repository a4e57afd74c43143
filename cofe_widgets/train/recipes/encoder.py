"""Recipe: the encoder with the generator fixed (``cofe-widgets train encoder``; CoFE, section 2.1).

Starts from the encoder that grew up beside the generator, where its run is there, else from the
shipped one. R-peaks err a little in training, as detectors do. At the end the styles are described
(`core.styles`): the directions in which counterfactuals are searched, and where real ECGs lie in them.
"""

from __future__ import annotations

import argparse
import copy
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ...models import WEIGHTS, Loaded, load, save
from ...models.architectures.encoder import Encoder
from ...models.architectures.generator import Generator
from ...steps import Step
from ..core.checkpoint import Run, read_modules
from ..core.moving_average import moving_average
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
from ..core.styles import describe
from ..data.records import RealRecords
from ..data.source import Source, filtered
from ..data.tables import provenance

#: Decay of the moving average of E's weights, which begin good.
DECAY = 0.995


def steps(options: argparse.Namespace) -> Iterator[Step[Any]]:
    """Train E against a fixed G; resumes from ``--run`` when it holds a checkpoint."""
    device = join(options.device)
    yield Step(0.0, f"reading {options.data}")
    real = start(options)
    loaded = load(options.generator)
    generator = copy.deepcopy(loaded.module).to(device)
    assert isinstance(generator, Generator)
    encoder = _young(options.generator_run).to(device)
    average, mean = moving_average(encoder, DECAY, young=False)
    optimizer = torch.optim.Adam(encoder.parameters(), lr=options.lr, betas=(0.9, 0.99))
    run = Run(options.run, {"E": encoder, "E_mean": mean}, {"e": optimizer})
    first = (run.resume() or {"step": 0})["step"]
    share((encoder, mean))
    train = real.where(real.splits == "train") if real else None
    source = Source(train, [options.seed + 1, first, rank()], device, shift=True)
    held = filtered(real.where((real.splits == "val") & real.millivolts)) if real else None
    began = time.monotonic()
    size = max(2, options.batch // processes())
    for step in range(first + 1, options.steps + 1):
        for group in optimizer.param_groups:
            group["lr"] = options.lr * min(1.0, 1.2 - 1.2 * step / (options.steps + 1))
        loss = _step(generator, encoder, source, size, optimizer)
        average.update_parameters(encoder)
        stop = agree(time.monotonic() - began > 60 * options.minutes, device)
        if step % options.every == 0 or step == options.steps or stop:
            if rank() == 0:
                none = float("nan"), float("nan")
                r, rmse = quality(generator, mean, *(t.to(device) for t in held)) if held else none
                run.log(step=step, loss=loss, val_r=r, val_rmse_uv=rmse)
            run.save(step)
        if stop:
            yield run.cut_off(step, options.steps)
            return leave()
        yield run.at(step, options.steps)
    leave()  # what follows takes minutes, and is for one alone
    if rank() == 0:
        yield Step(1.0, "describing the styles", run.row)
        source.device = torch.device("cpu")
        _ship(loaded, mean.cpu(), source, real, options)
        yield shipped(options.out)


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    """The recipe's options from the words of a command line."""
    parser = argparse.ArgumentParser(prog="cofe-widgets train encoder", description=__doc__)
    add_options(parser, "encoder", 2000)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument(
        "--generator", default="generator", help="weights of G: a shipped name or a file"
    )
    parser.add_argument("--generator-run", type=Path, default=Path("runs/generator"))
    parser.add_argument("--out", type=Path, default=WEIGHTS / "encoder.safetensors")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Run the recipe from a command line."""
    options = parse(argv)
    follow(steps(options), options.run.name)


def _young(generator_run: Path) -> Encoder:
    """The encoder to begin with; what it says of styles is measured anew at the end."""
    encoder = Encoder()
    if (generator_run / "state.safetensors").exists():
        encoder.load_state_dict(read_modules(generator_run)["E_mean"])
    elif (WEIGHTS / "encoder.safetensors").exists():
        shipped = load("encoder").module
        encoder.load_state_dict(shipped.state_dict() | {"real_styles": encoder.real_styles})
    return encoder


def _step(
    generator: nn.Module,
    encoder: nn.Module,
    source: Source,
    size: int,
    optimizer: torch.optim.Optimizer,
) -> float:
    """One step of E; the loss."""
    examples = source.batch(size)
    latent, f_loss = encode(encoder, examples)
    drawn = generator(latent)
    large = latent.styles.square().mean() + latent.codes.square().mean()
    loss = reconstruction_loss(drawn, examples.signals, examples.r_s) + 0.3 * f_loss + 1e-3 * large
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    average_gradients(encoder.parameters())
    nn.utils.clip_grad_norm_(encoder.parameters(), 5.0)
    optimizer.step()
    return loss.item()


def _ship(
    generator: Loaded,
    encoder: Encoder,
    source: Source,
    real: RealRecords | None,
    options: argparse.Namespace,
) -> None:
    """Describe the styles and write the averaged encoder with its card."""
    metrics: dict[str, object] = {"real records": "none: trained on simulated ECGs only"}
    data, licences = "simulated ECGs only", "none: no recording was used"
    if real is not None:
        licences = provenance(real.datasets[real.splits == "train"].tolist())[1]
        data = "the generator's: half simulated, half real training records (see its card)"
        metrics = {}
        for split in ("val", "test"):
            chosen = real.where((real.splits == split) & real.millivolts)
            if not len(chosen):
                continue
            held = filtered(chosen)
            r, rmse = quality(generator.module, encoder, *held)
            metrics[f"{split}: median reconstruction of {len(held[0])} real records"] = (
                f"r {r:.3f}, RMSE {rmse:.0f} uV"
            )
    metrics |= describe(generator.module, encoder, source)
    card = {
        "summary": "Encoder of 12-lead ECGs into the generator's latent (W+, beat codes, f-wave).",
        "architecture": "Encoder",
        "arguments": {"real": len(encoder.real_styles)},
        "generator_hash": generator.weight_hash,
        "data": data,
        "licences": licences,
        "recipe": f"cofe-widgets train encoder --steps {options.steps} --batch {options.batch}"
        f"{options.note and '; ' + options.note}",
        "seed": options.seed,
        "metrics": metrics,
        "limits": [
            "Needs R-peaks; draws sinus and fibrillating hearts best, isolated ectopic beats poorly.",
            "The fibrillatory-wave branch was taught by simulated ECGs alone.",
            "Carries 32 numbers of each real training ECG (where it lies among the others); no ECG "
            "can be drawn from them without this generator, and then only its leading morphology.",
        ],
    }
    save(encoder, options.out, card)


if __name__ == "__main__":
    main()
