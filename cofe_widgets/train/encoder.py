"""Recipe: the encoder with the generator fixed (``cofe-widgets train encoder``; CoFE, section 2.1).

Starts from the encoder that grew up beside the generator, where its run is there. At the end the
styles of real and simulated ECGs are measured: their principal components are the directions in
which counterfactuals are searched.
"""

from __future__ import annotations

import argparse
import copy
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from ..models import WEIGHTS, load, save
from ..models.encoder import Encoder
from ..models.generator import Generator
from .checkpoint import Run, average, read_modules
from .data import RealRecords
from .generator import Source, encode, filtered, quality, reconstruction_loss
from .options import add_options, start

#: Simulated ECGs beside the real ones whose styles are measured.
BANK = 1024


def main(argv: list[str] | None = None) -> None:
    """Train E against the shipped G; resumes from ``--run`` when it holds a checkpoint."""
    parser = argparse.ArgumentParser(prog="cofe-widgets train encoder", description=__doc__)
    add_options(parser, "encoder", 2000)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--generator-run", type=Path, default=Path("runs/generator"))
    parser.add_argument("--out", type=Path, default=WEIGHTS / "encoder.safetensors")
    options = parser.parse_args(argv)
    real = start(options)
    device = torch.device(options.device)
    generator = copy.deepcopy(load("generator").module).to(device)
    assert isinstance(generator, Generator)
    encoder = Encoder().to(device)
    if (options.generator_run / "state.safetensors").exists():
        encoder.load_state_dict(read_modules(options.generator_run)["E_mean"])
    mean = copy.deepcopy(encoder)
    optimizer = torch.optim.Adam(encoder.parameters(), lr=options.lr, betas=(0.9, 0.99))
    run = Run(options.run, {"E": encoder, "E_mean": mean}, {"e": optimizer})
    state = run.resume() or {"step": 0}
    train = real.where(real.splits == "train") if real else None
    source = Source(train, options.seed + 1 + state["step"], device)
    held = filtered(real.where((real.splits == "val") & real.millivolts)) if real else None
    began = time.monotonic()
    for step in range(state["step"] + 1, options.steps + 1):
        for group in optimizer.param_groups:
            group["lr"] = options.lr * min(1.0, 1.2 - 1.2 * step / (options.steps + 1))
        examples = source.batch(options.batch)
        latent, f_loss = encode(encoder, examples)
        drawn = generator(latent)
        size = latent.styles.square().mean() + latent.codes.square().mean()
        loss = (
            reconstruction_loss(drawn, examples.signals, examples.r_s) + 0.3 * f_loss + 1e-3 * size
        )
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(encoder.parameters(), 5.0)
        optimizer.step()
        average(mean, encoder, 0.995)
        stop = time.monotonic() - began > 60 * options.minutes
        if step % 250 == 0 or step == options.steps or stop:
            none = float("nan"), float("nan")
            r, rmse = quality(generator, mean, *(t.to(device) for t in held)) if held else none
            run.log(step=step, loss=loss.item(), val_r=r, val_rmse_uv=rmse)
            run.save(step)
        if stop:
            return
    generator, mean, source.device = generator.cpu(), mean.cpu(), torch.device("cpu")
    signals, r_s = bank(source)
    mean.style_mean, mean.style_basis = components(mean, signals, r_s)
    _ship(generator, mean, real, options)


def bank(source: Source) -> tuple[Tensor, Tensor]:
    """All real training records and `BANK` simulated ones: signals and R-peaks."""
    parts = [source.simulated(64) for _ in range(BANK // 64)]
    signals, r_s = (torch.cat([getattr(p, k) for p in parts]) for k in ("signals", "r_s"))
    if source.real:
        signals, r_s = torch.cat((signals, source.real[0])), torch.cat((r_s, source.real[1]))
    return signals, r_s


@torch.no_grad()
def components(encoder: Encoder, signals: Tensor, r_s: Tensor) -> tuple[Tensor, Tensor]:
    """Mean of the styles and their principal components, each as long as its standard deviation."""
    parts = zip(signals.split(64), r_s.split(64), strict=True)
    styles = torch.cat([encoder(x, r).styles.flatten(1) for x, r in parts])
    mean = styles.mean(dim=0)
    _, size, rows = torch.linalg.svd(styles - mean, full_matrices=False)
    basis = torch.zeros_like(encoder.style_basis)  # fewer examples than dimensions leave rows empty
    basis[: len(rows)] = rows * (size / np.sqrt(len(styles)))[:, None]
    return mean, basis


def _ship(
    generator: nn.Module, encoder: Encoder, real: RealRecords | None, options: argparse.Namespace
) -> None:
    metrics: dict[str, object] = {"real records": "none: trained on simulated ECGs only"}
    data = "simulated ECGs only"
    if real is not None:
        data = "the generator's: half simulated, half real training records (see its card)"
        metrics = {}
        for split in ("val", "test"):
            held = filtered(real.where((real.splits == split) & real.millivolts))
            r, rmse = quality(generator, encoder, *held)
            metrics[f"{split}: median reconstruction of {len(held[0])} real records"] = (
                f"r {r:.3f}, RMSE {rmse:.0f} uV"
            )
    spread = encoder.style_basis.square().sum(dim=1)
    share = float(spread[:12].sum() / spread.sum())
    metrics["share of style variance in the 12 leading components"] = f"{share:.0%}"
    card = {
        "summary": "Encoder of 12-lead ECGs into the generator's latent (W+, beat codes, f-wave).",
        "architecture": "Encoder",
        "arguments": {},
        "data": data,
        "licences": "ODC-BY 1.0 (LUDB, Challenge 2011), CC BY 4.0 (all others)",
        "recipe": f"cofe-widgets train encoder --steps {options.steps} --batch {options.batch}"
        f"{options.note and '; ' + options.note}",
        "seed": options.seed,
        "metrics": metrics,
        "limits": [
            "Needs R-peaks; draws sinus and fibrillating hearts best, isolated ectopic beats poorly.",
            "The fibrillatory-wave branch was taught by simulated ECGs alone.",
        ],
    }
    save(encoder, options.out, card)
    print("\n".join(f"{k}: {v}" for k, v in metrics.items()), flush=True)


if __name__ == "__main__":
    main()
