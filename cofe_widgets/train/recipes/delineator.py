"""Recipe: the delineator (``cofe-widgets train delineator``).

First on simulated ECGs, whose 24 segments are known in every sample of every lead; then, from
there, on LUDB and simulated ECGs together. A mark of LUDB allows several segments where it does not
say which one, and the loss asks for no more than it says. With ``--folds`` the second part runs
once a fold without the records of that fold, so that each record can be judged by a network that
never saw it; the shipped network then learns from all records.

Categorical cross-entropy, Adam, random patches (Wagner et al. 2024, section 2.4).
"""

from __future__ import annotations

import argparse
import copy
import time
from collections.abc import Generator, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...ecg import LEADS, expand_matrix
from ...models import WEIGHTS, save
from ...models.architectures.unet import UNet
from ...signals.beats import cut
from ...signals.delineation.delineate import delineate
from ...simulate import CONDITIONS, draw
from ...simulate.conditions import parse as conditions_of
from ...steps import Step
from ...vocabulary.segments import TP
from ..core.checkpoint import Run
from ..core.moving_average import moving_average, updates_done
from ..core.options import add_options, settle, shipped
from ..core.progress import follow
from ..core.wave_scores import SegmentScores, wave_scores
from ..data.ludb import ALLOWED, Marked, folds, label, load_ludb

FS, SECONDS = 250.0, 10.0
#: Length of a patch, samples.
PATCH = 1024
#: Simulated records drawn at a time.
POOL = 64
#: Share of patches from LUDB once it takes part.
MARKED_SHARE = 0.5
#: How much oftener atria without P waves are drawn, marked or simulated: few have them, and they
#: are the hardest to learn.
NO_P_WEIGHT = 3.0
#: Share of patches that hold no heartbeat.
NOTHING_SHARE = 0.03
#: Half of the patches keep all leads; the others keep so many, drawn anew.
FEWER_LEADS = (1, 1, 2, 3, 6, 8)
#: Simulated records of each condition on which the 24 segments are judged, and their seed.
JUDGED, JUDGED_SEED = 10, 20_000
#: Decay of the moving average of the weights: what is validated and shipped.
DECAY = 0.998


