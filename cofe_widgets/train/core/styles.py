"""What the encoder's styles are like: their components, real ECGs among them, named directions."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...ecg import INDEPENDENT_LEADS
from ...models.architectures.encoder import NAMED, REAL_COMPONENTS, Encoder
from ...models.architectures.generator import Latent
from ...models.filters import BandPass
from ...models.phase import pad_beats
from ...simulate import draw
from ...simulate.adults import DIPOLES
from ...simulate.dipole import draw_beats
from ...simulate.heart import DOWER, QRS_KERNELS, ST, Hearts, T
from ..data.source import Source, filtered

#: Simulated ECGs beside the real ones whose styles are measured.
BANK = 1024
#: Hearts whose pairs teach the named directions, and steps of the fit.
PAIRED, FIT_STEPS = 256, 40
#: What a pair differs in, of each side of zero: mV of T and of ST in lead II, share of the QRS's size.
T_STEP_MV, ST_STEP_MV, QRS_STEP = 0.1, 0.1, 0.2


def describe(generator: nn.Module, encoder: Encoder, source: Source) -> dict[str, str]:
    """Fill the encoder's buffers from the training data; what is worth saying about them in its card.

    Parameters
    ----------
    generator, encoder : Generator, Encoder
        On the CPU, trained.
    source : Source
        Its real records (all of simulated ones where there are none) become `real_styles`.
    """
    parts = [source.simulated(64) for _ in range(BANK // 64)]
    simulated = _styles(encoder, *(torch.cat([getattr(p, k) for p in parts]) for k in _INPUTS))
    real = _styles(encoder, *filtered(source.real)) if source.real else simulated
    every = torch.cat((simulated, real)) if source.real else simulated
    encoder.style_mean, encoder.style_basis = components(every)
    basis = encoder.style_basis[:REAL_COMPONENTS]
    encoder.real_styles = (real - encoder.style_mean) @ basis.T / basis.square().sum(dim=1)
    pairs = paired()
    encoder.named_styles = named_styles(generator, encoder, pairs)
    spread = encoder.style_basis.square().sum(dim=1)
    share = f"{float(spread[:12].sum() / spread.sum()):.0%}"
    return {
        "share of style variance in the 12 leading components": share,
        **agreement_of_named(generator, encoder, paired(seed=1)),
    }


_INPUTS = ("signals", "r_s")


@torch.no_grad()
def _styles(encoder: Encoder, signals: Tensor, r_s: Tensor) -> Tensor:
    parts = zip(signals.split(64), r_s.split(64), strict=True)
    return torch.cat([encoder(x, r).styles.flatten(1) for x, r in parts])


def components(styles: Tensor) -> tuple[Tensor, Tensor]:
    """Mean of styles ``(n, size)``, and their principal components, each as long as one SD.

    Fewer styles than numbers in a style leave the last rows zero.
    """
    mean = styles.mean(dim=0)
    _, size, rows = torch.linalg.svd(styles - mean, full_matrices=False)
    basis = torch.zeros(styles.shape[1], styles.shape[1])
    basis[: len(rows)] = rows * (size / np.sqrt(len(styles)))[:, None]
    return mean, basis


# -- named directions -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Pairs:
    """The same simulated hearts, free of noise, with less and with more of each named amplitude.

    Attributes
    ----------
    r_s : (n, 40) R-peaks, s
    plain : (n, 8, 2500) mV, 0.5-40 Hz
    less, more : (named, n, 8, 2500) mV, 0.5-40 Hz
    """

    r_s: Tensor
    plain: Tensor
    less: Tensor
    more: Tensor


def altered(hearts: Hearts, name: str, sign: float) -> Hearts:
    """Hearts with one amplitude changed by its step, the times of all waves as they were.

    ``r_amplitude``: every QRS vector is `QRS_STEP` larger. ``st``, ``t_amplitude``: the dipole of
    the ST level or of the T wave gains its step in lead II, along the mean T dipole of healthy
    adults (that of ST hardly shows in the limb leads).
    """
    vectors = hearts.vectors.copy()
    if name == "r_amplitude":
        vectors[:, QRS_KERNELS] *= 1 + sign * QRS_STEP
    else:
        kernel, step = {"st": (ST, ST_STEP_MV), "t_amplitude": (T, T_STEP_MV)}[name]
        in_ii = float(DOWER[INDEPENDENT_LEADS.index("II")] @ DIPOLES[T])
        vectors[:, kernel] += (sign * step / in_ii * DIPOLES[T]).astype(np.float32)
    return replace(hearts, vectors=vectors)


def paired(n: int = 0, seed: int = 0) -> Pairs:
    """`PAIRED` (or ``n``) hearts in sinus rhythm and what they become."""
    n = n or PAIRED
    rhythms = np.random.default_rng(seed).choice(["NSR", "SB", "STach"], n)
    batch = draw(rhythms, [seed, 7], noise=0.0, variety=0.5)
    band_pass = BandPass()

    def drawn(hearts: Hearts) -> Tensor:
        signals = draw_beats(hearts, hearts, batch.rhythms, batch.fs, batch.signals.shape[-1])
        return band_pass(torch.from_numpy(signals))

    r_s: NDArray[np.float32] = np.stack(
        [pad_beats(times[(times >= 0) & (times < 10.0)]) for times in batch.rhythms.r_s]
    )
    less, more = (
        torch.stack([drawn(altered(batch.hearts, name, sign)) for name in NAMED])
        for sign in (-1.0, 1.0)
    )
    return Pairs(torch.from_numpy(r_s), drawn(batch.hearts), less, more)


def named_styles(generator: nn.Module, encoder: Encoder, pairs: Pairs, size: int = 16) -> Tensor:
    """A direction in W+ for each named amplitude, ``(named, size of a style)``, per step of it.

    It begins as the mean of what E says of the pairs and is then fitted so that what G draws of
    a heart moved along it is the heart with the amplitude changed, as nearly as one direction can.
    """
    base = _styles(encoder, pairs.plain, pairs.r_s)
    found = []
    for less, more in zip(pairs.less, pairs.more, strict=True):
        start = 0.5 * (_styles(encoder, more, pairs.r_s) - _styles(encoder, less, pairs.r_s))
        direction = start.mean(dim=0).clone().requires_grad_(True)
        wanted = 0.5 * (more - less)
        optimizer = torch.optim.Adam([direction], lr=0.03 * float(direction.detach().std()))
        generator_of_rows = torch.Generator().manual_seed(0)
        for _ in range(FIT_STEPS):
            rows = torch.randint(len(base), (size,), generator=generator_of_rows)
            change = _change(generator, encoder, pairs, base, direction, rows)
            loss = (change - wanted[rows]).square().mean() / wanted.square().mean()
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
        found.append(direction.detach())
    return torch.stack(found)


def _change(
    generator: nn.Module,
    encoder: Encoder,
    pairs: Pairs,
    base: Tensor,
    direction: Tensor,
    rows: Tensor,
) -> Tensor:
    """What G draws of hearts moved along a direction, less what it draws of them unmoved, mV."""
    with torch.no_grad():
        latent = encoder(pairs.plain[rows], pairs.r_s[rows])
        unmoved = generator(latent)
    styles = (base[rows] + direction).view_as(latent.styles)
    fields = {k: getattr(latent, k) for k in Latent.__dataclass_fields__}
    return generator(Latent(**{**fields, "styles": styles})) - unmoved


@torch.no_grad()
def agreement_of_named(generator: nn.Module, encoder: Encoder, pairs: Pairs) -> dict[str, str]:
    """On other hearts: correlation of the change drawn with the change asked, and its size."""
    base = _styles(encoder, pairs.plain, pairs.r_s)
    out = {}
    for name, less, more, direction in zip(
        NAMED, pairs.less, pairs.more, encoder.named_styles, strict=True
    ):
        chunks = torch.arange(len(base)).split(32)
        drawn = torch.cat(
            [_change(generator, encoder, pairs, base, direction, rows) for rows in chunks]
        )
        a, b = drawn.flatten(1), 0.5 * (more - less).flatten(1)
        r = (a * b).sum(dim=1) / (a.norm(dim=1) * b.norm(dim=1) + 1e-9)
        size = (a * b).sum(dim=1) / (b.square().sum(dim=1) + 1e-12)
        out[f"direction {name}: change drawn against change asked, simulated hearts, median"] = (
            f"r {float(r.median()):.2f}, size {float(size.median()):.2f}"
        )
    return out
