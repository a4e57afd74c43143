"""Occlusion: by how much the score falls when a stretch of the ECG is taken out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from .baseline import Baseline, baseline_ecg
from .features import Grouping, asked, lead_groups
from .method import Method
from .options import Between

if TYPE_CHECKING:
    from torch import Tensor

    from ...wrapper import Predictor


class Occlusion(Method):
    """``F(x) - F(x without a stretch)``: the baseline takes the place of a group of leads in a window.

    Windows of ``window_s`` begin every ``step_s``; where they overlap, a sample has the mean of those
    that hold it. Every sample of a stretch has its whole effect, hence values do not sum to the score.
    No gradients are needed.

    M. Zeiler, R. Fergus, *Visualizing and Understanding Convolutional Networks*, ECCV 2014.
    """

    name = "occlusion"
    title = "Occlusion"
    reference = "Zeiler & Fergus 2014, arXiv:1311.2901"

    def __call__(
        self,
        predictor: Predictor,
        x: Tensor,
        target: str,
        *,
        window_s: Annotated[float, Between(0.002, 60)] = 0.1,
        step_s: Annotated[float, Between(0.002, 60)] = 0.1,
        leads: Grouping = "region",
        baseline: Baseline = "zero",
    ) -> Tensor:
        """See `Method`."""
        import torch

        samples = x.shape[-1]
        width = min(samples, max(1, round(window_s * predictor.fs)))
        step = min(width, max(1, round(step_s * predictor.fs)))  # no sample is left out
        begins = list(range(0, samples - width + 1, step))
        if begins[-1] + width < samples:
            begins.append(samples - width)
        group = torch.from_numpy(lead_groups(predictor.leads, leads)).to(x.device)
        groups, begin = int(group.max()) + 1, torch.tensor(begins, device=x.device)
        time = torch.arange(samples, device=x.device)
        inside = (time >= begin[:, None]) & (time < begin[:, None] + width)
        start = baseline_ecg(baseline, x, predictor)
        values = []
        for ecg, base in zip(x, start, strict=True):

            def without(places: Tensor) -> Tensor:
                hidden = (group == (places % groups)[:, None])[:, :, None]
                hidden = hidden & inside[(places // groups).clamp(max=len(begins) - 1)][:, None]
                hidden &= (places < groups * len(begins))[:, None, None]  # the last is the ECG
                return torch.where(hidden, base, ecg)  # noqa: B023

            scores = asked(predictor, without, groups * len(begins) + 1, target)
            falls = (scores[-1] - scores[:-1]).view(len(begins), groups)
            cover = inside.to(falls)
            by_group = (falls.t() @ cover) / cover.sum(dim=0)
            values.append(by_group[group].to(x))
        return torch.stack(values)


METHOD = Occlusion()