class Patches:
    """Random patches of records with what each sample may be."""

    def __init__(self, marked: list[Marked], seed: int | list[int], model: UNet) -> None:
        self.rng = np.random.default_rng(seed)
        self.marked, self.model = marked, model
        no_p = [not sum(map(len, one.waves["P"])) for one in marked]
        weight = np.where(no_p, NO_P_WEIGHT, 1.0)
        self.weight = weight / max(1.0, weight.sum())
        self.resampled = [one.record.resample(FS).signal.astype(float) for one in marked]
        self._pool: list[tuple[NDArray[np.float32], NDArray[np.uint8]]] = []

    def batch(self, size: int) -> tuple[Tensor, Tensor, Tensor]:
        """Conditioned leads ``(N, 2, PATCH)``, their records ``(N,)``, labels ``(N, PATCH)``."""
        known = round(size * MARKED_SHARE) if self.marked else 0
        some = [self._marked() for _ in range(known)]
        some += [self._simulated() for _ in range(size - known)]
        if self.rng.random() < NOTHING_SHARE * size:
            some[-1] = self._nothing()
        signals = self._disturb(np.stack([signal for signal, _ in some]))
        with torch.no_grad():
            x = self.model.condition(torch.from_numpy(signals))
        leads, record, labels = [], [], []
        for k, (_, what) in enumerate(some):
            rows = self._leads()
            start = int(self.rng.integers(0, x.shape[-1] - PATCH + 1))
            leads.append(x[k, rows, :, start : start + PATCH])
            labels.append(what[rows, start : start + PATCH])
            record += [k] * len(rows)
        return torch.cat(leads), torch.tensor(record), torch.from_numpy(np.concatenate(labels))

    def _leads(self) -> NDArray[np.intp]:
        if self.rng.random() < 0.5:
            return np.arange(12)
        return self.rng.permutation(12)[: self.rng.choice(FEWER_LEADS)]

    def _marked(self) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """A record of LUDB, a little faster or slower, and what its samples may be."""
        row = int(self.rng.choice(len(self.marked), p=self.weight))
        step = self.rng.uniform(0.85, 1.15) / FS
        samples = round(FS * SECONDS)
        time_ms = np.asarray(1000 * step * np.arange(samples), dtype=float)
        signal = cut(self.resampled[row], FS, np.zeros(1), time_ms)[0]
        labels = [label(self.marked[row], lead, 0.0, step, samples) for lead in range(12)]
        return signal.astype(np.float32), np.stack(labels)

    def _simulated(self) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        if not self._pool:
            names = [_condition(self.rng) for _ in range(POOL)]
            noise = {"wander": 1.0, "mains": 1.0, "emg": 1.0, "motion": self.rng.choice([0.0, 0.7])}
            seed = int(self.rng.integers(2**31))
            drawn = draw(names, seed, FS, SECONDS, noise, variety=0.8)
            signals = expand_matrix() @ drawn.signals
            segments = drawn.segments().astype(np.uint8)
            self._pool = list(zip(signals, segments, strict=True))
        return self._pool.pop()

    def _nothing(self) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """What electrodes show that see no beats: noise, or ventricles that fibrillate."""
        rng, samples = self.rng, round(FS * SECONDS)
        signal = rng.standard_normal((12, samples)) * rng.uniform(0.02, 0.3)
        if rng.random() < 0.5:  # red noise: slower, as motion is
            signal = np.cumsum(signal, axis=1) / 8
        if rng.random() < 0.4:
            rate = rng.uniform(3.5, 8, (3, 1)) + np.cumsum(
                rng.normal(0, 0.02, (3, samples)), axis=1
            )
            phase = 2 * np.pi * np.cumsum(rate, axis=1) / FS + rng.uniform(0, 2 * np.pi, (3, 1))
            swell = 1 + 0.6 * np.sin(2 * np.pi * rng.uniform(0.1, 0.8, (3, 1)) * phase / 6)
            axes = rng.normal(0, 1, (12, 3)) * rng.uniform(0.1, 0.5)
            signal = 0.1 * signal + axes @ (swell * np.sin(phase))
        return signal.astype(np.float32), np.full((12, samples), TP, np.uint8)

    def _disturb(self, signals: NDArray[np.float32]) -> NDArray[np.float32]:
        """Gain of each lead, wander, mains and broad-band noise."""
        rng, shape = self.rng, signals.shape
        out = signals * np.exp(rng.normal(0, 0.25, (*shape[:2], 1)))
        seconds = np.arange(shape[2]) / FS
        hz = rng.uniform(0.05, 0.7, (shape[0], 1, 1))
        phase = rng.uniform(0, 2 * np.pi, (*shape[:2], 1))
        out += rng.normal(0, 0.08, (*shape[:2], 1)) * np.sin(2 * np.pi * hz * seconds + phase)
        level = 0.03 * rng.random((shape[0], 1, 1)) ** 3
        return np.asarray(out + level * rng.standard_normal(shape), dtype=np.float32)


def _condition(rng: np.random.Generator) -> str:
    """One condition, or two that go together."""
    weight = np.array([NO_P_WEIGHT if code in ("AF", "AFL") else 1.0 for code in CONDITIONS])
    first, second = rng.choice(list(CONDITIONS), 2, replace=False, p=weight / weight.sum())
    try:
        return "+".join(conditions_of(f"{first}+{second}")) if rng.random() < 0.3 else str(first)
    except ValueError:  # they exclude each other
        return str(first)


_FORBIDDEN = torch.from_numpy(np.where(ALLOWED, 0.0, -torch.inf).astype(np.float32))


def set_cross_entropy(logits: Tensor, labels: Tensor, weight: Tensor | None = None) -> Tensor:
    """Minus the log of the probability of all that a sample may be; mean over samples.

    Parameters
    ----------
    logits : (N, classes, samples)
    labels : (N, samples)
        Rows of `ALLOWED`. A row that allows one segment makes this plain cross-entropy; one that
        allows all of them adds nothing and is not counted.
    weight : (N,), optional
        Of each lead; one each unless given.
    """
    known = labels < len(ALLOWED) - 1
    rows = logits.transpose(1, 2)[known]
    forbidden = _FORBIDDEN.to(rows)[labels[known].long()]
    loss = rows.logsumexp(dim=1) - (rows + forbidden).logsumexp(dim=1)
    if weight is None:
        return loss.mean()
    each = weight[:, None].expand(labels.shape)[known]
    return (loss * each).sum() / each.sum()


