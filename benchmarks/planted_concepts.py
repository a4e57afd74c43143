"""Networks whose reason is known: small LeNets, each trained to tell one simulated condition.

Half of the hearts have the condition, and, whatever that says, half have another, the nuisance: nothing in
the labels rests on it. So the concept of the condition should score, and that of the nuisance should not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

import cofe_widgets as cw
from cofe_widgets import Predictor, Record
from cofe_widgets.ecg import LEADS, expand_matrix
from cofe_widgets.models.architectures.lenet import LeNet1d
from cofe_widgets.simulate import draw

#: Condition -> nuisance: both in one heart, and each by itself.
PAIRS = {
    "LBBB": "AF",
    "RBBB": "AF",
    "AF": "LVH",
    "IAVB": "LVH",
    "LVH": "AF",
    "LQRSV": "IAVB",
    "AMI": "AF",
    "IMI": "RBBB",
    "STEMI_A": "IAVB",
    "LQT": "RBBB",
}
FS, SECONDS = 100.0, 10.0
RECORDS, EPOCHS, BATCH, RATE = 1200, 12, 64, 2e-3


@dataclass(frozen=True)
class Hearts:
    """Simulated records, a quarter each with the condition, the nuisance, both, and neither."""

    signals: torch.Tensor
    has: torch.Tensor
    codes: list[tuple[str, ...]]

    @property
    def records(self) -> list[Record]:
        """The same as records, labelled."""
        return [
            Record(one.numpy(), FS, LEADS, {"source": "simulated", "labels": codes})
            for one, codes in zip(self.signals, self.codes, strict=True)
        ]


def hearts(condition: str, nuisance: str, n: int, seed: int) -> Hearts:
    """``n`` simulated records at 100 Hz."""
    menu = [f"{condition}+{nuisance}", condition, nuisance, "NSR"]
    names = [menu[k % 4] for k in range(n)]
    batch = draw(names, seed, fs=FS, seconds=SECONDS)
    signals = np.einsum("ij,njt->nit", expand_matrix(), batch.signals).astype(np.float32)
    has = torch.tensor([float(condition in one.split("+")) for one in names])
    return Hearts(torch.from_numpy(signals), has, [tuple(one.split("+")) for one in names])


def trained(
    condition: str, nuisance: str, seed: int = 0, n: int = RECORDS, epochs: int = EPOCHS
) -> Predictor:
    """A LeNet that tells the condition, one output of that name."""
    some = hearts(condition, nuisance, n, 7_000 + seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        module = LeNet1d(outputs=1, samples=round(FS * SECONDS), hidden=32, fs=FS)
        _fit(module, some, epochs)
    return cw.wrap(
        module.eval(),
        fs=FS,
        outputs=[condition],
        output="sigmoid",
        name=f"lenet-{condition}-{seed}",
    )


def _fit(module: nn.Module, some: Hearts, epochs: int) -> None:
    steps = epochs * (len(some.has) // BATCH)
    optimiser = torch.optim.AdamW(module.parameters(), RATE, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps)
    module.train()
    for _ in range(epochs):
        order = torch.randperm(len(some.has))
        for rows in order[: len(order) // BATCH * BATCH].split(BATCH):
            x = some.signals[rows] * torch.empty(len(rows), 1, 1).uniform_(0.9, 1.1)
            said = module(x)[:, 0]
            loss = nn.functional.binary_cross_entropy_with_logits(said, some.has[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()


def accuracy(f: Predictor, some: Hearts) -> float:
    """Share of hearts that are told right."""
    said = np.array([one[f.outputs[0]] for one in f.predict(some.records)])
    return float(((said >= 0.5) == some.has.numpy().astype(bool)).mean())
