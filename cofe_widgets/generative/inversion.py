"""Records in the generator's latent space: encoded, redrawn, and edited without losing the patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from ..ecg import INDEPENDENT_LEADS, LEADS, Record, expand_matrix
from ..errors import EcgError, ExplainError
from ..models.architectures.generator import (
    FS,
    SAMPLES,
    Latent,
    agreement,
)
from ..models.filters import BandPass
from ..models.phase import MAX_BEATS, pad_beats
from ..signals import r_peaks
from ..signals.median_beat import median_beat
from ..wrapper.length import SLACK_S, first_samples
from .atrial_edit import f_waves_left, p_wave_left, place_p_waves, typical_p_wave
from .networks import networks
from .time_warp import USUAL_S, TimeEdit, Timeline, carry, parts_of

SECONDS = SAMPLES / FS
MIN_BEATS = 4
#: A record that the generator redraws worse than this is explained, and the answer is not trusted.
UNTRUSTED_R = 0.8


def prepare(record: Record) -> Record:
    """The first ten seconds of a record as the generator draws them: 12 leads at 250 Hz.

    Of a longer record ``meta["first_of_s"]`` says how long it was.

    Raises
    ------
    ExplainError
        When the record is shorter than 10 s or lacks leads that cannot be derived.
    """
    if record.duration_s < SECONDS - SLACK_S:
        raise ExplainError(
            f"the record is {record.duration_s:.2f} s long: a counterfactual needs {SECONDS:g} s"
        )
    try:
        standard = (record.completed() if record.has_gaps else record).standard()
    except EcgError as error:
        raise ExplainError(f"a counterfactual needs the twelve standard leads: {error}") from error
    at_rate = standard.resample(FS)
    missing = at_rate.mask[:, :SAMPLES].any(axis=1)
    if missing.any():
        short = ", ".join(LEADS[k] for k in np.flatnonzero(missing))
        raise ExplainError(
            f"samples are missing in {short}: a counterfactual needs all of them. record.filled(), or "
            "wrap(..., gaps='interpolate'), bridges gaps by straight lines, which no heart draws"
        )
    longer = {"first_of_s": record.duration_s} if record.duration_s > SECONDS + SLACK_S else {}
    if at_rate.samples == SAMPLES:
        return at_rate
    try:
        return at_rate.with_signal(first_samples(at_rate.signal, SAMPLES), **longer)
    except EcgError as error:
        raise ExplainError(f"the first {SECONDS:g} s of the record: {error}") from error


@dataclass(frozen=True)
class Inversion:
    """A batch of records, what E made of them, and what G did not draw.

    Attributes
    ----------
    records : list of Record
        Prepared (`prepare`), one a row.
    latent : Latent
    timeline : Timeline
        Beats, and what they are made of.
    signals : (batch, 12, samples)
        The records, mV.
    lively : (batch, 8, samples)
        The independent leads without baseline wander, which does not ride on beats.
    drawn : (batch, 8, samples)
        G(E(x)).
    p_drawn, p_left, p_typical : (batch, 8, samples)
        P waves before the record's beats: as the generator draws them, what is left of the patient's
        when it draws none, and typical ones.
    f_left : (batch, 8, samples)
        What is left of fibrillatory waves: 3-12 Hz outside the QRS; zero where E sees none.
    correlation, rmse_uv : (batch,)
        How well G(E(x)) draws the record, 0.5-40 Hz, eight leads.
    """

    records: list[Record]
    latent: Latent
    timeline: Timeline
    signals: Tensor
    lively: Tensor
    drawn: Tensor
    p_drawn: Tensor
    p_left: Tensor
    p_typical: Tensor
    f_left: Tensor
    correlation: Tensor
    rmse_uv: Tensor

    def compose(
        self,
        drawn: Tensor,
        p_gain: Tensor,
        edit: TimeEdit | None = None,
        *,
        residual: bool = True,
        f_faded: Tensor | float = 0.0,
        waves: Tensor | float = 0.0,
    ) -> Tensor:
        """Twelve leads of a drawing on the record's own beats.

        Parameters
        ----------
        drawn : (batch, 8, samples)
            What the generator drew, mV.
        p_gain : (batch,)
            Factor on the P waves: below 1 they are faded, above 1 typical ones are added.
        residual : bool
            What the generator does not draw of the patient rides along with the beats, so that no
            edit gives back the record itself. Else the drawing alone.
        f_faded : (batch, 1, 1) or float
            Share of `f_left` to take away.
        waves : (batch, 8, samples) or float
            Waves that do not ride on beats, added where time has been moved, mV.

        Returns
        -------
        (batch, 12, samples) in mV
        """
        more = (p_gain - 1)[:, None, None]
        gone, grown = more.clamp(max=0), more.clamp(min=0)
        shown, origin = drawn + gone * self.p_drawn + grown * self.p_typical, None
        if residual:
            shown = shown + gone * self.p_left - f_faded * self.f_left
            shown, origin = self.lively + (shown - self.drawn), self.lively
        if edit is not None:
            shown, _ = carry(shown, self.timeline.expand(len(drawn)), edit, FS, SAMPLES)
        shown = shown + waves
        if origin is None:
            return expansion() @ shown
        return self.signals + expansion() @ (shown - origin)

    @classmethod
    def join(cls, parts: Sequence[Inversion]) -> Inversion:
        """One batch of several."""
        records = [record for part in parts for record in part.records]
        latent = joined([part.latent for part in parts])
        timeline = Timeline.join([part.timeline for part in parts])
        return cls(
            records, latent, timeline, *(torch.cat([getattr(p, k) for p in parts]) for k in TENSORS)
        )

    def take(self, rows: Sequence[int] | Tensor) -> Inversion:
        """The given records of the batch."""
        at = torch.as_tensor(rows)
        latent = Latent(*(getattr(self.latent, k)[at] for k in LATENT_PARTS))
        records = [self.records[int(i)] for i in at]
        rest = (getattr(self, k)[at] for k in TENSORS)
        return Inversion(records, latent, self.timeline.take(at), *rest)


LATENT_PARTS = tuple(f.name for f in fields(Latent))


def joined(latents: Sequence[Latent]) -> Latent:
    """One batch of several latents."""
    return Latent(*(torch.cat([getattr(one, k) for one in latents]) for k in LATENT_PARTS))


#: Attributes of `Inversion` that are plain tensors.
TENSORS = (
    *("signals", "lively", "drawn", "p_drawn", "p_left", "p_typical", "f_left"),
    *("correlation", "rmse_uv"),
)


@lru_cache(maxsize=1)
@torch.inference_mode(False)  # kept tensors must not forbid later gradients
def expansion() -> Tensor:
    """Map of eight leads to twelve, ``(12, 8)``."""
    return torch.from_numpy(expand_matrix())


@lru_cache(maxsize=2)
@torch.inference_mode(False)  # kept tensors must not forbid later gradients
def _band_pass(high: float = 40.0) -> BandPass:
    return BandPass(FS, high=high)


@torch.no_grad()
def invert(records: Sequence[Record]) -> Inversion:
    """Encode records; their R-peaks become the rhythm, E gives the rest (CoFE, section 2.1).

    Raises
    ------
    ExplainError
        When a record is too short, or no regular beats are found in it.
    """
    prepared = [prepare(record) for record in records]
    x = torch.from_numpy(np.stack([record.signal for record in prepared]))
    beats, lengths = zip(*(_beats_and_parts(record) for record in prepared), strict=True)
    r_s, parts = torch.from_numpy(np.stack(beats)), torch.tensor(lengths)
    independent = x[:, [LEADS.index(name) for name in INDEPENDENT_LEADS]]
    lively = _band_pass(FS)(independent)
    filtered = _band_pass()(independent)
    nets = networks()
    latent = nets.encoder(filtered, r_s)
    no_p = replace(latent, p_gain=torch.zeros_like(latent.p_gain))
    drawn, without_p = nets.generator(joined([latent, no_p])).chunk(2)
    p_left = place_p_waves(p_wave_left(lively - drawn + without_p, r_s, FS), r_s, SAMPLES, FS)
    p_typical = place_p_waves(typical_p_wave().expand(len(x), -1, -1), r_s, SAMPLES, FS)
    f_left = f_waves_left(lively - drawn, latent.f_wave, r_s, FS)
    timeline = Timeline.of(r_s, parts, SAMPLES, FS)
    p_waves = drawn - without_p, p_left, p_typical
    fit = agreement(drawn, filtered)
    return Inversion(prepared, latent, timeline, x, lively, drawn, *p_waves, f_left, *fit)


def _beats_and_parts(record: Record) -> tuple[np.ndarray, list[float]]:
    """R-peaks of a record, padded, and the lengths of the parts of its beats, s (`time_warp.PARTS`)."""
    try:
        beat = median_beat(record)
        peaks, parts = beat.r_peaks_s, parts_of(beat)
    except EcgError:  # no beat comes back: the usual lengths serve
        peaks, parts = r_peaks(record), list(USUAL_S)
    if not MIN_BEATS <= len(peaks) <= MAX_BEATS:
        raise ExplainError(
            f"{len(peaks)} beats found in {SECONDS:g} s: a counterfactual needs "
            f"{MIN_BEATS} to {MAX_BEATS}. Is this an ECG of a beating heart, free of artefact?"
        )
    return pad_beats(peaks), parts


def refined(latent: Latent, signals: Tensor, steps: int) -> Latent:
    """A latent whose styles and codes of beats draw ``signals`` better (Adam on the squared error).

    Parameters
    ----------
    latent : Latent
        As E encodes the records.
    signals : (batch, 8, samples)
        mV, 0.5-40 Hz.
    steps : int
        100 take some seconds a record on two cores.
    """
    generator = networks().generator
    known = torch.isfinite(latent.r_s)[..., None]
    styles, codes = (x.detach().clone().requires_grad_(True) for x in (latent.styles, latent.codes))
    power = signals.square().mean(dim=(1, 2))
    optimizer = torch.optim.Adam([styles, codes])
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = 0.03 * min(1.0, 2 * (1 - step / steps))
        drawn = generator(replace(latent, styles=styles, codes=codes * known))
        loss = ((drawn - signals).square().mean(dim=(1, 2)) / power).sum()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    return replace(latent, styles=styles.detach(), codes=(codes * known).detach())


def reconstruct(record: Record | Sequence[Record], refine: int = 0) -> Record | list[Record]:
    """The record drawn by the generator from the encoder's latent, without the residual.

    Parameters
    ----------
    record : Record or sequence of Record
        Ten seconds or more; the first ten are drawn.
    refine : int
        Steps of gradient descent on the latent after encoding; 100 halve the error.

    Returns
    -------
    Record or list of Record
        12 leads, 250 Hz, 0.5-40 Hz, ``meta["source"] == "generated"``; ``meta["correlation"]`` and
        ``meta["rmse_uv"]`` say how well it fits.
    """
    many = [record] if isinstance(record, Record) else list(record)
    inverted = invert(many)
    rows = [LEADS.index(name) for name in INDEPENDENT_LEADS]
    aim = _band_pass()(inverted.signals[:, rows])
    latent = refined(inverted.latent, aim, refine) if refine else inverted.latent
    with torch.no_grad():
        drawn = expansion() @ networks().generator(latent)
    fit = agreement(drawn[:, rows], aim)
    made = [
        one.with_signal(signal.numpy(), source="generated", correlation=float(r), rmse_uv=float(e))
        for one, signal, r, e in zip(inverted.records, drawn, *fit, strict=True)
    ]
    return made[0] if isinstance(record, Record) else made