def lead_weight(record: Tensor) -> Tensor:
    """Weight of each lead, ``(N,)``: leads of a record that has few count more, as the root."""
    return record.bincount()[record].rsqrt()


def fit(
    network: UNet,
    marked: list[Marked],
    name: str,
    steps: int,
    lr: float,
    options: argparse.Namespace,
    span: tuple[float, float] = (0.0, 1.0),
) -> Generator[Step, None, UNet | None]:
    """Train from ``network``, which stays as it is; the averaged network, or None: out of time.

    ``span`` is the part of the recipe's work that this is, from fraction to fraction.
    """
    device = torch.device(options.device)
    model = copy.deepcopy(network).to(device).requires_grad_(True).train()
    average, mean = moving_average(model, DECAY)
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    run = Run(options.run / name, {"U": model, "U_mean": mean}, {"adam": optimizer})
    first = (run.resume() or {"step": 0})["step"]
    updates_done(average, first)
    source = Patches(marked, [options.seed, first], UNet())
    losses: list[float] = []
    for step in range(first + 1, steps + 1):
        for group in optimizer.param_groups:
            group["lr"] = lr * min(1.0, step / 100) * (1.02 - step / steps)
        x, record, labels = (part.to(device) for part in source.batch(options.batch))
        loss = set_cross_entropy(model.packed(x, record), labels, lead_weight(record))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        average.update_parameters(model)
        losses.append(loss.item())
        stop = time.monotonic() > options.deadline
        if step % 100 == 0 or step == steps or stop:
            run.log(step=step, loss=float(np.mean(losses)))
            run.save(step)
            losses = []
        out_of_time = stop and step < steps
        said = run.cut_off(step, steps) if out_of_time else run.at(step, steps)
        fraction = span[0] + (span[1] - span[0]) * said.fraction
        yield replace(said, fraction=fraction, message=f"{name}, {said.message}")
        if out_of_time:
            return None
    return mean.eval().cpu()


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    """The recipe's options from the words of a command line."""
    parser = argparse.ArgumentParser(prog="cofe-widgets train delineator", description=__doc__)
    add_options(parser, "delineator", 5000)
    parser.add_argument("--tune-steps", type=int, default=1200, help="steps with LUDB")
    parser.add_argument("--folds", type=int, default=5, help="0 leaves cross-validation out")
    parser.add_argument("--out", type=Path, default=WEIGHTS / "delineator.safetensors")
    parser.add_argument(
        "--fold-out", type=Path, default=Path("benchmarks/weights"), help="weights of the folds"
    )
    parser.set_defaults(batch=8)
    return parser.parse_args(argv)


def steps(options: argparse.Namespace) -> Iterator[Step]:
    """Train on simulated ECGs, then with LUDB once a fold and once on all of it; write weights."""
    options.deadline = time.monotonic() + 60 * options.minutes
    settle(options)
    yield Step(0.0, f"reading {options.data / 'ludb'}")
    marked = _ludb(options.data / "ludb")
    parts = [options.steps] + [options.tune_steps] * (options.folds + 1 if marked else 0)
    ends = [0.0, *(np.cumsum(parts) / sum(parts)).tolist()]
    spans = list(pairwise(ends))
    network = yield from fit(UNet(), [], "simulated", options.steps, 2e-3, options, spans[0])
    metrics: dict[str, object] = {"real records": "none: trained on simulated ECGs only"}
    if network is not None and marked:
        judged = yield from _cross_validate(network, marked, options, spans[1:-1])
        if judged is None:
            return
        metrics = judged
        network = yield from fit(
            network, marked, "all", options.tune_steps, 1e-3, options, spans[-1]
        )
    if network is None:
        return
    yield Step(1.0, "judging the network on simulated ECGs")
    scores = judge_segments(network, JUDGED)
    metrics["simulated: 24 segments, macro AUC"] = f"{scores.auc.mean():.4f}"
    metrics["simulated: 24 segments, accuracy"] = f"{scores.accuracy:.3f}"
    status = _SHIPPED if marked else "It never saw a real ECG."
    _ship(network, options.out, metrics, marked, options, status)
    yield shipped(options.out)


def main(argv: list[str] | None = None) -> None:
    """Run the recipe from a command line."""
    options = parse(argv)
    follow(steps(options), options.run.name)


