"""U-Net that classifies every sample of a lead by segment, for `cofe_widgets.delineate`.

After the segmentation model of Wagner et al., "Explaining deep learning for ECG analysis", 2024
(section 2.4): a U-Net (Ronneberger et al. 2015) whose soft output gives each sample of each lead
one of 24 segments. Theirs has two-dimensional kernels that span all leads. This one departs from
it: its kernels span time and are shared by all leads, and at every level each lead also sees the
mean over the leads of its record. So twelve leads are twelve examples, any set of leads in any
order will do, one lead included, and the leads still agree on where a wave begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..filters import BandPass

#: A lead whose largest deflections stay under this (mV) is flat: it says nothing to the others.
FLAT_MV = 0.005
#: Blocks whose largest deflection tells the size of a lead: long enough to hold a QRS, s.
BLOCK_S = 1.5
#: Deflections beyond this many times the size of the record are artefacts.
TALL = 4.0


class Block(nn.Module):
    """Two convolutions along time; before the second, a part made of the leads' mean is added to each."""

    def __init__(self, inputs: int, outputs: int, kernel: int) -> None:
        super().__init__()
        pad = kernel // 2
        self.own = nn.Conv1d(inputs, outputs, kernel, padding=pad, bias=False)
        self.common = nn.Sequential(
            nn.Conv1d(inputs, outputs, kernel, padding=pad, bias=False),
            nn.BatchNorm1d(outputs),
            nn.ReLU(),
            nn.Conv1d(outputs, outputs, kernel, padding=pad, bias=False),
        )
        self.norm1 = nn.BatchNorm1d(outputs)
        self.conv2 = nn.Conv1d(outputs, outputs, kernel, padding=pad, bias=False)
        self.norm2 = nn.BatchNorm1d(outputs)
        self.shortcut = nn.Conv1d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, x: Tensor, mean: Tensor, record: Tensor) -> Tensor:
        if mean.ndim == 2:
            common = self.common((mean @ x.flatten(1)).unflatten(1, x.shape[1:]))
        else:
            common = self.common(torch.einsum("rlt,lct->rct", mean, x))
        y = F.relu(self.norm1(self.own(x) + common[record]))
        return F.relu(self.norm2(self.conv2(y)) + self.shortcut(x))


