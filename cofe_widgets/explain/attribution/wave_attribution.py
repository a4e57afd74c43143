"""Wave attribution: Shapley values of the waves of each lead, taken out as a heart would lack them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from ...ecg import Record
from ...vocabulary.territories import Instead
from .gradients import score
from .method import Method
from .options import Between

if TYPE_CHECKING:
    from torch import Tensor

    from ...wrapper import Predictor


#: ECGs of the last map, what was asked of them, and what taking out all waves adds; empty or one.
_LAST: list[tuple[Tensor, tuple[Any, ...], Tensor]] = []


class WaveAttribution(Method):
    """Shapley values of (lead, wave), each wave taken out by the generator and not set to zero.

    P, PR segment, QRS, ST, T and fibrillatory waves of every lead are the players; taken out, P is
    absent, PR segment and ST lie on the level before the QRS, T is flat and the QRS of low voltage
    (`generative.absent_waves`), or each is what the typical ECG has (``instead="typical"``). The value
    of a player is the mean of what it adds to the score over random orders and their reverses, spread
    over its samples as its height is. Complete: the values sum to F(x) - F(x without all of them).
    What a rhythm alone decides is no wave's, and no part of the map.

    The values are those of L. S. Shapley (*A value for n-person games*, 1953), in random orders as
    J. Castro, D. Gomez, J. Tejada, *Polynomial calculation of the Shapley value based on sampling*,
    Computers & Operations Research 2009, with antithetic orders; the removal is this package's own.
    """

    name = "wave_attribution"
    title = "Wave attribution"
    reference = "this package; Shapley 1953, Castro et al. 2009"
    needs = frozenset({"ten_seconds_of_twelve_leads"})
    complete = True

    def __call__(
        self,
        predictor: Predictor,
        x: Tensor,
        target: str,
        *,
        orders: Annotated[int, Between(1, 1000)] = 3,
        instead: Instead = "absent",
        seed: Annotated[int, Between(0, 2**63 - 1)] = 0,
    ) -> Tensor:
        """See `Method`. ``orders`` are drawn, and each is gone through both ways."""
        import torch

        removals = _removals(predictor, x, instead)
        # The check of completeness asks for the baseline of the same ECGs: they are inverted once.
        _LAST[:] = [(x.clone(), _asked(predictor, instead), removals.sum(dim=1))]
        values = []
        for ecg, change in zip(x, removals, strict=True):
            there = change.abs().sum(dim=2).nonzero()  # (wave, lead) that can be taken out
            generator = torch.Generator().manual_seed(seed)
            drawn = [torch.randperm(len(there), generator=generator) for _ in range(orders)]
            both = torch.stack([way for order in drawn for way in (order, order.flip(0))])
            worth = _shapley(predictor, target, ecg, change, there[both])
            size = change.abs()
            each = torch.zeros(change.shape[:2]).to(size)
            each.index_put_(tuple(there[both].flatten(0, 1).T), worth.flatten(), accumulate=True)
            height = size.sum(dim=2, keepdim=True).clamp(min=1e-12)
            values.append((each[..., None] / len(both) * size / height).sum(dim=0))
        return torch.stack(values)

    def baseline_of(self, predictor: Predictor, x: Tensor, target: str, **options: Any) -> Tensor:
        """See `Method`."""
        import torch

        last = _LAST[-1:]
        _LAST.clear()
        for ecgs, asked, all_waves in last:
            if asked == _asked(predictor, options["instead"]) and torch.equal(ecgs, x):
                return x + all_waves
        return x + _removals(predictor, x, options["instead"]).sum(dim=1)


def _asked(predictor: Predictor, instead: Instead) -> tuple[Any, ...]:
    """What removals depend on beside the ECG."""
    return predictor.fs, predictor.leads, instead


def _record(predictor: Predictor, ecg: Tensor) -> Record:
    """An ECG ``(leads, samples)`` as the model sees it."""
    return Record(ecg.detach().cpu().numpy(), predictor.fs, predictor.leads)


def _removals(predictor: Predictor, x: Tensor, instead: Instead) -> Tensor:
    """What taking out each wave adds to ECGs as the model sees them, ``(n, waves, leads, samples)``, mV.

    It is of the first ten seconds; beyond them nothing changes.
    """
    import torch
    from torch.nn.functional import pad

    from ...ecg import LEADS
    from ...generative.absent_waves import taken_out
    from ...generative.inversion import invert
    from ...models.architectures.generator import FS, SAMPLES
    from ...models.filters import Resample

    inversion = invert([_record(predictor, ecg) for ecg in x])
    every = torch.stack([taken_out(inversion.take([k]), instead) for k in range(len(x))])
    every = every[:, :, [LEADS.index(lead) for lead in predictor.leads]]
    if predictor.fs != FS:
        n, waves = every.shape[:2]
        every = Resample(FS, predictor.fs, SAMPLES)(every.flatten(0, 1)).unflatten(0, (n, waves))
    every = every[..., : x.shape[2]]
    return pad(every, (0, x.shape[2] - every.shape[3])).to(x)


def _shapley(
    predictor: Predictor, target: str, ecg: Tensor, change: Tensor, orders: Tensor
) -> Tensor:
    """What each player adds to the score when it is taken out in its place of each order.

    Parameters
    ----------
    ecg : (leads, samples)
    change : (waves, leads, samples)
        What taking out adds.
    orders : (orders, players, 2)
        Wave and lead of each player.

    Returns
    -------
    (orders, players)
    """
    import torch

    worth = []
    for order in orders:
        now, looks = ecg.clone(), [ecg]
        for wave, lead in order.tolist():
            now = now.clone()
            now[lead] += change[wave, lead]
            looks.append(now)
        parts = torch.stack(looks).split(predictor.batch_size)
        scores = torch.cat([score(predictor, part, target) for part in parts])
        worth.append(scores[:-1] - scores[1:])
    return torch.stack(worth)


METHOD = WaveAttribution()