def _cross_validate(
    network: UNet,
    marked: list[Marked],
    options: argparse.Namespace,
    spans: list[tuple[float, float]],
) -> Generator[Step, None, dict[str, object] | None]:
    """Tune ``network`` once a fold without its records; figures for the card, or None: out of time."""
    if not options.folds:
        return {}
    tables: list[object] = [None] * len(marked)
    of = folds(len(marked), options.folds)
    for fold, span in enumerate(spans):
        learned = [one for one, k in zip(marked, of, strict=True) if k != fold]
        name = f"fold{fold}"
        tuned = yield from fit(network, learned, name, options.tune_steps, 1e-3, options, span)
        if tuned is None:
            return None
        path = options.fold_out / f"delineator-fold{fold}.safetensors"
        held = np.flatnonzero(of == fold)
        said: dict[str, object] = {
            "LUDB records not learned from": f"number {fold} of every {options.folds}"
        }
        _ship(tuned, path, said, learned, options, _HELD_BACK)
        found = delineate([marked[k].record for k in held], model=str(path))
        for k, one in zip(held, found, strict=True):
            tables[k] = one.fiducials
        yield shipped(path, span[1])
    return _cross_validated(marked, tables)


def _ludb(folder: Path) -> list[Marked]:
    """LUDB, or nothing, said plainly."""
    if folder.is_dir():
        return load_ludb(folder)
    print(f"no LUDB at {folder}: training on simulated ECGs only", flush=True)
    return []


def _cross_validated(marked: list[Marked], tables: list[object]) -> dict[str, object]:
    """The card's figures of records by networks that did not learn from them."""
    out: dict[str, object] = {}
    for name, leads in (("lead II", ("II",)), ("all leads", LEADS)):
        scores = wave_scores(marked, tables, leads)
        for (wave, point), row in scores.iterrows():
            if (wave, point) != ("QRS", "peak"):
                said = f"F1 {row.f1:.2f} %, error {row.bias_ms:+.1f} (SD {row.sd_ms:.1f}) ms"
                out[f"LUDB, cross-validated, {name}: {wave} {point}"] = said
    return out


def judge_segments(network: UNet, count: int = JUDGED) -> SegmentScores:
    """Score the 24 segments on simulated records of every condition that training never drew."""
    out = SegmentScores()
    network.eval()
    for k, condition in enumerate(CONDITIONS):
        drawn = draw([condition] * count, [JUDGED_SEED, k], FS, SECONDS)
        x = torch.from_numpy(expand_matrix() @ drawn.signals)
        with torch.inference_mode():
            soft = network(x).transpose(2, 3).softmax(dim=3)
        out.add(soft.numpy(), drawn.segments())
    return out


_SHIPPED = (
    "It learned from all records of LUDB after cross-validation: the figures are those of the networks "
    "of the folds, each on the records it never saw. The simulated ECGs come before, and hold nothing "
    "of LUDB. The figures on simulated ECGs are its own, on hearts that training never drew."
)
_HELD_BACK = (
    "One of the networks of the cross-validation, kept so that its figures can be had again."
)


def _ship(
    network: UNet,
    path: Path,
    metrics: dict[str, object],
    marked: list[Marked],
    options: argparse.Namespace,
    status: str,
) -> None:
    data = "simulated ECGs (cofe_widgets.simulate, every condition)"
    if marked:
        data += (
            f"; then half of those and half LUDB ({len(marked)} records with cardiologists' marks)"
        )
    card = {
        "summary": "Delineator: which of 24 segments each sample of each lead belongs to; any leads, "
        "any length, 250 Hz.",
        "architecture": "UNet",
        "arguments": {},
        "data": data,
        "licences": "ODC-BY 1.0 (LUDB)",
        "recipe": f"cofe-widgets train delineator --steps {options.steps} --tune-steps "
        f"{options.tune_steps} --batch {options.batch}{options.note and '; ' + options.note}",
        "seed": options.seed,
        "metrics": metrics,
        "limits": [
            status,
            "LUDB marks P, QRS and T; what tells Q, R, S, the L point and the stretches between them "
            "apart was learned from simulated ECGs alone.",
            "Paced rhythms were few in training (7 records) and ventricular tachycardia was not there; "
            "ventricular fibrillation was, as a drawn imitation in which nothing is to be found.",
            "One lead alone says less about P waves than twelve do, above all in fibrillation.",
        ],
    }
    # Half precision: half the size, and no answer changes.
    save(copy.deepcopy(network).half(), path, card)


if __name__ == "__main__":
    main()