class UNet(nn.Module):
    """Leads in, the segment of every sample of every lead out.

    Parameters
    ----------
    classes : int
    fs : float
        Rate of its input and output, Hz.
    widths : sequence of int
        Channels at each level; the first works at half the rate of the input, each further one at
        half the rate of the one before.
    kernel : int

    Notes
    -----
    Input ``(records, leads, samples)`` in mV, output logits ``(records, leads, classes, samples)``.
    The band-pass (0.5-40 Hz) and the scaling are part of the model.
    """

    def __init__(
        self,
        classes: int = 24,
        fs: float = 250.0,
        widths: Sequence[int] = (16, 32, 48, 64, 96, 96),
        kernel: int = 5,
    ) -> None:
        super().__init__()
        self.classes, self.fs = classes, fs
        self.band_pass = BandPass(fs)
        self.stem = nn.Conv1d(2, widths[0], 8, 2, 3)
        self.down = nn.ModuleList(
            Block(i, o, kernel) for i, o in zip((widths[0], *widths[:-1]), widths, strict=True)
        )
        up = widths[::-1]
        self.widen = nn.ModuleList(nn.Conv1d(i, o, 1) for i, o in pairwise(up))
        self.up = nn.ModuleList(Block(o, o, kernel) for o in up[1:])
        # Two samples of the input for each of the first level, and what they looked like.
        self.head = nn.Conv1d(widths[0] + widths[0], 2 * classes, 3, padding=1)

    @property
    def multiple(self) -> int:
        """Samples are padded with zeros to a multiple of this number."""
        return int(2 ** len(self.down))

    def forward(self, x: Tensor) -> Tensor:
        return self.segment(self.condition(x))

    def condition(self, x: Tensor, missing: Tensor | None = None) -> Tensor:
        """Filter and scale whole records: ``(records, leads, samples)`` mV to ``(..., 2, samples)``.

        The two channels are the lead against the size of the record and against its own.

        Parameters
        ----------
        x : (records, leads, samples)
            Gaps filled.
        missing : bool (records, leads, samples), optional
            Samples that were missing: they become zero and have no part in the size.
        """
        x = self.band_pass(x)
        block = min(round(BLOCK_S * self.fs), x.shape[-1])
        stride = max(1, block // 3)
        if missing is not None:
            x = x.masked_fill(missing, 0.0)
        tallest = F.max_pool1d(x.abs(), block, stride)
        if missing is not None:
            gone = F.avg_pool1d(missing.to(x), block, stride)
            tallest = tallest.masked_fill(gone > 0.5, torch.nan)
        # The median: artefacts fill a few blocks and do not count.
        size = tallest.nanmedian(dim=-1, keepdim=True).values.nan_to_num()
        alive = size > FLAT_MV
        typical = (size * alive).sum(dim=1, keepdim=True) / alive.sum(dim=1, keepdim=True).clamp(1)
        typical = typical.clamp(FLAT_MV)
        each = torch.maximum(size, 0.1 * typical)
        out = torch.stack((x / typical, x / each), dim=2).clamp(-TALL, TALL)
        return out * alive[:, :, None]

    def segment(self, x: Tensor, missing: Tensor | None = None) -> Tensor:
        """Logits of conditioned records or patches of them, ``(records, leads, 2, samples)``.

        ``missing`` as in `condition`.
        """
        records, leads, _, samples = x.shape
        record = torch.arange(records, device=x.device).repeat_interleave(leads)
        gone = None if missing is None else missing.flatten(0, 1)
        out = self.packed(x.flatten(0, 1), record, gone)
        return out.unflatten(0, (records, leads))[..., :samples]

    def packed(self, x: Tensor, record: Tensor, missing: Tensor | None = None) -> Tensor:
        """Logits ``(all leads, classes, samples)`` of the leads of several records in one row.

        Parameters
        ----------
        x : (all leads, 2, samples)
            Conditioned.
        record : (all leads,)
            Which record each lead belongs to: records need not have the same leads.
        missing : bool (all leads, samples), optional
            Leads have no part in the mean while their samples are missing.
        """
        samples = x.shape[-1]
        x = F.pad(x, (0, -samples % self.multiple))
        alive = (x[:, 0] != 0).any(dim=-1)
        mean = F.one_hot(record).T.to(x) * alive
        means = [mean / mean.sum(dim=1, keepdim=True).clamp(1)] * len(self.down)
        if missing is not None:
            means = self._means_of_known(mean, ~missing)
        x = F.relu(self.stem(x))
        first, skips = x, []
        for level, block in enumerate(self.down):
            x = block(F.avg_pool1d(x, 2) if level else x, means[level], record)
            skips.append(x)
        skips.pop()
        for widen, block, mean in zip(self.widen, self.up, means[-2::-1], strict=True):
            x = F.interpolate(widen(x), scale_factor=2.0) + skips.pop()
            x = block(x, mean, record)
        out = self.head(torch.cat((x, first), dim=1))
        # Channels to time: (classes, 2) at half the rate become classes at the full rate.
        out = out.unflatten(1, (self.classes, 2)).transpose(2, 3).flatten(2)
        return out[..., :samples]

    def _means_of_known(self, member: Tensor, known: Tensor) -> list[Tensor]:
        """Weights ``(records, all leads, times)`` of the mean at each level, zero where missing."""
        known = F.pad(known.to(member), (0, -known.shape[-1] % self.multiple), value=1.0)
        out = []
        for _ in self.down:
            known = F.max_pool1d(known, 2)
            weight = member[:, :, None] * known
            out.append(weight / weight.sum(dim=1, keepdim=True).clamp(1))
        return out
