"""Recipe: the AF classifier (``cofe-widgets train af``).

CoFE section 3: 1-D ResNet-16, cross-entropy, Adam 1e-3, early stopping on validation loss. A model
that ripple flips is not worth explaining, so training adds noise, gain, lead and tempo changes and
one adversarial step a batch; simulated rhythms separate irregularity from absent P waves.
"""

from __future__ import annotations

import argparse
import copy
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..ecg import LEADS, expand_matrix
from ..models import WEIGHTS, save
from ..models.resnet import ResNet1d
from ..simulate import draw
from .checkpoint import Run
from .data import FS, SECONDS, RealRecords
from .options import add_options, start

OUTPUTS = ("SR", "AF")
SIMULATED_MIX = {"NSR": 0.12, "SB": 0.06, "STach": 0.06, "SA": 0.12, "PAC": 0.2, "AF": 0.44}
CHECK_EVERY, PATIENCE = 40, 8


def augment(x: Tensor, rng: np.random.Generator) -> Tensor:
    """Change what does not make AF: gain, electrodes, noise, tempo, start, a lost lead."""
    n, leads, samples = x.shape
    gain = rng.uniform(0.6, 1.6, (n, 1, 1)) * rng.uniform(0.85, 1.15, (n, leads, 1))
    lost = rng.random((n, leads, 1)) < 0.03
    x = x * torch.from_numpy((gain * ~lost).astype(np.float32))
    # Tempo and start in one resampling: the grid reaches at most 1.5 % past either end.
    tempo = torch.from_numpy(rng.uniform(0.88, 1.0, (n, 1)).astype(np.float32))
    shift = torch.from_numpy(rng.uniform(-1, 1, (n, 1)).astype(np.float32)) * (1.03 - tempo)
    grid = torch.linspace(-1, 1, samples) * tempo + shift
    grid = torch.stack((grid, torch.zeros_like(grid)), dim=-1)[:, None]
    x = F.grid_sample(
        x[:, :, None], grid, mode="bilinear", padding_mode="border", align_corners=True
    )
    noise = torch.from_numpy(rng.gamma(1.2, 0.012, (n, 1, 1)).astype(np.float32))
    return x[:, :, 0] + noise * torch.randn(n, leads, samples)


