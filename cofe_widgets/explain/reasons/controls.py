"""Whether a change is what its name says to the model, and what of it the model looks at.

A model of the mean of V6 is moved by T waves there, and by the same bumps anywhere else: the name T says
nothing about it. So the same change is shown where it means nothing: between the beats, in a moment of
the record only, without what lies above the band of an ECG.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ...ecg import INDEPENDENT_LEADS
from ...generative.inversion import expansion
from ...models.architectures.generator import FS, SAMPLES
from .looking import Looker, seconds

#: Changes that do not ride on one wave; all others mean nothing half a beat later.
TIMED = ("irregularity", "f_wave_amplitude", "heart_rate", "pr", "qrs", "jt")
#: A control that goes this share of the way says that the name does not matter ...
AS_FAR = 0.6
#: ... and a change that goes less than this without one moment of ten, or without what is fast, rests on it.
RESTS = 0.35
#: Moments of the record.
MOMENTS = 10
#: No part of an ECG lies above, Hz.
HIGHEST_HZ = 40.0
#: A change whose reversal in a lead, or after a time, moves the answer less is not seen there.
UNSEEN = 1e-3


def meaningless(look: Looker, numbers: Tensor) -> str:
    """Why a change is not what its name says to the model: a sentence, or nothing.

    Parameters
    ----------
    look : Looker
    numbers : (names,)
        A change that reaches the level.
    """
    edited, original = look.signals(numbers[None]), look.original
    names = [look.edit.names[k] for k in numbers.nonzero()[:, 0].tolist()]
    moment = _one_moment(look, edited)
    if moment >= 0:
        first, last = moment * SAMPLES / FS / MOMENTS, (moment + 1) * SAMPLES / FS / MOMENTS
        return (
            f"all of it rests on what lies between {first:g} and {last:g} s, whichever beat that is"
        )
    if not any(name in TIMED for name in names):
        rr = look.edit.inversion.latent.r_s[0].diff()
        half = round(float(rr[rr.isfinite()].median()) / 2 * FS)
        elsewhere = original + torch.roll(edited - original, half, dims=2)
        if float(look.of(elsewhere)[0]) > AS_FAR:
            return "the same change between the beats, where it means nothing, does as much"
    both = look.objective.score(torch.cat((_slow(edited), _slow(original))))
    if float((both[0] - both[1]) / look.way) < RESTS:
        return (
            f"all of it rests on what is faster than {HIGHEST_HZ:g} Hz, which no wave of an ECG is"
        )
    return ""


def _slow(signals: Tensor) -> Tensor:
    """Signals without what is faster than `HIGHEST_HZ`."""
    spectrum = torch.fft.rfft(signals, dim=2)
    hz = torch.fft.rfftfreq(signals.shape[2], 1 / FS)
    return torch.fft.irfft(spectrum * (hz <= HIGHEST_HZ), n=signals.shape[2], dim=2)


def _one_moment(look: Looker, edited: Tensor) -> int:
    """The moment that alone does it and without which nothing is done, or -1."""
    length = SAMPLES / FS / MOMENTS
    inside = torch.stack([seconds(edited, k * length, (k + 1) * length) for k in range(MOMENTS)])
    change = edited - look.original
    alone = look.of(look.original + inside[:, None] * change)
    without = look.of(look.original + (1 - inside[:, None]) * change)
    found = ((alone > AS_FAR) & (without < RESTS)).nonzero()[:, 0]
    return int(found[0]) if len(found) else -1


def seen_leads(look: Looker, edited: Tensor) -> Tensor:
    """Which independent leads the model looks at, ``(8,)`` bool, by what it answers without their change."""
    rows = [0, 1, *range(6, 12)]
    change = (edited - look.original)[0, rows]
    whole = float(look.of(edited)[0])
    without = change.repeat(8, 1, 1)
    without[torch.arange(8), torch.arange(8)] = 0.0
    moved = look.of(look.original + expansion() @ without)
    return torch.as_tensor((moved - whole).abs() > UNSEEN)


def hide_unseen(look: Looker, numbers: Tensor) -> tuple[str, ...]:
    """Leave unchanged what the model does not see; what that is, in words.

    Nothing is hidden where the leads hidden together would matter although none does alone.
    """
    edited = look.signals(numbers[None])
    seen = seen_leads(look, edited)
    said: list[str] = []
    mask = torch.ones(1, 12, SAMPLES)
    limb = [k for k in range(2) if not seen[k]]
    chest = [k for k in range(2, 8) if not seen[k]]
    if limb == [0, 1]:
        mask[:, :6] = 0.0
        said.append("the limb leads")
    for k in chest:
        mask[:, k + 4] = 0.0
    if chest:
        said.append(", ".join(INDEPENDENT_LEADS[k] for k in chest))
    last = look.objective.samples / look.objective.f.fs
    if last < SAMPLES / FS - 0.1:
        mask = mask * seconds(mask, -1.0, last + 0.05)
        said.append(f"what comes after {last:g} s")
    if not said:
        return ()
    hidden = look.original + mask * (edited - look.original)
    if float((look.of(hidden)[0] - look.of(edited)[0]).abs()) > 2 * UNSEEN:
        return ()
    look.seen = mask
    return tuple(said)
