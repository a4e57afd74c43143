"""The share of the answer that each stretch of a counterfactual carries, as a band behind its trace."""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...errors import EcgError
from ...signals import median_beat
from ...vocabulary.territories import BEAT_PARTS, LOCAL_EDITS, TERRITORIES
from .shade import Shade

if TYPE_CHECKING:
    from ...ecg import Record
    from ...explain import Counterfactual

#: Of full depth: whole intervals are coloured, and the grid must be read behind them.
WIDE_OPACITY = 0.5
#: Where T runs into the next P, so much about the seam is between beats.
LEAST_BETWEEN_MS = 80.0
_BETWEEN = "between"
#: Parts of a beat, and what lies between beats.
_PARTS = (*BEAT_PARTS, _BETWEEN)
#: Where a change of the whole ECG is drawn.
_DRAWN = {
    "irregularity": (_BETWEEN,),
    "heart_rate": (_BETWEEN,),
    "f_wave_amplitude": (_BETWEEN,),
    "p_wave_taken_away": ("p",),
    "pr": ("pr_segment",),
    "qrs": ("qrs",),
    "r_amplitude": ("qrs",),
    "qrs_axis": ("qrs",),
    "jt": ("st", "t"),
    "st": ("st",),
    "t_amplitude": ("t",),
}


def shares_band(cf: Counterfactual) -> Shade | None:
    """How much of the moved answer the change drawn at every sample carries, percent.

    Beats are those of the counterfactual. A P wave that is gone has its place where the original has it.

    Parameters
    ----------
    cf : Counterfactual

    Returns
    -------
    Shade or None
        None where no beat of the counterfactual can be measured.

    Raises
    ------
    ExplainError
        When the model is not at hand.
    """
    parts = _parts(cf.record(1.0), cf.original)
    if parts is None:
        return None
    leads = cf.original.leads
    strength = np.zeros((len(leads), len(_PARTS)), np.float32)
    for row in cf.why.rows:
        for part, where in _places(row.name):
            inside = [where is None or lead in TERRITORIES[where].leads for lead in leads]
            strength[inside, _PARTS.index(part)] += 100 * row.share
    return Shade(
        values=strength[:, parts],
        fs=cf.original.fs,
        leads=leads,
        limit=float(np.abs(strength).max()),
        title="share of the answer",
        hint="how much of the moved answer the change drawn there carries; what came along is pale; "
        "it stands where the beats of the counterfactual are",
        reading="share of the answer",
        unit="%",
        negative="holds the answer back",
        positive="carries the answer",
        opacity=WIDE_OPACITY,
    )


def _places(name: str) -> list[tuple[str, str | None]]:
    """Parts and territories (None: all leads) where a change is drawn; none of what is too small to name."""
    if name in _DRAWN:
        return [(part, None) for part in _DRAWN[name]]
    if name in LOCAL_EDITS:
        wave, where = name.split("_", 1)
        return [(wave if wave in BEAT_PARTS else "qrs", where)]
    part, _, where = name.partition("/")
    return [(part, where)] if where else []


def _parts(changed: Record, original: Record) -> NDArray[np.intp] | None:
    """Which of `_PARTS` every sample belongs to, ``(samples,)``."""
    try:
        beat = median_beat(changed)
    except EcgError:
        return None
    p = beat.p
    if not np.isfinite(p.peak_ms):
        with suppress(EcgError):
            p = median_beat(original).p
    bounds = {  # what comes later lies over what came before
        "t": (beat.t.onset_ms, beat.t.offset_ms),
        "st": (beat.qrs.offset_ms, beat.t.onset_ms),
        "pr_segment": (p.offset_ms, beat.qrs.onset_ms),
        "p": (p.onset_ms, p.offset_ms),
        "qrs": (beat.qrs.onset_ms, beat.qrs.offset_ms),
    }
    ms, peaks = 1000 * np.arange(changed.samples) / changed.fs, 1000 * beat.r_peaks_s
    between = _PARTS.index(_BETWEEN)
    out = np.full(changed.samples, between)
    for part, (first, last) in bounds.items():
        if part == "qrs":
            out[_seams(ms, peaks, bounds)] = between
        for r in peaks:
            out[(ms >= r + first) & (ms < r + last)] = _PARTS.index(part)  # NaN: nowhere
    return out


def _seams(
    ms: NDArray[np.float64], peaks: NDArray[np.float64], bounds: dict[str, tuple[float, float]]
) -> NDArray[np.bool_]:
    """What lies between beats that follow each other without a pause, ``(samples,)``."""
    ends = np.nanmax([last for _, last in bounds.values() if last > 0] or [0.0])
    begins = np.nanmin([first for first, _ in bounds.values()])
    out = np.zeros(len(ms), bool)
    for r, following in pairwise(peaks):
        middle = (r + ends + following + begins) / 2
        out |= np.abs(ms - middle) < LEAST_BETWEEN_MS / 2
    return out
