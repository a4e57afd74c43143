"""Where the parts of the beats of a record lie, and what each wave of a territory looks like.

Everything here lies on the record's own beats, in the eight independent leads; `time_warp` carries it to
where an edit puts them.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from ..ecg import INDEPENDENT_LEADS
from ..models.architectures.generator import FS, SAMPLES
from ..vocabulary.territories import BEAT_PARTS, TERRITORIES
from .inversion import Inversion
from .time_warp import fitted, knots

#: Stretches between knots, in their order: see `time_warp.knots`.
_AFTER_R, _JT, _PAUSE, _P, _SEGMENT, _BEFORE_R = range(6)
#: A wave lower than this, mV, has no shape of its own to grow: it gets a typical one.
LEAST_WAVE_MV = 0.05
#: Where T begins within JT, and ST passes into it; where a change of ST has faded.
T_FROM, ST_TO, ST_ENDS = 0.25, 0.55, 0.75
#: A part fades in and out within this share of its length.
EDGE = 0.12
#: From aVF to the vertical axis of the frontal plane.
_VERTICAL = 2 / 3**0.5


class BeatParts:
    """The parts of the beats of one record.

    Parameters
    ----------
    inversion : Inversion
        Of one record.

    Attributes
    ----------
    stretch : (samples,) int
        Which of the six stretches between knots every sample lies in.
    place : (samples,)
        How far into it, 0 to 1.
    """

    def __init__(self, inversion: Inversion) -> None:
        timeline = inversion.timeline
        times = timeline.times_s
        last = torch.where(times.isfinite(), times, -torch.inf).max(dim=1, keepdim=True).values
        filler = last + torch.arange(1, times.shape[1] + 1) - times.isfinite().sum(1, keepdim=True)
        times = torch.where(times.isfinite(), times, filler)
        marks = knots(times, fitted(times.diff(dim=1), timeline.parts_s))[0]
        time = torch.arange(SAMPLES, dtype=torch.float64) / FS
        at = (torch.searchsorted(marks, time, right=True) - 1).clamp(1, len(marks) - 2)
        self.stretch = (at - 1) % 6
        length = (marks[at + 1] - marks[at]).clamp(min=1e-3)
        self.place = ((time - marks[at]) / length).clamp(0, 1).float()
        # What lies before R belongs to the interval that ends there, what lies after it to the next.
        self.beat = (at - 1) // 6 + (self.stretch >= _PAUSE).long()
        self.lively = inversion.lively[0]
        self.p_own = (inversion.p_drawn + inversion.p_left)[0]
        self.p_typical = inversion.p_typical[0]

    def _in(self, stretch: int) -> Tensor:
        return self.stretch == stretch

    def window(self, part: str) -> Tensor:
        """Weight of a part of the beat (`BEAT_PARTS`) at every sample, 0 to 1; parts add up to one at most."""
        u = self.place
        if part == "p":
            return self._in(_P).float() + self._in(_PAUSE) * ((u - 0.9) / 0.1).clamp(0, 1)
        if part == "pr_segment":
            return self._in(_SEGMENT).float()
        if part == "qrs":
            return (self._in(_BEFORE_R) | self._in(_AFTER_R)).float()
        t = ((u - T_FROM) / (ST_TO - T_FROM)).clamp(0, 1)
        if part == "st":
            return self._in(_JT) * (1 - t)
        return self._in(_JT) * t + self._in(_PAUSE) * (1 - u / 0.1).clamp(0, 1)

    def pieces(self, change: Tensor) -> tuple[list[tuple[str, str]], Tensor]:
        """A change of the independent leads ``(8, samples)`` by part of the beat and territory.

        Returns
        -------
        names : list of (part, territory)
            Parts of `BEAT_PARTS`, and ``"between"`` for what lies between beats.
        pieces : (names, 8, samples)
            They add up to the change.
        """
        windows = [self.window(part) for part in BEAT_PARTS]
        windows.append(1 - torch.stack(windows).sum(dim=0))
        places = torch.stack([territory_share(name) @ change for name in TERRITORIES])
        pieces = torch.stack(windows)[:, None, None] * places
        names = [(part, where) for part in (*BEAT_PARTS, "between") for where in TERRITORIES]
        return names, pieces.flatten(0, 1)

    def bump(self, wave: str) -> Tensor:
        """A smooth wave of height one in the place of ``wave``, ``(samples,)``."""
        u, before, after, jt = self.place, *map(self._in, (_BEFORE_R, _AFTER_R, _JT))
        if wave == "t":
            return jt * torch.sin(torch.pi * ((u - T_FROM) / (1 - T_FROM)).clamp(0, 1)).square()
        if wave == "st":
            fall = (1 - u / ST_ENDS).clamp(0, 1)
            return jt * fall.square() * (3 - 2 * fall) + after * ((u - 0.8) / 0.2).clamp(0, 1)
        if wave == "q":
            return before * torch.sin(torch.pi * (u / 0.7).clamp(0, 1)).square()
        if wave == "s":
            return after * torch.sin(torch.pi * ((u - 0.2) / 0.8).clamp(0, 1)).square()
        rise = before * torch.sin(0.5 * torch.pi * ((u - 0.3) / 0.7).clamp(0, 1))
        fall = after * torch.cos(0.5 * torch.pi * (u / 0.6).clamp(0, 1))
        return rise.square() + fall.square()

    @property
    def qrs(self) -> Tensor:
        """The QRS from the level of its own onset, faded at its edges, ``(8, samples)``, mV."""
        inside = self._in(_BEFORE_R) | self._in(_AFTER_R)
        edge_in = self._in(_BEFORE_R) * (self.place / EDGE).clamp(0, 1)
        edge_out = self._in(_AFTER_R) * ((1 - self.place) / EDGE).clamp(0, 1)
        level = self.level
        return (self.lively - level) * inside * (edge_in + edge_out)

    @property
    def level(self) -> Tensor:
        """Level of each beat's PR segment, held over its QRS, ``(8, samples)``."""
        count = int(self.beat.max()) + 1
        near = self._in(_SEGMENT) | (self._in(_BEFORE_R) & (self.place < EDGE))
        total = torch.zeros(len(self.lively), count).index_add_(
            1, self.beat[near], self.lively[:, near]
        )
        number = torch.zeros(count).index_add_(0, self.beat[near], torch.ones(int(near.sum())))
        return (total / number.clamp(min=1))[:, self.beat]

    def component(self, wave: str, territory: str) -> tuple[Tensor, float]:
        """What one mV more of a wave in a territory adds to the independent leads, and its own height.

        Leads that have the wave keep its shape, and it grows in all of them by the same share; where
        none has, it is a smooth bump.

        Returns
        -------
        (8, samples), and mV in the lead that shows most of it (0 for ST and T, which may go either way)
        """
        leads = [k for k, used in enumerate(territory_matrix(territory).any(dim=0)) if used]
        if wave in ("st", "t"):
            shape, height = self.bump(wave).expand(len(leads), -1), 0.0
        else:
            own, shape = self._shape(wave, leads)
            height = float(self._height(own).max())
            if height < LEAST_WAVE_MV:
                shape, height = shape / shape.abs().max().clamp(min=1e-6), 0.0
            else:
                shape = own / height
        out = torch.zeros(8, SAMPLES)
        out[leads] = shape
        return territory_matrix(territory) @ out, height

    def _height(self, waves: Tensor) -> Tensor:
        """How tall waves are in the median beat, ``(leads,)``."""
        tops = torch.zeros(len(waves), int(self.beat.max()) + 1)
        tops = tops.scatter_reduce(1, self.beat.expand(len(waves), -1), waves.abs(), "amax")
        whole = tops[:, 1:-1] if tops.shape[1] > 3 else tops
        return whole.median(dim=1).values

    def _shape(self, wave: str, leads: list[int]) -> tuple[Tensor, Tensor]:
        """A wave as some leads have it, and what one of them without would get, ``(leads, samples)``."""
        if wave == "p":
            return self.p_own[leads], self.p_typical[leads]
        qrs, before = self.qrs[leads], self._in(_BEFORE_R)
        bump = self.bump(wave).expand(len(leads), -1)
        if wave == "r":
            return qrs.clamp(min=0), bump
        return qrs.clamp(max=0) * (before if wave == "q" else ~before), -bump