class Batches:
    """Batches of 12-lead ECGs and classes: half simulated, half real with as much AF as not."""

    def __init__(self, real: RealRecords | None, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.expand = torch.from_numpy(expand_matrix())
        self.real = real

    def batch(self, size: int) -> tuple[Tensor, Tensor]:
        """``(size, 12, 2500)`` augmented mV and ``(size,)`` class indices."""
        n_real = size // 2 if self.real is not None else 0
        names = self.rng.choice(list(SIMULATED_MIX), size - n_real, p=list(SIMULATED_MIX.values()))
        simulated = draw(names, int(self.rng.integers(2**31)), variety=0.8)
        signals = [torch.from_numpy(simulated.signals)]
        classes = [(simulated.conditions == "AF").astype(int)]
        if self.real is not None:
            is_af = self.real.rhythms == "AF"
            weight = np.where(is_af, 0.5 / is_af.sum(), 0.5 / (~is_af).sum())
            rows = self.rng.choice(len(self.real), n_real, p=weight)
            signals.append(torch.from_numpy(self.real.signals[rows]))
            classes.append(is_af[rows].astype(int))
        x = self.expand @ torch.cat(signals)
        return augment(x, self.rng), torch.from_numpy(np.concatenate(classes))


def adversarial(model: nn.Module, x: Tensor, classes: Tensor, rms_mv: float) -> Tensor:
    """``x`` moved by one gradient step of ``rms_mv`` root mean square that raises the loss."""
    x = x.detach().requires_grad_(True)
    (slope,) = torch.autograd.grad(F.cross_entropy(model(x), classes), x)
    size = slope.square().mean(dim=(1, 2), keepdim=True).sqrt() + 1e-12
    return (x + rms_mv * slope / size).detach()


@torch.no_grad()
def log_odds(model: nn.Module, x: Tensor) -> Tensor:
    """Log-odds of AF, ``(n,)``."""
    model.eval()
    device = next(model.parameters()).device
    raw = torch.cat([model(part.to(device)) for part in x.split(64)]).cpu()
    return raw[:, 1] - raw[:, 0]


def auroc(score: np.ndarray, positive: np.ndarray) -> float:
    """Area under the ROC curve (Mann-Whitney, ties count half)."""
    from scipy.stats import rankdata

    ranks, n = rankdata(score), int(positive.sum())
    return float((ranks[positive].sum() - n * (n + 1) / 2) / (n * (len(score) - n)))


def interval(score: np.ndarray, positive: np.ndarray, seed: int = 0) -> tuple[float, float]:
    """95 % bootstrap interval of the AUROC, classes resampled apart."""
    rng = np.random.default_rng(seed)
    yes, no = np.flatnonzero(positive), np.flatnonzero(~positive)
    values = []
    for _ in range(1000):
        rows = np.concatenate((rng.choice(yes, len(yes)), rng.choice(no, len(no))))
        values.append(auroc(score[rows], positive[rows]))
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def evaluate(model: nn.Module, real: RealRecords) -> dict[str, object]:
    """AUROC with interval and accuracy on real records in mV; robustness to noise and to ripple."""
    x = torch.from_numpy(expand_matrix()) @ torch.from_numpy(real.signals)
    positive = real.rhythms == "AF"
    score = log_odds(model, x).numpy()
    low, high = interval(score, positive)
    right = (score > 0) == positive
    kept = {}
    for uv in (25, 50, 100):
        noisy = x + uv / 1000 * torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
        kept[uv] = float(((log_odds(model, noisy).numpy() > 0) == (score > 0)).mean())
    ripple = {}
    for uv in (5, 10, 20):
        moved = torch.cat(
            [
                adversarial(model, part, (torch.from_numpy(s) > 0).long(), uv / 1000)
                for part, s in zip(x.split(32), np.split(score, range(32, len(x), 32)), strict=True)
            ]
        )
        ripple[uv] = float(((log_odds(model, moved).numpy() > 0) == (score > 0)).mean())
    return {
        "records": f"{len(real)} ({int(positive.sum())} AF)",
        "AUROC": f"{auroc(score, positive):.3f} (95 % interval {low:.3f}-{high:.3f})",
        "sensitivity / specificity at 0.5": f"{right[positive].mean():.2f} / {right[~positive].mean():.2f}",
        "answer kept under white noise": ", ".join(f"{k} uV {v:.0%}" for k, v in kept.items()),
        "answer kept after one adversarial step (RMS)": ", ".join(
            f"{k} uV {v:.0%}" for k, v in ripple.items()
        ),
    }


def main(argv: list[str] | None = None) -> None:
    """Train, stop early, evaluate once on the test split, write weights and card."""
    parser = argparse.ArgumentParser(prog="cofe-widgets train af", description=__doc__)
    add_options(parser, "af", 1200)
    parser.add_argument("--out", type=Path, default=WEIGHTS / "af-resnet.safetensors")
    parser.set_defaults(batch=48)
    options = parser.parse_args(argv)
    real = start(options)
    known = real.where(real.rhythms != "") if real else None
    if known is not None:
        _check(known)
    batches = Batches(known.where(known.splits == "train") if known else None, options.seed)
    device = torch.device(options.device)
    model = ResNet1d().to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    best_model = copy.deepcopy(model)
    run = Run(options.run, {"model": model, "best": best_model}, {"adam": optimizer})
    state = run.resume() or {"step": 0, "best": float("inf"), "best_step": 0}
    batches.rng = np.random.default_rng([options.seed, state["step"]])
    best, best_step = state["best"], state["best_step"]
    held = known.where(known.splits == "val") if known else None
    began = time.monotonic()
    for step in range(state["step"] + 1, options.steps + 1):
        x, classes = (part.to(device) for part in batches.batch(options.batch))
        model.train()
        moved = adversarial(model, x, classes, float(batches.rng.uniform(0.0, 0.020)))
        loss = F.cross_entropy(model(moved), classes, label_smoothing=0.02)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        stop = step == options.steps or time.monotonic() - began > 60 * options.minutes
        if step % CHECK_EVERY and not stop:
            continue
        value, area = _validate(model, held, options.seed)
        if value < best:
            best, best_step = value, step
            best_model.load_state_dict(model.state_dict())
        run.log(
            step=step, train_loss=loss.item(), val_loss=value, val_auroc=area, best_step=best_step
        )
        run.save(step, best=best, best_step=best_step)
        if stop or step - best_step >= PATIENCE * CHECK_EVERY:
            break
    if not np.isfinite(best):
        raise RuntimeError(f"no validation loss was finite: see {options.run / 'log.csv'}")
    _ship(best_model.eval().cpu(), real, known, options)


def _check(known: RealRecords) -> None:
    """Refuse a folder from which nothing can be learned or judged, before work begins."""
    for split in ("train", "val", "test"):
        for rhythm in OUTPUTS:
            if not ((known.splits == split) & (known.rhythms == rhythm)).any():
                raise ValueError(
                    f"no {rhythm} record falls into the {split} split: labels.csv names the rhythm of "
                    "each record (NSR, SB, STach, SA, AF ...), and a few dozen of each class are needed"
                )


def _validate(model: nn.Module, held: RealRecords | None, seed: int) -> tuple[float, float]:
    """Loss (classes weighted alike) and AUROC on held-back real records, else on simulated ones."""
    if held is not None:
        x, positive = torch.from_numpy(held.signals), held.rhythms == "AF"
    else:
        simulated = draw(np.tile(["NSR", "AF", "SA", "AF"], 32), seed + 999, variety=0.8)
        x, positive = torch.from_numpy(simulated.signals), simulated.conditions == "AF"
    score = log_odds(model, torch.from_numpy(expand_matrix()) @ x)
    sign = torch.from_numpy(np.where(positive, -1.0, 1.0).astype(np.float32))
    losses = F.softplus(sign * score).numpy()
    balanced = 0.5 * losses[positive].mean() + 0.5 * losses[~positive].mean()
    return float(balanced), auroc(score.numpy(), positive)


def _ship(
    model: nn.Module,
    real: RealRecords | None,
    known: RealRecords | None,
    options: argparse.Namespace,
) -> None:
    metrics: dict[str, object] = {
        "real records": "none: trained and to be judged on simulated ECGs only"
    }
    data = "simulated ECGs only"
    if known is not None:
        metrics = {}
        held = known.where(known.splits == "val")
        area = _validate(model, held, options.seed)[1]
        metrics["val, z-scored PTB-XL records too: AUROC"] = f"{area:.3f} of {len(held)}"
        for split in ("val", "test"):
            part = known.where((known.splits == split) & known.millivolts)
            metrics |= {f"{split}: {k}": v for k, v in evaluate(model, part).items()}
        train = known.where(known.splits == "train")
        data = (
            f"half simulated ECGs (cofe_widgets.simulate: NSR, SB, STach, SA, PAC, AF), half {len(train)} real "
            f"records ({int((train.rhythms == 'AF').sum())} AF) of LUDB, PhysioNet Challenge 2021 sources, "
            "G12EC, CPSC2018, SPH and PTB-XL (the z-scored PTB-XL set rescaled to typical lead amplitudes); "
            "split by patient where known, else by record"
        )
    card = {
        "summary": "Atrial fibrillation against sinus rhythm: 1-D ResNet-16, 12 leads, 10 s at 250 Hz.",
        "architecture": "ResNet1d",
        "arguments": {"leads": 12, "outputs": 2, "fs": FS},
        "outputs": OUTPUTS,
        "output": "softmax",
        "fs": FS,
        "leads": LEADS,
        "seconds": SECONDS,
        "data": data,
        "licences": "ODC-BY 1.0 (LUDB), CC BY 4.0 (all others)",
        "recipe": f"cofe-widgets train af --steps {options.steps} --batch {options.batch}"
        f"{options.note and '; ' + options.note}",
        "seed": options.seed,
        "metrics": metrics,
        "limits": [
            "Few real AF records: mind the intervals. The validation split chose the stopping point, "
            "the test split did not.",
            "Atrial flutter, paced rhythms and other arrhythmias were left out of training: its answer "
            "to them means nothing.",
            "Trained to withstand noise and small adversarial steps; figures above say how far that goes.",
        ],
    }
    save(model, options.out, card)
    print("\n".join(f"{k}: {v}" for k, v in metrics.items()), flush=True)


if __name__ == "__main__":
    main()
