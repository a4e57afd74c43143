"""What ECGs there are: the distribution of real ones in the latent space, and samples of it."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ..ecg import LEADS, Record
from ..errors import ExplainError
from ..models.architectures.encoder import Encoder
from ..models.architectures.generator import CODES, FS, LAYERS, SAMPLES, STYLE, Latent
from ..models.phase import MAX_BEATS, pad_beats
from ..simulate import draw
from .inversion import SECONDS, expansion
from .networks import networks


@torch.no_grad()
def normal_styles(encoder: Encoder, z: Tensor, truncation: float = 1.0) -> Tensor:
    """Styles ``(n, LAYERS, STYLE)`` of standard normal ``z`` ``(n, LAYERS * STYLE)``.

    Mean and covariance are those of the real training ECGs along the leading components, and those
    of all training ECGs along the rest.
    """
    real = encoder.real_styles
    known = real.shape[1]
    spread = torch.linalg.cholesky(torch.cov(real.T) + 1e-6 * torch.eye(known))
    along = truncation * torch.cat((z[:, :known] @ spread.T, z[:, known:]), dim=1)
    along[:, :known] += real.mean(dim=0)
    return (encoder.style_mean + along @ encoder.style_basis).view(len(z), LAYERS, STYLE)


def sample(n: int = 1, seed: int = 0, truncation: float = 1.0) -> list[Record]:
    """Draw ECGs of nobody: random styles and noise, the beats of simulated rhythms.

    Styles come from the normal distribution that the encoder's styles of real ECGs have in W+
    (`normal_styles`), which draws better than the mapping network does: ``python -m benchmarks
    generator`` compares them.

    Parameters
    ----------
    truncation : float
        0 draws the mean morphology, 1 the whole variety (Karras et al. 2019, section 5).
    """
    if n < 1:
        raise ExplainError(f"n={n}: expected at least one ECG")
    rng = np.random.default_rng(seed)
    rhythms = draw(rng.choice(["NSR", "SB", "STach", "SA"], n), int(seed), noise=0.0).rhythms.r_s
    beats = np.stack([pad_beats(t[(t >= 0) & (t < SECONDS)]) for t in rhythms])
    generator, encoder = networks().generator, networks().encoder
    z = torch.randn(n, LAYERS * STYLE, generator=torch.Generator().manual_seed(int(seed)))
    r_s = torch.from_numpy(beats)
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(seed))  # of the noise inputs
        styles = normal_styles(encoder, z, truncation)
        codes = torch.zeros(n, MAX_BEATS, CODES)
        latent = Latent(styles, r_s, codes, torch.zeros(n, SAMPLES // 4), torch.ones(n))
        signals = (expansion() @ generator(latent, noise=True)).numpy()
    meta = {"source": "generated", "seed": seed}
    return [Record(signal, FS, LEADS, {**meta, "index": i}) for i, signal in enumerate(signals)]
