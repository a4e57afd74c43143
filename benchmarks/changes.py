"""What became of ECGs on the way to their counterfactuals: numbers of many, and pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

import cofe_widgets as cw
from cofe_widgets import Counterfactual, Record
from cofe_widgets.audit.trust.rows.beats import beats_amiss
from cofe_widgets.audit.trust.rows.ripple import ripple
from cofe_widgets.ecg import INDEPENDENT_LEADS, LEADS
from cofe_widgets.generative.inversion import expansion, invert
from cofe_widgets.generative.networks import networks
from cofe_widgets.models.architectures.generator import FS
from cofe_widgets.models.filters import BandPass
from cofe_widgets.signals import MedianBeat, median_beat
from cofe_widgets.signals.beats import BEAT_FS, between, cut

SECONDS = 10.0


def p_share(record: Record) -> float:
    """Share of the beats before which the delineator (not the measurements) sees a P wave."""
    return float(cw.measure(record, per="beat")["p_presence"].mean())


def ripples(found: Sequence[Counterfactual]) -> np.ndarray:
    """Share of each change's energy outside the QRS that lies above 25 Hz."""
    out = []
    for cf in found:
        beats = np.concatenate([cw.r_peaks(cf.original), cw.r_peaks(cf.record())])
        out.append(ripple(cf.signals[0], cf.signals[-1], beats).share)
    return np.array(out)


def amiss(found: Sequence[Counterfactual]) -> np.ndarray:
    """Beats missing where the edit put them, or found where it put none, of each counterfactual."""
    return np.array(
        [
            beats_amiss(np.asarray(cf.provenance["beats_s"]), cw.r_peaks(cf.record()), SECONDS)
            for cf in found
        ]
    )


@torch.no_grad()
def undrawn(records: Sequence[Record]) -> dict[str, np.ndarray]:
    """Energy of P, QRS and T that the generator does not draw, as a share of the wave's own.

    Of the median beat of the record, 0.5-40 Hz, over the eight leads: what the residual holds
    inside a wave's bounds, each lead's line between the bounds taken off. It is what would stay
    behind as a ghost if residuals did not ride with the beats.
    """
    rows = [LEADS.index(name) for name in INDEPENDENT_LEADS]
    shares: dict[str, list[float]] = {"P": [], "QRS": [], "T": []}
    for record in records:
        inversion = invert([record])
        x = BandPass(FS)(torch.from_numpy(inversion.records[0].signal[None, rows]))
        left = (x - networks().generator(inversion.latent))[0].double().numpy()
        beat = median_beat(inversion.records[0])
        inside = (beat.r_peaks_s > 0.5) & (beat.r_peaks_s < SECONDS - 0.7)
        times = beat.r_peaks_s[inside & beat.is_main]
        own, ghost = (
            np.median(cut(one, FS, times), axis=0) for one in (x[0].double().numpy(), left)
        )
        for name in shares:
            shares[name].append(_share(beat, name.lower(), ghost, own))
    return {name: np.array(values) for name, values in shares.items()}


def _share(beat: MedianBeat, name: str, part: np.ndarray, whole: np.ndarray) -> float:
    wave = getattr(beat, name)
    if not np.isfinite(wave.peak_ms):
        return np.nan
    span = between(wave.onset_ms, wave.offset_ms)
    parts = (_without_line(each[:, span]) for each in (part, whole))
    energy = [float(np.square(each).sum() / BEAT_FS) for each in parts]
    return energy[0] / max(energy[1], 1e-12)


def _without_line(signal: np.ndarray) -> np.ndarray:
    line = np.linspace(0, 1, signal.shape[1])
    return signal - signal[:, :1] - (signal[:, -1:] - signal[:, :1]) * line


def zero_edit(records: Sequence[Record], seed: int = 0) -> float:
    """Largest difference, mV, of a record to itself edited by nothing, in every search space."""
    from cofe_widgets.generative.latent_edit import SPACES, LatentEdit

    inversion = invert(list(records))
    own = np.stack([one.signal for one in inversion.records])
    worst = 0.0
    for space in SPACES:
        moves = LatentEdit(inversion, space, seed)
        with torch.no_grad():
            drawn = moves.signals(torch.zeros(len(own), moves.size)).numpy()
        worst = max(worst, float(np.abs(drawn - own).max()))
    return worst


@torch.no_grad()
def synthesis(record: Record) -> None:
    """One drawing of the generator, twelve leads."""
    expansion() @ networks().generator(invert([record]).latent)


def contact_sheet(found: Sequence[Counterfactual], path: Path, count: int = 12) -> None:
    """Draw original (black) and, below it, counterfactual (red) in II and V1."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    count = min(count, len(found))
    figure, axes = plt.subplots(count, 2, figsize=(34, 2.3 * count), squeeze=False)
    time_s = np.arange(2500) / FS
    chosen = [found[i] for i in np.linspace(0, len(found) - 1, count).round().astype(int)]
    for row, cf in zip(axes, chosen, strict=True):
        for axis, lead in zip(row, ("II", "V1"), strict=True):
            was, now = cf.original[lead], cf.record()[lead]
            apart = float(np.ptp(np.percentile(was, (0.5, 99.5)))) + 0.3
            axis.plot(time_s, was - np.median(was), "k", lw=0.9)
            axis.plot(time_s, now - np.median(was) - apart, "r", lw=0.9)
            axis.set_title(f"{lead}  {cf.message}", fontsize=9)
            axis.set_xlim(0, 8)
            axis.set_yticks([])
            axis.grid(alpha=0.3)
    figure.tight_layout()
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, dpi=50)
    plt.close(figure)
    print(f"  drawn: {path}")
