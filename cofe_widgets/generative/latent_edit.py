"""LatentEdit in the generator's latent space: few numbers with a meaning, all zero for the record itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..models.architectures.generator import LAYERS, STYLE, Latent
from ..simulate.rhythm import draw_f_waves
from ..vocabulary.edits import EDITS, MORPHOLOGY, amounts
from .inversion import Inversion
from .limits import AMPLITUDES, LAYER_GROUPS, NAMES, Limits, kept
from .networks import networks
from .rhythm import rr_pattern
from .time_warp import TimeEdit, carried_back

#: Those that together make an atrial rhythm. Irregular beats, f-waves and absent P waves come
#: together: this is their correlation over the simulated rhythms, half of them AF. Moving together
#: costs less than moving one of them alone.
RHYTHM, COUPLING = 3, 0.85


@dataclass(frozen=True)
class Space:
    """A search space: the named numbers and the leading ``components`` of the styles.

    Attributes
    ----------
    name : str
        For people.
    components : int or None
        How many principal components of W+; each is measured in standard deviations of real and
        simulated ECGs. None for all of them.
    """

    name: str
    components: int | None


#: Smallest first: an answer says which it needed.
SPACES = (
    Space("rhythm and named measurements", 0),
    Space("leading components of morphology", 12),
    Space("the whole of W+", None),
)


class EditRequest(NamedTuple):
    """What a move asks for.

    Attributes
    ----------
    latent : Latent
        On the record's own beats, without added fibrillatory waves.
    time_edit : TimeEdit
        Where its beats go.
    p_gain : (batch,)
        Factor on the P waves.
    f_still : (batch, 1)
        Share of the record's own fibrillatory waves that stays.
    f_added : (batch, 640)
        Fibrillatory wave to be added at the times after the edit, 62.5 Hz.
    """

    latent: Latent
    time_edit: TimeEdit
    p_gain: Tensor
    f_still: Tensor
    f_added: Tensor

    def drawable(self, inversion: Inversion) -> Latent:
        """The latent with the added waves where the edit will carry them from."""
        timeline = inversion.timeline.expand(len(self.f_added))
        added = carried_back(self.f_added, timeline, self.time_edit, 62.5)
        return replace(self.latent, f_wave=self.latent.f_wave + added)


class LatentEdit:
    """Turns moves ``(batch, size)`` into edited ECGs of an inversion.

    A move is measured in standard deviations along uncorrelated axes, so that its squared length is
    its Mahalanobis distance: first the named numbers, the atrial ones turned so that what comes
    together in nature is one axis, then the components of morphology.

    Parameters
    ----------
    inversion : Inversion
    space : Space
    seed : int
        Of the irregular rhythm and the fibrillatory waves that an edit may add.
    keep : iterable of str
        Parts of the ECG that do not change (see `kept`); a frozenset is taken as it is.
    residual : bool
        Whether the patient's residual is kept, or the generator's drawing alone is shown.
    limits : Limits, optional
        What edits may and must do; by default those of `vocabulary.edits`.
    """

    def __init__(
        self,
        inversion: Inversion,
        space: Space,
        seed: int,
        keep: Iterable[str] = (),
        residual: bool = True,
        limits: Limits | None = None,
    ) -> None:
        self.inversion, self.space, self.seed = inversion, space, seed
        self.keep = kept(keep)
        self.residual, self.limits = residual, limits or Limits.usual()
        encoder = networks().encoder
        rows = len(encoder.style_basis) if space.components is None else space.components
        self.basis = encoder.style_basis[:rows]
        self.amplitudes = encoder.named_styles
        self.size = len(NAMES) + len(self.basis)
        self.free = torch.tensor([float(name not in self.keep) for name in NAMES])
        #: The numbers for which the generator draws anew; the others move, fade or add what is there.
        self.draws = torch.tensor(
            [float(name in (*AMPLITUDES, "f_wave_amplitude")) for name in NAMES]
        )
        layers = torch.ones(LAYERS, 1)
        for name, span in LAYER_GROUPS.items():
            layers[span] = float(name not in self.keep)
        self.layers = layers
        correlation = torch.full((RHYTHM, RHYTHM), COUPLING).fill_diagonal_(1.0)
        power, axes = torch.linalg.eigh(correlation)
        usual, power = power, power + (1 - power) * self.limits.closeness  # all one, uncoupled
        self._per_sd = (power / usual).sqrt()
        self.axes = torch.diag(torch.tensor([one.sd for one in EDITS.values()]))
        self.axes[:RHYTHM, :RHYTHM] = (axes * power.sqrt()).t() @ self.axes[:RHYTHM, :RHYTHM]
        self.pattern = rr_pattern(inversion.timeline.real, seed)
        self.f_wave = torch.from_numpy(_f_wave(inversion.latent.f_wave.shape[1], seed))

    def opens(self, space: Space) -> bool:
        """Whether a space has anything that may change and smaller ones have not."""
        return bool((self.free if space.components == 0 else self.layers).any())

    @property
    def rhythm(self) -> Tensor:
        """Unit vector ``(size,)`` of the joint axis of the atrial rhythm."""
        out = torch.zeros(self.size)
        out[RHYTHM - 1] = 1.0  # axes come in ascending power
        return out

    def permitted(self, direction: Tensor) -> Tensor:
        """A direction ``(size,)`` without what is kept, as a unit vector; zero where nothing is left."""
        numbers = (direction[: len(NAMES)] @ self.axes) * self.free
        styles = direction[len(NAMES) :] * bool(self.layers.any())
        left = torch.cat((numbers @ torch.linalg.inv(self.axes), styles))
        return left / left.norm().clamp(min=1e-9)

    def converted(self, moves: Tensor) -> Tensor:
        """Moves ``(..., size)`` of this edit in standard deviations of ECGs, whatever closeness is.

        And a slope in those standard deviations as one of this edit.
        """
        rhythm = moves[..., :RHYTHM] * self._per_sd
        return torch.cat((rhythm, moves[..., RHYTHM:]), dim=-1)

    def unbegun(self, move: Tensor) -> tuple[LatentEdit, Tensor]:
        """An edit in which nothing must be present, and its move ``(batch, size)`` to the same ECG."""
        numbers = self.named(move) @ torch.linalg.inv(self.axes)
        low, high, begin, closeness = self.limits
        limits = Limits(low.clamp(max=0), high.clamp(min=0), torch.zeros_like(begin), closeness)
        edit = LatentEdit(self.inversion, self.space, self.seed, self.keep, self.residual, limits)
        return edit, torch.cat((numbers, move[:, len(NAMES) :]), dim=1)

    def take(self, rows: Tensor) -> LatentEdit:
        """LatentEdit of the given records of the batch."""
        return LatentEdit(
            self.inversion.take(rows),
            self.space,
            self.seed,
            self.keep,
            self.residual,
            self.limits.take(rows),
        )

    def within(self, space: Space) -> LatentEdit:
        """LatentEdit of the same records in another space."""
        return LatentEdit(self.inversion, space, self.seed, self.keep, self.residual, self.limits)

    def named(self, move: Tensor) -> Tensor:
        """The named numbers of a move, ``(batch, len(NAMES))``."""
        numbers = (move[:, : len(NAMES)] @ self.axes) * self.free + self.limits.begin
        return numbers.clamp(self.limits.low, self.limits.high)

    def signals(self, move: Tensor) -> Tensor:
        """Edited ECGs ``(batch, 12, samples)``, mV; the record itself for a zero move."""
        return self.edited(self.named(move), self.shift(move))

    def shift(self, move: Tensor) -> Tensor:
        """How far a move shifts the styles, ``(batch, LAYERS * STYLE)``."""
        return move[:, len(NAMES) :] @ self.basis

    def beats(self, move: Tensor) -> Tensor:
        """The beats that edited ECGs are to have, ``(batch, beats)`` in s, without drawing them."""
        number = dict(zip(NAMES, self.named(move).unbind(dim=1), strict=True))
        return self.inversion.timeline.expand(len(move)).edited(self.time_edit(number, len(move)))

    def edited(self, named: Tensor, shift: Tensor | None = None) -> Tensor:
        """ECGs ``(batch, 12, samples)``, mV, of named numbers ``(batch, NAMES)`` and a shift of the styles."""
        request = self.request(named, shift)
        if shift is None and not named.requires_grad and not bool((named * self.draws).any()):
            return self.compose(self.inversion.drawn.expand(len(named), -1, -1), request)
        drawn = networks().generator(request.drawable(self.inversion))
        return self.compose(drawn, request)

    def compose(self, drawn: Tensor, request: EditRequest, waves: Tensor | float = 0.0) -> Tensor:
        """ECGs ``(batch, 12, samples)``, mV, of what the generator drew for what is request."""
        return self.inversion.compose(
            drawn,
            request.p_gain,
            request.time_edit,
            residual=self.residual,
            f_faded=1 - request.f_still[..., None],
            waves=waves,
        )

    def request(self, named: Tensor, shift: Tensor | None = None) -> EditRequest:
        """What named numbers and a shift of the styles ask of the generator and of time."""
        old, n = self.inversion.latent, len(named)
        number = dict(zip(NAMES, named.unbind(dim=1), strict=True))
        amplitudes = torch.stack([number[name] for name in AMPLITUDES], dim=1) @ self.amplitudes
        layers = self.layers.expand(LAYERS, STYLE).flatten()
        change = amplitudes if shift is None else amplitudes + shift * layers
        f_amplitude = number["f_wave_amplitude"][:, None]
        still = (f_amplitude.clamp(max=0) / EDITS["f_wave_amplitude"].sd).exp()
        latent = Latent(
            styles=old.styles + change.view(n, LAYERS, STYLE),
            r_s=old.r_s.expand(n, -1),
            codes=old.codes.expand(n, -1, -1),
            f_wave=still * old.f_wave,
            p_gain=old.p_gain.expand(n),
        )
        p_gain = (1 - number["p_wave_taken_away"]).clamp(min=0)
        added = f_amplitude.clamp(min=0) * self.f_wave
        return EditRequest(latent, self.time_edit(number, n), p_gain, still, added)

    def time_edit(self, number: dict[str, Tensor], n: int) -> TimeEdit:
        """What ``n`` sets of named numbers, each ``(n,)``, ask of time."""
        irregularity = number["irregularity"].double()
        return TimeEdit(
            spread=irregularity.clamp(max=0) / EDITS["irregularity"].sd,
            irregularity=irregularity.clamp(min=0),
            rate=number["heart_rate"].double(),
            pattern=self.pattern.expand(n, -1),
            pr_s=number["pr"].double(),
            qrs=number["qrs"].double(),
            qt=number["jt"].double(),
        )

    def moved(self, move: Tensor) -> dict[str, float]:
        """What one move ``(size,)`` asks for, each in its own unit."""
        return amounts(
            dict(zip(NAMES, self.named(move[None])[0].tolist(), strict=True)),
            float(move[len(NAMES) :].norm()) * bool(self.layers.any()),
        )

    def words(self, move: Tensor) -> str:
        """What one move ``(size,)`` changes, in words: only what is large enough to see."""
        rr = self.inversion.latent.r_s[0].diff()
        rr = rr[torch.isfinite(rr)]
        own_f_wave = float(self.inversion.latent.f_wave[0].std())
        return words(self.moved(move), float(rr.std() / rr.mean()), own_f_wave)


@lru_cache(maxsize=8)
def _f_wave(samples: int, seed: int) -> NDArray[np.float32]:
    """Fibrillatory wave that an edit may add, ``(1, samples)`` at 62.5 Hz; one a seed, not one a batch."""
    time = np.arange(samples, dtype=np.float32) / 62.5
    waves, _ = draw_f_waves(1, time, np.random.default_rng(seed))
    return waves


def words(moved: dict[str, float], variation: float, own_f_wave: float) -> str:
    """What `amounts` ask for, in words: only what is large enough to see.

    Parameters
    ----------
    variation : float
        Coefficient of variation of the record's RR intervals.
    own_f_wave : float
        SD of the record's own fibrillatory wave, of about 1 in AF.
    """
    said = []
    least = {name: one.least for name, one in EDITS.items()}
    irregularity, p_taken = moved["irregularity"], moved["p_wave_taken_away"]
    if irregularity >= least["irregularity"]:
        said.append(f"RR made irregular (variation +{irregularity:.0%})")
    elif irregularity <= -least["irregularity"] and variation > 0.02:
        said.append("RR made regular")
    if abs(p_taken) >= least["p_wave_taken_away"]:
        taken = "P waves removed" if p_taken >= 0.95 else f"P waves reduced by {p_taken:.0%}"
        said.append(taken if p_taken > 0 else f"{-p_taken:.0%} of a typical P wave added")
    if moved["f_wave_amplitude"] >= least["f_wave_amplitude"]:
        said.append("fibrillatory waves added")
    elif moved["f_wave_amplitude"] <= -least["f_wave_amplitude"] and own_f_wave > 0.2:
        said.append("fibrillatory waves faded")
    for name in ("heart_rate", "qrs", "jt", "r_amplitude"):
        if abs(moved[name] - 1) >= least[name]:
            said.append(f"{EDITS[name].title} {moved[name] - 1:+.0%}")
    for name in ("st", "t_amplitude"):
        if abs(moved[name]) >= least[name]:
            said.append(f"{EDITS[name].title} {moved[name]:+.2f} mV")
    if abs(moved["pr"]) >= least["pr"]:
        said.append(f"PR {moved['pr']:+.0f} ms")
    if moved[MORPHOLOGY] >= 0.3:
        said.append(f"morphology moved {moved[MORPHOLOGY]:.1f} SD")
    return ", ".join(said) or "a change too small to name"