@lru_cache(maxsize=len(TERRITORIES))
@torch.inference_mode(False)  # kept tensors must not forbid later gradients
def territory_matrix(name: str) -> Tensor:
    """What waves in the independent leads do to those if a territory alone changes, ``(8, 8)``.

    Of the limb leads, I changes with aVF as it was, or aVF with I as it was: aVL follows the one, II
    and III the other, as Einthoven and Goldberger have it.
    """
    rows = {lead: k for k, lead in enumerate(INDEPENDENT_LEADS)}
    out = torch.zeros(8, 8)
    if name == "i_avl":
        out[rows["I"], rows["I"]], out[rows["II"], rows["I"]] = 1.0, 0.5
    elif name == "ii_iii_avf":
        out[rows["II"], rows["II"]] = 1.0
    else:
        for lead in TERRITORIES[name].leads:
            out[rows[lead], rows[lead]] = 1.0
    return out


@lru_cache(maxsize=len(TERRITORIES))
@torch.inference_mode(False)  # kept tensors must not forbid later gradients
def territory_share(name: str) -> Tensor:
    """Which of the independent leads a change is a territory's in, ``(8, 8)``; all add up to the identity.

    Lead by lead, so that what a model reads in II alone is found in II, III and aVF alone.
    """
    rows = [k for k, lead in enumerate(INDEPENDENT_LEADS) if lead in TERRITORIES[name].leads]
    out = torch.zeros(8, 8)
    out[rows, rows] = 1.0
    return out


def turned(qrs: Tensor, degrees: Tensor) -> Tensor:
    """What turning the frontal axis of QRS complexes ``(8, samples)`` adds, ``(batch, 8, samples)``.

    I points to 0 degrees and aVF, by the factor of Goldberger's leads, to 90.
    """
    lateral, inferior = qrs[0], (qrs[1] - qrs[0] / 2) * _VERTICAL
    angle = (degrees * torch.pi / 180)[:, None]
    cos, sin = angle.cos() - 1, angle.sin()
    i = cos * lateral - sin * inferior
    avf = (sin * lateral + cos * inferior) / _VERTICAL
    chest = torch.zeros(len(degrees), len(qrs) - 2, qrs.shape[1])
    return torch.cat((i[:, None], (avf + i / 2)[:, None], chest), dim=1)
