"""StyleGAN2's game in one dimension, and what ties the mapping network to what E encodes.

The discriminator sees crops of half a record, equally many real and drawn. It must not win: R1
(lazy, on inputs of about unit size), instance noise that fades, and a learning rate not above G's.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...models.architectures.discriminator import Discriminator

#: A crop of 5.12 s at 250 Hz.
CROP = 1280
R1_EVERY, PATH_EVERY = 16, 16
PATH_WEIGHT = 0.02
#: Largest instance noise, mV, at the beginning of the game.
INSTANCE_NOISE_MV = 0.02


def crops(x: Tensor, each: int = 2) -> Tensor:
    """``each`` random crops of every record, ``(each * n, 8, CROP)``."""
    starts = torch.randint(x.shape[2] - CROP + 1, (each, len(x))).tolist()
    return torch.stack(
        [one[:, s : s + CROP] for row in starts for one, s in zip(x, row, strict=True)]
    )


def blurred(x: Tensor, share: float) -> Tensor:
    """Crops with the instance noise left when ``share`` of the fade is to come (Sonderby et al. 2017)."""
    return x + share * INSTANCE_NOISE_MV * torch.randn_like(x) if share > 0 else x


def discriminator_loss(critic: nn.Module, real: Tensor, fake: Tensor) -> Tensor:
    """Non-saturating logistic loss of D."""
    return F.softplus(critic(fake)).mean() + F.softplus(-critic(real)).mean()


def r1(critic: nn.Module, real: Tensor, gamma: float) -> Tensor:
    """Lazy R1: the squared slope of D at real records, in the units that it works in."""
    shown = real.detach().requires_grad_(True)
    (slope,) = torch.autograd.grad(critic(shown).sum(), shown, create_graph=True)
    slope = slope / Discriminator.scale
    return 0.5 * gamma * R1_EVERY * slope.square().sum(dim=(1, 2)).mean()


def path_length(drawn: Tensor, styles: Tensor, mean: Tensor) -> tuple[Tensor, Tensor]:
    """Path-length penalty (StyleGAN2, section 3.2), relative to the running ``mean`` length.

    Parameters
    ----------
    drawn : (n, 8, samples)
        Drawn from ``styles`` (n, layers, STYLE), which require a gradient.
    mean : scalar
        Running mean of the lengths; 0 before the first.

    Returns
    -------
    penalty, mean : Tensor
    """
    noise = torch.randn_like(drawn) / drawn[0].numel() ** 0.5
    (slope,) = torch.autograd.grad((drawn * noise).sum(), styles, create_graph=True)
    lengths = slope.square().sum(dim=2).mean(dim=1).sqrt()
    now = lengths.detach().mean()
    mean = torch.where(mean > 0, mean.lerp(now, 0.05), now)
    return PATH_WEIGHT * PATH_EVERY * (lengths / mean - 1).square().mean(), mean


def sliced_wasserstein(a: Tensor, b: Tensor, directions: int = 128) -> Tensor:
    """Mean squared distance of the sorted projections of two sets ``(n, size)`` (Bonneel et al. 2015)."""
    lines = F.normalize(torch.randn(a.shape[1], directions, device=a.device), dim=0)
    return ((a @ lines).sort(dim=0).values - (b @ lines).sort(dim=0).values).square().mean()


class Memory(nn.Module):
    """What the game remembers: the styles that E last encoded, and the mean path length.

    Parameters
    ----------
    size : int
        Numbers in a record's styles.
    length : int
        Records remembered.
    """

    rows: Tensor
    filled: Tensor
    path_mean: Tensor

    def __init__(self, size: int, length: int = 1024) -> None:
        super().__init__()
        self.register_buffer("rows", torch.zeros(length, size))
        self.register_buffer("filled", torch.zeros((), dtype=torch.long))
        self.register_buffer("path_mean", torch.zeros(()))

    def push(self, styles: Tensor) -> None:
        """Remember ``(n, size)``; the oldest leave."""
        self.rows.copy_(torch.cat((styles.detach(), self.rows))[: len(self.rows)])
        self.filled.copy_((self.filled + len(styles)).clamp(max=len(self.rows)))

    def draw(self, n: int) -> Tensor:
        """``n`` remembered styles at random."""
        return self.rows[torch.randint(int(self.filled), (n,), device=self.rows.device)]
