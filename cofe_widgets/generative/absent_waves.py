"""What an ECG would be without one of its waves: a heart's, not a line of zeros.

On the record's own beats: no P wave, PR segment and ST on the level before the QRS, T flat, a QRS of low
voltage (a beat without any is none), no fibrillatory waves; or each as the typical real ECG has it.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from ..models.architectures.generator import LAYERS, STYLE
from ..vocabulary.territories import BEAT_PARTS, Instead
from .beat_parts import BeatParts
from .inversion import Inversion, expansion
from .networks import networks

#: What can be taken out: name -> title.
WAVES = {**BEAT_PARTS, "f": "fibrillatory waves"}
#: Share of its height that a QRS keeps: low voltage, and still a beat.
LOW_VOLTAGE = 0.2


@torch.no_grad()
def typical_ecg(inversion: Inversion) -> Tensor:
    """The mean morphology of real ECGs on the beats of records, ``(batch, 8, samples)``, mV."""
    generator, encoder = networks().generator, networks().encoder
    known = encoder.real_styles.shape[1]
    mean = encoder.style_mean + encoder.real_styles.mean(dim=0) @ encoder.style_basis[:known]
    latent = inversion.latent
    plain = replace(
        latent,
        styles=mean.view(1, LAYERS, STYLE).expand(len(latent.r_s), -1, -1),
        codes=torch.zeros_like(latent.codes),
        f_wave=torch.zeros_like(latent.f_wave),
        p_gain=torch.ones_like(latent.p_gain),
    )
    return generator(plain)


@torch.no_grad()
def taken_out(inversion: Inversion, instead: Instead = "absent") -> Tensor:
    """What taking each of `WAVES` out adds to the twelve leads of a record, ``(waves, 12, samples)``, mV.

    Parameters
    ----------
    inversion : Inversion
        Of one record.
    instead : {"absent", "typical"}
    """
    parts, lively = BeatParts(inversion), inversion.lively[0]
    latent = inversion.latent
    still = networks().generator(replace(latent, f_wave=torch.zeros_like(latent.f_wave)))
    f_gone = (still - inversion.drawn - inversion.f_left)[0]
    changes = []
    if instead == "typical":
        other = typical_ecg(inversion)[0]
        changes = [parts.window(part) * (other - lively) for part in BEAT_PARTS]
    else:
        for part in BEAT_PARTS:
            if part == "p":
                changes.append(-(inversion.p_drawn + inversion.p_left)[0])
            elif part == "qrs":
                changes.append((LOW_VOLTAGE - 1) * parts.qrs)
            else:
                changes.append(parts.window(part) * (parts.level - lively))
    return expansion() @ torch.stack([*changes, f_gone])
