"""Named changes of an ECG, each by itself: what one of them asks no other brings along.

`LatentEdit` draws what an illness looks like: its atrial numbers move together, its amplitudes are
directions of a generator that knows hearts. Here every change of `vocabulary.territories.CHANGES` is
alone: irregular beats keep their P waves, a faster heart keeps its QT, T in V2 moves in V1-V2 and
nowhere else. So a model can be asked which of them it needs.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from ..vocabulary.edits import EDITS
from ..vocabulary.territories import CHANGES, LOCAL_EDITS
from .beat_parts import BeatParts, turned
from .inversion import Inversion
from .latent_edit import AMPLITUDES, NAMES, SPACES, LatentEdit, kept
from .networks import networks

#: Amplitudes are drawn at so many units and taken to grow straight.
DRAWN_AT = 2.0
#: Names in `LOCAL_EDITS` that go with a group that ``keep`` names.
_WITH = {"r_amplitude": ("q_", "r_", "s_", "qrs_axis"), "st": ("st_",), "t_amplitude": ("t_",)}
_WITH |= {"p_wave_taken_away": ("p_",)}


class NamedEdit:
    """Turns numbers of named changes into edited ECGs of one record.

    Parameters
    ----------
    inversion : Inversion
        Of one record.
    seed : int
        Of the irregular rhythm and the fibrillatory waves that an edit may add.
    keep : iterable of str
        Parts of the ECG that do not change (see `latent_edit.kept`).

    Attributes
    ----------
    names : tuple of str
        Of the numbers, in the order of `CHANGES`.
    sd : (names,)
        What one standard deviation of each is worth.
    low, high : (names,)
        How far each may go in this record; both zero for what is kept.
    """

    def __init__(self, inversion: Inversion, seed: int, keep: Iterable[str] = ()) -> None:
        self.inversion = inversion
        self.names = tuple(CHANGES)
        self.base = LatentEdit(inversion, SPACES[0], seed, keep)
        self.sd = torch.tensor([one.sd for one in CHANGES.values()])
        self._draw()
        parts = BeatParts(inversion)
        self.qrs = parts.qrs
        local = [name for name in LOCAL_EDITS if name != "qrs_axis"]
        found = [parts.component(*name.split("_", 1)) for name in local]
        self.local = torch.stack([component for component, _ in found])
        self._bound(dict(zip(local, (height for _, height in found), strict=True)), kept(keep))

    @torch.no_grad()
    def _draw(self) -> None:
        """What a unit of each amplitude adds, and what fibrillatory waves do, as the generator draws it."""
        asked = torch.zeros(len(AMPLITUDES) + 2, len(NAMES))
        for row, name in enumerate((*AMPLITUDES, "f_wave_amplitude")):
            asked[row, NAMES.index(name)] = DRAWN_AT if name in AMPLITUDES else 1.0
        asked[-1, NAMES.index("f_wave_amplitude")] = EDITS["f_wave_amplitude"].low
        latents = self.base.request(asked)
        drawn = networks().generator(latents.drawable(self.inversion)) - self.inversion.drawn
        self.amplitudes = drawn[: len(AMPLITUDES)] / DRAWN_AT
        self.f_grown = drawn[-2]
        self.f_gone = drawn[-1] / (1 - float(latents.f_still[-1]))

    def _bound(self, heights: dict[str, float], keep: frozenset[str]) -> None:
        """How far each number may go: a wave cannot lose more than it has."""
        low = torch.tensor([one.low for one in CHANGES.values()])
        high = torch.tensor([one.high for one in CHANGES.values()])
        gone = {
            name
            for name in CHANGES
            if name in keep or any(name.startswith(_WITH.get(one, ("?",))) for one in keep)
        }
        for k, name in enumerate(CHANGES):
            if name in heights and not name.startswith(("st_", "t_")):
                low[k] = max(float(low[k]), -heights[name])
            if name in gone:
                low[k] = high[k] = 0.0
        self.low, self.high = low, high

    def bounded(self, numbers: Tensor) -> Tensor:
        """Numbers ``(batch, names)`` no further than they may go."""
        return torch.minimum(torch.maximum(numbers, self.low), self.high)

    def signals(self, numbers: Tensor) -> Tensor:
        """Edited ECGs ``(batch, 12, samples)``, mV, of numbers ``(batch, names)``; zero changes nothing."""
        numbers = self.bounded(numbers)
        named, local = numbers[:, : len(NAMES)], numbers[:, len(NAMES) :]
        number = dict(zip(NAMES, named.unbind(dim=1), strict=True))
        n = len(numbers)
        drawn = self.inversion.drawn + torch.einsum(
            "bk,kls->bls", torch.stack([number[name] for name in AMPLITUDES], 1), self.amplitudes
        )
        drawn = drawn + torch.einsum("bk,kls->bls", local[:, 1:], self.local)
        if bool((local[:, 0] != 0).any()) or local.requires_grad:
            drawn = drawn + turned(self.qrs, local[:, 0])
        f = number["f_wave_amplitude"][:, None, None]
        still = (f.clamp(max=0) / EDITS["f_wave_amplitude"].sd).exp()
        drawn = drawn + (1 - still) * self.f_gone
        # The mean QT of a faster heart stays: only asked for does it change.
        own_rate = torch.zeros_like(named)
        own_rate[:, NAMES.index("jt")] = number["heart_rate"] / 3
        time_edit = self.base.time_edit(
            dict(zip(NAMES, (named + own_rate).unbind(dim=1), strict=True)), n
        )
        return self.inversion.compose(
            drawn,
            (1 - number["p_wave_taken_away"]).clamp(min=0),
            time_edit,
            f_faded=1 - still,
            waves=f.clamp(min=0) * self.f_grown,
        )

    def beats(self, numbers: Tensor) -> Tensor:
        """The beats that edited ECGs are to have, ``(batch, beats)`` in s, without drawing them."""
        named = dict(zip(NAMES, self.bounded(numbers)[:, : len(NAMES)].unbind(1), strict=True))
        timeline = self.inversion.timeline.expand(len(numbers))
        return timeline.edited(self.base.time_edit(named, len(numbers)))
